/** The dialog that lists a page's shortcuts, and switches them on and off. */

import { t } from "../../lib/i18n.js";
import { areShortcutsOn, switchShortcuts } from "../../lib/shortcuts.js";
import { openDialog } from "../../lib/ui/dialog.js";
import { html, useSignal } from "../../lib/view.js";

/** `keys` are [key, what it does]. */
export function showShortcuts(keys) {
  openDialog({ className: "ask", title: t("shortcuts.title"), content: () => html`<${Help} keys=${keys} />` });
}

function Help({ keys }) {
  const isOn = useSignal(areShortcutsOn());
  function change(event) {
    isOn.value = event.currentTarget.checked;
    switchShortcuts(isOn.value);
  }
  return html`
    <div class="dialog-body">
      <dl class="shortcuts">${keys.map(([key, text]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${text}</dd></div>`)}</dl>
      <div class="field check">
        <input type="checkbox" id="shortcuts-on" checked=${isOn.value} onInput=${change} />
        <label for="shortcuts-on">${t("shortcuts.on")}</label>
      </div>
      <p class="hint">${t("shortcuts.hint")}</p>
    </div>`;
}
