/** What an item is likely to cost, where the catalog of an account has its prices. */

import { money, t, tOr } from "../i18n.js";
import { minorDigits, parseAmount, write } from "../money.js";
import { html } from "../view.js";
import { kindIn } from "./describe.js";

/**
 * Returns the prices in force for an item, one a recurrence: of its variant, else of its kind in general; of these, those
 * of the highest quantity that it reaches.
 */
export function pricesOf(item, catalog) {
  const ofKind = (catalog.prices ?? []).filter((each) => each.kind === item.kind);
  const variant = String(item[kindIn(catalog, item.kind)?.priced_by]);
  const own = ofKind.filter((each) => each.variant === variant);
  const rows = own.length ? own : ofKind.filter((each) => each.variant === null);
  const reached = rows.map((each) => each.from_quantity).filter((each) => each <= (item.quantity ?? 1));
  return rows.filter((each) => each.from_quantity === Math.max(...reached));
}

/** The indicative price of an item; nothing where the catalog has none. */
export function IndicativePrice({ item, catalog }) {
  const prices = pricesOf(item, catalog);
  if (prices.length === 0 || !(Number.isInteger(item.quantity ?? 1) && (item.quantity ?? 1) > 0)) return null;
  const { currency } = catalog;
  const digits = minorDigits(currency);
  const amountOf = ({ unit_price: price }) => {
    const { units } = parseAmount(price, digits, new Set([price]));
    return money(write(units * BigInt(item.quantity ?? 1), digits), currency);
  };
  const amounts = prices.map((each) => `${amountOf(each)} ${tOr(`recurrence.${each.recurrence}`, each.recurrence)}`);
  return html`<p class="hint indicative">${t("form.indicative", { prices: amounts.join(" + ") })}</p>`;
}
