/** A labeled control with its notes: the error, a hint, the length of the text. */

import { number, t } from "../i18n.js";
import { html } from "../view.js";

/** The part of the maximum length from which on the length is shown. */
const COUNTED_FROM = 0.9;

/**
 * Shows a `FormField`. `hint`, `options` and `attributes` override the field's own, where they depend on other fields;
 * with `hasNotes` false, its `Notes` are shown elsewhere.
 */
export function Field({ of: field, hint, options, attributes, hasNotes = true }) {
  const { id, label, type, required, isWide } = field;
  const control = html`<${Control} field=${field} options=${options ?? field.options} attributes=${attributes} />`;
  const notes = hasNotes && html`<${Notes} of=${field} hint=${hint} />`;
  if (type === "checkbox")
    return html`<div class="field check">${control}<label for=${id}>${label}</label>${notes}</div>`;
  return html`
    <div class=${isWide ? "field wide" : "field"}>
      <label for=${id}>${label}${!required && html`<span class="optional"> ${t("form.optional")}</span>`}</label>
      ${control}${notes}
    </div>`;
}

/** The notes below a control. */
export function Notes({ of: field, hint = field.hint.value }) {
  const { fault, maxlength } = field;
  const isCounted = maxlength !== undefined && field.length >= maxlength * COUNTED_FROM;
  return html`
    <span class="notes" id="${field.id}-notes">
      ${fault.value && html`<span class="fault">${fault.value}</span>`}
      ${hint && html`<span class="hint">${hint}</span>`}
      ${isCounted && html`<span class="hint">${t("form.length", { count: number(field.length), max: number(maxlength) })}</span>`}
    </span>`;
}

function Control({ field, options, attributes }) {
  const { id, name, type, required, min, max } = field;
  const isWhole = type === "integer";
  const common = {
    id,
    name,
    required,
    ref: field.control,
    "aria-describedby": `${id}-notes`,
    "aria-invalid": field.fault.value ? "true" : undefined,
    ...(!isWhole && min !== undefined && { min }),
    ...(!isWhole && max !== undefined && { max }),
    ...field.attributes,
    ...attributes,
  };
  function typed({ currentTarget: control }) {
    field.fault.value = null;
    field.value.value = type === "checkbox" ? control.checked : control.value;
  }
  const value = field.value.value;
  if (type === "checkbox") return html`<input type="checkbox" ...${common} checked=${value} onInput=${typed} />`;
  if (type === "textarea") return html`<textarea rows="3" ...${common} value=${value} onInput=${typed}></textarea>`;
  if (type === "select") {
    return html`
      <select ...${common} value=${value} onInput=${typed}>
        ${withStored(options, value).map(([each, text, isOut]) => html`<option key=${each} value=${each} disabled=${isOut} hidden=${isOut}>${text}</option>`)}
      </select>`;
  }
  const asText = isWhole ? { type: "text", inputmode: "numeric", autocomplete: "off" } : { type };
  return html`<input ...${asText} ...${common} value=${value} onInput=${typed} />`;
}

/** Returns the options with the stored value, if it is not among them. */
function withStored(options, value) {
  const isUnknown = value !== "" && !options.some(([each]) => String(each) === value);
  return isUnknown ? [...options, [value, value]] : options;
}
