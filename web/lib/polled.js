/** Polling: reload what a page shows. */

import { t } from "./i18n.js";
import { errorText } from "./problems.js";
import { SignedOut } from "./session.js";
import { useEffect, useRef, useSignal } from "./view.js";

const SOONEST_MILLISECONDS = 4_000;
const LATEST_MILLISECONDS = 30_000;
const SLOWER = 1.3;

/**
 * Shows what `load()` returns, at first `first`, and polls while the page is visible: soon after a change, then less
 * and less often, and not in a hidden or an offline tab. `keyOf(found)` defines what counts as a change; `signal` ends
 * it. Returns `found`; `stale`, the error why it may be out of date, or null; and `again()`, which polls at once.
 */
export function usePolled(first, load, { signal, keyOf = JSON.stringify }) {
  const found = useSignal(first);
  const stale = useSignal(null);
  const look = useRef(null);
  // Depends on what the reader has chosen by then.
  look.current = load;
  const poll = useRef(null);
  poll.current ??= polling(async () => {
    try {
      const before = keyOf(found.peek());
      found.value = await look.current();
      stale.value = null;
      return keyOf(found.peek()) !== before;
    } catch (error) {
      if (signal.aborted) return false;
      if (error instanceof SignedOut) throw error;
      stale.value = `${errorText(error)} ${t("list.stale")}`;
      return false;
    }
  }, signal);
  useEffect(() => poll.current.begin(), []);
  return { found, stale, again: poll.current.again };
}

/** `look()` returns whether something has changed. */
function polling(look, signal) {
  let wait = SOONEST_MILLISECONDS;
  let timer = null;
  let looking = null;
  let isWantedAgain = false;

  /** One request after the other, so that no older response is shown after a newer one. */
  function turn() {
    isWantedAgain = looking !== null;
    looking ??= lookUntilDone().finally(() => {
      looking = null;
    });
    return looking;
  }

  async function lookUntilDone() {
    clearTimeout(timer);
    do {
      isWantedAgain = false;
      if (signal.aborted) return;
      if (!document.hidden && navigator.onLine)
        wait = (await look()) ? SOONEST_MILLISECONDS : Math.min(wait * SLOWER, LATEST_MILLISECONDS);
    } while (isWantedAgain);
    if (!signal.aborted) timer = setTimeout(turn, wait);
  }

  function again() {
    wait = SOONEST_MILLISECONDS;
    return turn();
  }

  function begin() {
    document.addEventListener("visibilitychange", () => !document.hidden && again(), { signal });
    addEventListener("online", again, { signal });
    signal.addEventListener("abort", () => clearTimeout(timer));
    timer ??= setTimeout(turn, wait);
  }

  return { again, begin };
}
