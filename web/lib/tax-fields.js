/** The fields of a tax, and of percentages. */

import { FormField } from "./fields.js";
import { LIMITS } from "./generated/limits.js";
import { decimal, t, tOr } from "./i18n.js";

const Tax = LIMITS["Tax-Input"];

/** A percentage, with a point or a comma before its decimals. */
export class PercentField extends FormField {
  /** @param {import("./fields.js").Spec} spec */
  constructor(spec) {
    super({
      ...spec,
      value: asWritten(spec.value),
      attributes: { inputmode: "decimal", autocomplete: "off" },
    });
  }

  get text() {
    return super.text.replace(",", ".");
  }
}

/** Returns a percentage of the API's as the reader writes it, and anything else as it is. */
const asWritten = (value) => (/^\d+(\.\d+)?$/.test(value ?? "") ? decimal(value) : value);

/**
 * Returns the fields of a tax by its members. Without a treatment there is none; `none` says what that means.
 *
 * @param {{ treatment?: string, label?: string, rate?: string, sentence?: string } | null | undefined} tax
 * @param {string} none
 */
export const taxFields = (tax, none = t("billing.tax.none")) => ({
  treatment: new FormField({
    name: "treatment",
    label: t("billing.tax"),
    type: "select",
    value: tax?.treatment,
    options: [["", none], ...Tax.treatment.enum.map((each) => [each, tOr(`billing.tax.${each}`, each)])],
  }),
  label: new FormField({
    name: "label",
    label: t("billing.tax_label"),
    required: true,
    value: tax?.label,
    hint: t("billing.tax_label_hint"),
    limits: Tax.label,
  }),
  rate: new PercentField({
    name: "rate",
    label: t("billing.tax_rate"),
    required: true,
    value: tax?.rate,
    limits: Tax.rate,
  }),
  sentence: new FormField({
    name: "sentence",
    label: t("billing.tax_sentence"),
    value: tax?.sentence,
    hint: t("billing.tax_sentence_hint"),
    limits: Tax.sentence,
    isWide: true,
  }),
});

/** Returns the fields of a tax that its treatment has. */
export function shownTax({ treatment, label, rate, sentence }) {
  if (!treatment.read()) return [treatment];
  return treatment.read() === "rate" ? [treatment, label, rate, sentence] : [treatment, label, sentence];
}

/** Returns the tax from its fields, or null. */
export const readTax = (fields) =>
  fields.treatment.read() ? Object.fromEntries(shownTax(fields).map((each) => [each.name, each.read()])) : null;
