/** A choice of the desk's text modules beside a field, with the words of the order in them. */

import { t } from "../../lib/i18n.js";
import { html } from "../../lib/view.js";

/** @typedef {import("screens").FilledTextModule} FilledTextModule */

/** `modules` are those of the order; `use` says which of them fit; what is chosen goes to the end of `field`. */
export function TextModuleChoice({ modules, use, field }) {
  const fitting = modules.filter((each) => each.use === use);
  if (fitting.length === 0) return null;

  function insert({ currentTarget: select }) {
    const { text } = fitting.find((each) => each.module === select.value);
    select.value = "";
    field.value.value = [field.text, text].filter(Boolean).join("\n\n");
    field.fault.value = null;
    field.focus();
  }

  return html`
    <label class="text-modules">${t("text_modules.insert")}
      <select value="" onChange=${insert}>
        <option value="">${t("form.choose")}</option>
        ${fitting.map(({ module, name }) => html`<option key=${module} value=${module}>${name}</option>`)}
      </select>
    </label>`;
}
