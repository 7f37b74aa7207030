/**
 * What is said of a quote's lines and totals beside descriptions and amounts: terms, discounts, options and taxes, in the
 * words of the contact person's page. No amount is computed here.
 */

import { LIMITS } from "../generated/limits.js";
import { day, decimal, money, number, t, tOr } from "../i18n.js";

export const RECURRENCES = LIMITS.NewLine.recurrence.enum;
export const recurrenceLabel = (recurrence) => tOr(`recurrence.${recurrence}`, recurrence);

const TIMES = "\u00d7";
const isZero = (amount) => /^0(\.0+)?$/.test(amount);

/** Returns how often a line is charged; for a part of its term, it is once. */
export const charged = (line) => (line.prorate ? "once" : line.recurrence);

export const percent = (value) => t("percent", { number: decimal(value) });

/** Returns how large a discount is: its percentage or its amount. */
export const discountText = (discount, currency) =>
  discount.percent === undefined ? money(discount.amount, currency) : percent(discount.percent);

/** Returns what a tax is called, with its rate if it has one. */
export const taxText = (tax) =>
  (tax.treatment ?? "rate") === "rate" ? t("tax.rate", { label: tax.label, rate: percent(tax.rate) }) : tax.label;

/** Returns the days of a line, or null. */
export function daysText(line) {
  if (!line.starts_on) return null;
  const first = day(line.starts_on);
  return line.ends_on ? t("line.from_to", { first, last: day(line.ends_on) }) : t("line.from", { first });
}

/**
 * Returns what is said of a line in sentences: its days, its term, and how its amount comes about.
 *
 * @param {any} line
 * @param {string} currency
 */
export const lineNotes = (line, currency) =>
  [
    daysText(line),
    line.term_months && t("line.term", { months: line.term_months }),
    ...amountNotes(line, currency),
  ].filter(Boolean);

/** Returns how the amount of a line comes about: how a part of its term is counted, and its discount. */
export function amountNotes(line, currency) {
  const { proration: part, discount } = line;
  return [
    part && t("line.proration", part),
    part && arithmetic(line, currency),
    discount && t("line.discount", { discount: discountText(discount, currency), amount: before(line, currency) }),
  ].filter(Boolean);
}

const before = (line, currency) => money(line.list_amount ?? line.amount, currency);

/** Returns how the amount of a part of a term comes about, as "4 × €10.00 × (2 + 10/31) = €92.90". */
function arithmetic(line, currency) {
  const { months, days, days_in_month: length } = line.proration;
  const counted = days ? `(${months} + ${days}/${length})` : String(months);
  const year = line.recurrence === "yearly" ? " / 12" : "";
  const product = [number(line.quantity), money(line.unit_price, currency), counted].join(` ${TIMES} `);
  return `${product}${year} = ${before(line, currency)}`;
}

/**
 * Returns the rows of totals as [key, label, amount, whether it is what is to be paid], each total with what leads to it.
 * `priced` is a quote, or what was accepted of one, in whose totals its discount is.
 *
 * @param {any} priced
 * @param {{ currency: string, discount?: any }} quote
 * @returns {[string, string, string, boolean][]}
 */
export function totalRows(priced, { currency, discount }) {
  const { totals, discount_amounts: discounts, taxes = [], gross_totals: gross } = priced;
  /** @type {[string, string, string, boolean][]} */
  const rows = [];
  for (const each of new Set([...RECURRENCES, ...Object.keys(totals)])) {
    const off = discounts && !isZero(discounts[each]) ? discounts[each] : null;
    const here = taxes.filter((tax) => tax.recurrence === each);
    if (isZero(totals[each]) && !off && !here.length) continue;
    const total = tOr(`total.${each}`, each);
    if (off)
      rows.push([
        `${each}-off`,
        t("total.discount", { total, discount: discountText(discount, currency) }),
        `-${off}`,
        false,
      ]);
    if (!gross) {
      rows.push([each, total, totals[each], true]);
      continue;
    }
    rows.push([`${each}-net`, t("total.net", { total }), totals[each], false]);
    here.forEach((tax, index) => {
      const label = t("total.tax", { tax: taxText(tax), net: money(tax.net, currency) });
      rows.push([`${each}-tax-${index}`, label, tax.amount, false]);
    });
    rows.push([`${each}-gross`, t("total.gross", { total }), gross[each], true]);
  }
  return rows.length ? rows : [["once", t("total.once"), totals.once, true]];
}

/** Returns the mark of an optional line; `chosen` are the ids that were accepted, null before that. */
export function optionText(line, id, chosen) {
  if (!line.optional) return null;
  const state = chosen ? (chosen.includes(id) ? "chosen" : "not_chosen") : line.selected ? "offered" : "open";
  const mark = t(`line.option.${state}`);
  return line.option_group ? `${mark} · ${t("line.option.one_of", { group: line.option_group })}` : mark;
}
