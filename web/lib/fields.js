/** The fields of forms: their values, their errors, and the values for the API. */

import { day, number, t } from "./i18n.js";
import { parseWhole } from "./money.js";
import { faultText } from "./problems.js";
import { signal } from "./view.js";

let made = 0;

/**
 * @typedef {object} Spec
 * @property {string} name
 * @property {string} label
 * @property {string} [type]
 * @property {any} [value]
 * @property {string} [hint]
 * @property {boolean} [required]
 * @property {any[][]} [options]
 * @property {{ minimum?: number, maximum?: number, multipleOf?: number, maxLength?: number, pattern?: string }} [limits]
 * @property {boolean} [isWide]
 * @property {Record<string, unknown>} [attributes]
 */

/**
 * One field of a form, shown by `Field` of `ui/field.js`.
 *
 * `type` is an input's, or `integer`, or `select` with `options` [[value, text]], or `textarea`. `limits` are those of
 * the OpenAPI document: a text that is too long is refused and never cut, as browsers cut what is pasted; a number is
 * typed in digits only, whereas browsers' own fields for numbers also accept 1e3. `attributes` are the control's.
 */
export class FormField {
  /** @param {Spec} spec */
  constructor(spec) {
    const { name, label, type = "text", value = "", hint = "", required = false } = spec;
    const { options = [], limits = {}, isWide = false, attributes = {} } = spec;
    made += 1;
    this.id = `${name}-${made}`;
    this.name = name;
    this.label = label;
    this.type = type;
    this.required = required;
    this.options = options;
    this.min = limits.minimum;
    this.max = limits.maximum;
    this.multipleOf = limits.multipleOf;
    this.maxlength = limits.maxLength;
    this.pattern = limits.pattern;
    this.isWide = isWide;
    this.attributes = attributes;
    this.value = signal(/** @type {any} */ (type === "checkbox" ? Boolean(value) : String(value ?? "")));
    this.fault = signal(/** @type {string | null} */ (null));
    /** @type {import("./view.js").ReadonlySignal<string>} */
    this.hint = signal(hint);
    /**
     * The control on the page, as a reference of Preact.
     *
     * @type {{ current: HTMLInputElement | null }}
     */
    this.control = { current: null };
  }

  /** Returns what was typed, trimmed. */
  get text() {
    return this.value.value.trim();
  }

  /** Returns the length as the API counts it, in Unicode characters. */
  get length() {
    return [...this.text].length;
  }

  /** Returns the value for the API, null for an empty one. */
  read() {
    if (this.type === "checkbox") return this.value.value;
    if (this.text === "") return null;
    return this.type === "integer" ? (parseWhole(this.text) ?? this.text) : this.text;
  }

  /**
   * Returns the error that can be found without the API, in the reader's language; null if there is none.
   *
   * @returns {string | null}
   */
  ownFault() {
    if (this.type === "checkbox") return null;
    const isEmpty = this.text === "";
    if (isEmpty && this.required) return t("fault.required");
    if (this.type === "integer" && !isEmpty) return wholeFault(parseWhole(this.text), this);
    if (this.maxlength !== undefined && this.length > this.maxlength) {
      return t("fault.longer_than", { max: number(this.maxlength), more: number(this.length - this.maxlength) });
    }
    if (this.pattern && !isEmpty && !new RegExp(this.pattern, "u").test(this.text)) return t("fault.malformed");
    return this.control.current ? faultOfBrowser(this.control.current) : null;
  }

  /** Shows an error, or none. */
  show(fault) {
    this.fault.value = fault;
    if (fault) this.control.current?.closest("details")?.setAttribute("open", "");
  }

  focus() {
    this.control.current?.focus();
  }
}

function faultOfBrowser({ validity, min, max }) {
  if (validity.valid) return null;
  if (validity.rangeUnderflow) return t("fault.date_before", { min: day(min) });
  if (validity.rangeOverflow) return t("fault.date_after", { max: day(max) });
  return t("fault.malformed");
}

function wholeFault(value, { min, max, multipleOf }) {
  if (value === null) return t("fault.whole_number");
  if (min !== undefined && value < min) return t("fault.at_least", { min });
  if (max !== undefined && value > max) return t("fault.at_most", { max });
  return multipleOf !== undefined && value % multipleOf ? t("fault.multiple_of", { step: multipleOf }) : null;
}

/** Shows the errors that can be found without the API; returns whether there are none, and focuses the first. */
export function checkFields(fields) {
  const faulty = fields.filter((each) => {
    each.show(each.ownFault());
    return each.fault.value;
  });
  faulty[0]?.focus();
  return faulty.length === 0;
}

/** Shows the errors of a 422 at the fields that `at(pointer)` returns; returns those without a field. */
export function showFaults(errors, at) {
  const shown = [];
  const rest = errors.filter((each) => {
    const found = at(each.pointer);
    found?.show(faultText(each));
    if (found) shown.push(found);
    return !found;
  });
  shown[0]?.focus();
  return rest;
}

/** Returns the values of some fields, by their names. */
export const readAll = (fields) =>
  Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, each.read()]));
