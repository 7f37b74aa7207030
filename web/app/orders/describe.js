/** Orders, items and their states in words. */

import { h } from "../dom.js";
import { age, day, either, number, t } from "../words.js";

export const OPEN = ["submitted", "in_process", "pending_confirmation"];
export const STATUSES = [...OPEN, "completed", "canceled"];

export const kindLabel = (kind) => either(`kind.${kind}`, kind);

export const bandwidth = (mbps) => (mbps >= 1000 ? `${number(mbps / 1000)} Gbps` : `${number(mbps)} Mbps`);

/** What an item is about, beside its kind: "500 Mbps · Zentrale Hamburg". `sites`: the account's, as far as known. */
export function itemDetail(item, sites = []) {
  const site = item.site_id && (sites.find((each) => each.site_id === item.site_id)?.name ?? item.site_id);
  const what = [
    item.bandwidth_mbps && bandwidth(item.bandwidth_mbps),
    item.quantity && `${number(item.quantity)} ×`,
    item.model,
    item.accessory_type && either(`accessory_type.${item.accessory_type}`, item.accessory_type),
    item.kind === "ip_addresses" && t("item.ipv4"),
    item.kind === "sdp_users" && t("item.licenses"),
  ];
  const where = site || (item.region && either(`region.${item.region}`, item.region));
  return [what.filter(Boolean).join(" "), where].filter(Boolean).join(" · ");
}

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
  const { date, basis, orders } = item.estimated_start;
  const isConfirmed = item.confirmed_start_date !== null;
  const why = isConfirmed ? t("estimate.confirmed") : orders >= 10 ? t("estimate.history", { count: orders }) : t("estimate.few");
  return h("span.estimate", { title: basis }, h("span.date", {}, day(date)), h("span.hint", {}, why));
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

/** Whether two items ask for the same thing, whatever the dates. */
export function isTwin(one, other) {
  const settings = ({ kind, site_id, bandwidth_mbps, model, quantity, region, accessory_type }) =>
    JSON.stringify([kind, site_id, bandwidth_mbps, model, quantity, region, accessory_type]);
  return settings(one) === settings(other);
}
