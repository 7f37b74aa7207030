/** Keyboard shortcuts of a page: never while somebody types, and not at all for who has switched them off. */

import { isDialogOpen } from "./ui/dialog.js";
import { useEffect, useRef } from "./view.js";

const SWITCHED_OFF = "online-orders.no-shortcuts";
const TYPED_INTO = "input:not([type=checkbox]), textarea, select, [contenteditable]";

export const areShortcutsOn = () => localStorage.getItem(SWITCHED_OFF) === null;

export function switchShortcuts(isOn) {
  if (isOn) localStorage.removeItem(SWITCHED_OFF);
  else localStorage.setItem(SWITCHED_OFF, "yes");
}

/** Calls `keys[key]()` when a key is pressed on the page; `signal` ends it. A key with a modifier is the browser's. */
export function useShortcuts(keys, signal) {
  const present = useRef(keys);
  present.current = keys;
  useEffect(() => {
    const pressed = (event) => {
      const act = present.current[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (isDialogOpen() || !areShortcutsOn() || event.target.closest?.(TYPED_INTO)) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", pressed, { signal });
  }, []);
}
