/** Orders, items and their states in words. */

import { h } from "../dom.js";
import { age, day, dayOf, either, number, spoken, t } from "../words.js";

export const OPEN = ["submitted", "in_process", "pending_confirmation"];
export const STATUSES = [...OPEN, "completed", "canceled"];

export const kindLabel = (kind) => either(`kind.${kind}`, kind);

/** What an ordered item was called when it was ordered, where the catalog calls it otherwise by now. */
const labelOf = (item, name) => item.labels?.[spoken()]?.[name] ?? either(`${name}.${item[name]}`, item[name]);

export const itemKind = (item) => labelOf(item, "kind");

export const bandwidth = (mbps) => (mbps >= 1000 ? t("bandwidth.gbps", { amount: mbps / 1000 }) : t("bandwidth.mbps", { amount: mbps }));

/**
 * What an item is about, beside its kind: "500 Mbps · Zentrale Hamburg". `sites`: the account's, as far as known, for
 * what is not ordered yet, and for orders that do not say what the site was.
 */
export function itemDetail(item, sites = []) {
  const site = item.site_id && (item.site?.name ?? sites.find((each) => each.site_id === item.site_id)?.name ?? item.site_id);
  const what = [
    item.bandwidth_mbps && bandwidth(item.bandwidth_mbps),
    item.quantity && `${number(item.quantity)} ×`,
    item.model,
    item.accessory_type && labelOf(item, "accessory_type"),
    item.kind === "ip_addresses" && t("item.ipv4"),
    item.kind === "sdp_users" && t("item.licenses"),
  ];
  const where = site || (item.region && labelOf(item, "region"));
  return [what.filter(Boolean).join(" "), where].filter(Boolean).join(" · ");
}

/** What the order's account was called when it was placed; in an order that does not say, its present name, if known. */
export const accountName = (order, account) => order.account_name ?? account?.name ?? order.account_id;

/** What the desk should know of an order before it does anything about it. */
export const flagsOf = (order) => [...(order.waits_for_contact ? ["contact_removed"] : []), ...order.flags];

export const statusLabel = (status) => either(`status.${status}`, status);

export const statusChip = (status) => h(`span.chip.status-${status}`, {}, statusLabel(status));

/** The order's way through its statuses, as steps. */
export function progress(order) {
  const way = order.status === "canceled" ? ["submitted", "canceled"] : ["submitted", "in_process", "pending_confirmation", "completed"];
  const at = way.indexOf(order.status);
  return h("ol.progress", { "aria-label": t("order.progress") },
    way.map((status, index) =>
      h(`li.${index < at || order.status === "completed" ? "done" : index === at ? "now" : "ahead"}${status === "canceled" ? ".canceled" : ""}`,
        index === at ? { "aria-current": "step" } : {}, statusLabel(status))));
}

/** When an item is likely to start, and what that rests on. */
export function estimate(item) {
  const { date, orders } = item.estimated_start;
  const isConfirmed = item.confirmed_start_date !== null;
  const why = isConfirmed ? t("estimate.confirmed") : orders >= 10 ? t("estimate.history", { count: orders }) : t("estimate.few");
  return h("span.estimate", {}, h("span.date", {}, day(date)), h("span.hint", {}, why));
}

/** How much of the time that an order may wait has passed when it is marked. */
const SOON = 2 / 3;

/** How an order that waits too long is marked, by the service's clock and by when it calls the order late. */
export function urgency(order) {
  if (!order.late_after) return "fresh";
  const waited = order.age_seconds * 1000;
  const allowed = Date.parse(order.late_after) - Date.parse(order.placed_at);
  return waited >= allowed ? "late" : waited >= allowed * SOON ? "soon" : "fresh";
}

export const ageMark = (order) => {
  const how = urgency(order);
  return h(`span.age.${how}`, {}, age(order.age_seconds), how === "fresh" ? null : h("span.visually-hidden", {}, ` (${t(`age.${how}`)})`));
};

/** Order ids are long; their end tells them apart. */
export const orderName = (id) => h("code.order-id", { title: id }, id);

/** The item's start where it is over: "5 January 2027", else null. */
export const passedStart = (item) => (item.start_passed ? day(item.confirmed_start_date ?? item.start_date) : null);

/** What an order says of others that ask for the same. `base`: the reader's own way to them. */
export const duplicateText = (warning, base) => [
  either(`warning.${warning.code}`, warning.detail, { date: dayOf(warning.placed_at) }), " ",
  warning.order_id && h("a", { href: `${base}/orders/${warning.order_id}`, target: "_blank" }, warning.purchase_order_number ?? warning.order_id),
];
