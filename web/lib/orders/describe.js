/** Texts and components for orders, items and their statuses. */

import { CATALOG_WORDS } from "../generated/catalog-words.js";
import { TOO_FEW_ORDERS } from "../generated/limits.js";
import { age, day, dayOf, inLanguage, instant, number, t, tOr } from "../i18n.js";
import { Chip, Notice } from "../ui/status.js";
import { html } from "../view.js";

const NO_CATALOG = { item_kinds: [] };
/** What an item of the API has beside its settings. */
const NO_SETTINGS = new Set([
  "kind",
  "item_id",
  "status",
  "start_date",
  "confirmed_start_date",
  "estimated_start",
  "start_passed",
  "site",
  "site_id",
  "labels",
  "fulfilment",
]);

export const bandwidth = (mbps) =>
  mbps >= 1000 ? t("bandwidth.gbps", { amount: mbps / 1000 }) : t("bandwidth.mbps", { amount: mbps });

/** Returns a kind of a catalog; undefined where the catalog does not have it. */
export const kindIn = (catalog, kind) => catalog.item_kinds.find((each) => each.kind === kind);

/** Returns the label of a kind by a catalog, else by the one that ships. */
export const kindLabel = (kind, catalog = NO_CATALOG) =>
  inLanguage(kindIn(catalog, kind)?.labels) ?? shipped(`kind.${kind}`) ?? kind;

/** Returns a word of the catalog that ships. */
const shipped = (key) => inLanguage(CATALOG_WORDS)?.[key];

/** Returns the label of an item's kind as it was when ordered. */
export const itemKind = (item, catalog = NO_CATALOG) => inLanguage(item.labels)?.kind ?? kindLabel(item.kind, catalog);

/**
 * Returns the details of an item beside its kind: "500 Mbps for Zentrale Hamburg". An order has the words with which it
 * was placed, where they are not those that ship. `catalog` has those of an item that is not ordered yet. `sites` are the
 * account's, as far as known, for such items, and for orders without a snapshot.
 */
export function itemDetail(item, sites = [], catalog = NO_CATALOG) {
  const words = inLanguage(item.labels) ?? {};
  const kind = kindIn(catalog, item.kind);
  const site =
    item.site_id && (item.site?.name ?? sites.find((each) => each.site_id === item.site_id)?.name ?? item.site_id);
  const values = { site: site ?? "" };
  for (const name of Object.keys(item).filter((each) => !NO_SETTINGS.has(each)))
    values[name] = valueText(item, name, words, kind);
  const summary = words.summary ?? inLanguage(kind?.summary) ?? shipped(`summary.${item.kind}`);
  // A kind that nothing is known of.
  if (!summary) return [...Object.values(values).slice(1), site].filter(Boolean).join(" · ");
  return summary
    .replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "")
    .replace(/\s+/g, " ")
    .trim();
}

/** Returns whether an item goes to its site's address, by the catalog; of a kind that it does not have, whether it has one. */
export function isDelivered(item, catalog) {
  const kind = kindIn(catalog, item.kind);
  return kind ? [kind.schema.properties.site_id?.["x-needs"]].flat().includes("address") : Boolean(item.site?.address);
}

/** Returns the value of a setting as people read it; that of a quantity has its unit. */
function valueText(item, name, words, kind) {
  const value = item[name];
  const setting = kind?.settings.find((each) => each.name === name);
  if (name === "quantity") {
    const unit = words.quantity ?? (kind ? inLanguage(setting?.unit) : shipped(`${item.kind}.quantity.unit`));
    return [number(value), unit].filter(Boolean).join(" ");
  }
  const choice = setting?.choices?.find((each) => each.value === value);
  const label = words[name] ?? inLanguage(choice?.labels) ?? shipped(`${item.kind}.${name}.${value}`);
  return label ?? (typeof value === "number" ? number(value) : String(value ?? ""));
}

/** Returns the name of the order's account when it was placed; without a snapshot the present name, if known. */
export const accountName = (order, account) => order.account_name ?? account?.name ?? order.account_id;

/** Returns whether the caller may take an action on an order now, as the API says. */
export const may = (order, action) => order.actions?.includes(action) ?? false;

export const isOpen = (order) => order.closed === null;

/** Returns the warnings for the desk about an order. */
export const flagsOf = (order) => [...(order.waits_for_contact ? ["contact_removed"] : []), ...order.flags];

export const statusLabel = (status) => tOr(`status.${status}`, status);

export const StatusChip = ({ status }) => html`<${Chip} of="status" state=${status} label=${statusLabel(status)} />`;

/** The order's way through its statuses, as steps. */
export function Progress({ order }) {
  const way =
    order.status === "canceled"
      ? ["submitted", "canceled"]
      : ["submitted", "in_process", "pending_confirmation", "completed"];
  const at = way.indexOf(order.status);
  const stage = (index) => (index < at || order.status === "completed" ? "done" : index === at ? "now" : "ahead");
  return html`
    <ol class="progress" aria-label=${t("order.progress")}>
      ${way.map(
        (status, index) => html`
        <li key=${status} class="${stage(index)}${status === "canceled" ? " canceled" : ""}" aria-current=${index === at ? "step" : undefined}>${statusLabel(status)}</li>`,
      )}
    </ol>`;
}

/** The likely start of an item, and the basis of the estimate. */
export function Estimate({ item }) {
  const { date, orders, basis } = item.estimated_start;
  const isConfirmed = item.confirmed_start_date !== null;
  const why = isConfirmed
    ? t("estimate.confirmed")
    : basis.includes(TOO_FEW_ORDERS)
      ? t("estimate.few")
      : t("estimate.history", { count: orders });
  return html`<span class="estimate"><span class="date">${day(date)}</span><span class="hint">${why}</span></span>`;
}

/** The part of the time that an order may wait, after which it is marked. */
const SOON = 2 / 3;

/** Returns the mark of an order that waits too long, by the service's clock and its `late_after`. */
export function urgency(order) {
  if (!order.late_after) return "fresh";
  const waited = order.age_seconds * 1000;
  const allowed = Date.parse(order.late_after) - Date.parse(order.placed_at);
  return waited >= allowed ? "late" : waited >= allowed * SOON ? "soon" : "fresh";
}

export function Age({ order }) {
  const how = urgency(order);
  return html`<span class="age ${how}">${age(order.age_seconds)}${how !== "fresh" && html`<span class="visually-hidden"> (${t(`age.${how}`)})</span>`}</span>`;
}

/** How an order is named: its number, which people use, and its id, which programs do. */
export const OrderId = ({ order }) =>
  html`<span class="order-number">${order.number}</span> <code class="order-id" title=${order.order_id}>${order.order_id}</code>`;

/** Returns the item's start where it is over: "5 January 2027", else null. */
export const passedStart = (item) => (item.start_passed ? day(item.confirmed_start_date ?? item.start_date) : null);

/** The first items of an order in a list, and how many more there are. */
export const ItemLines = ({ items, sites, most }) => html`
  <ul class="item-lines">
    ${items.slice(0, most).map((item) => html`<li key=${item.item_id}><span class="kind-name">${itemKind(item)}</span> <span class="hint">${itemDetail(item, sites)}</span></li>`)}
    ${items.length > most && html`<li class="hint">${t("order.more_items", { count: items.length - most })}</li>`}
  </ul>`;

/** A warning of another order that asks for the same. `base` is the prefix of the address: "" or "/desk". */
export const Duplicate = ({ warning, base }) => html`
  ${tOr(`warning.${warning.code}`, warning.detail, { date: dayOf(warning.placed_at) })} ${" "}
  ${warning.order_id && html`<a href="${base}/orders/${warning.order_id}" target="_blank">${warning.purchase_order_number ?? warning.order_id}</a>`}`;

/** The notices of an order: starts that are over, and duplicates. */
export function OrderNotices({ order, base = "" }) {
  const passed = order.items.filter(passedStart);
  const items = passed.map((item) => `${itemKind(item)} (${passedStart(item)})`).join(", ");
  const of = (warning) => order.items[Number(warning.pointer.split("/")[2])];
  return html`
    ${passed.length > 0 && html`<${Notice} kind="warn">${t(`start_passed.${order.status === "completed" ? "completed" : "open"}`, { items })}</${Notice}>`}
    ${
      isOpen(order) &&
      (order.warnings ?? []).map(
        (each) => html`
      <${Notice} key=${each.pointer} kind="warn">${itemKind(of(each))}, ${itemDetail(of(each))}: ${" "}<${Duplicate} warning=${each} base=${base} /></${Notice}>`,
      )
    }`;
}

/** The end of an order; for a decision by link with the name that was given, which may differ from the contact's. */
export function Closing({ order, entries }) {
  if (!order.closed) return null;
  const { by, reason, at } = order.closed;
  const decision = by === "contact" && entries.findLast((entry) => entry.event === `order.${order.status}`);
  const name = decision?.actor?.name;
  return html`
    <${Notice} kind=${order.status === "completed" ? "good" : "warn"}>
      <strong>${tOr(`closed.${order.status}.${by}`, by)}</strong> ${instant(at)}
      ${name && html`<p>${t("closed.name_given", { name })}</p>`}
      ${reason && html`<p class="said">${reason}</p>`}
    </${Notice}>`;
}
