/** One order, as its customer sees it. */

import { fill, h, isBusy, setBusy } from "../dom.js";
import { ask, checkFields, field, notice, reasonOf, toast } from "../forms.js";
import { poll } from "../polling.js";
import { SignedOut } from "../session.js";
import { trail } from "../shell.js";
import { unsaved } from "../unsaved.js";
import { day, either, instant, t } from "../words.js";
import { OPEN, accountName, duplicateText, estimate, itemDetail, itemKind, orderName, passedStart, progress, statusChip } from "./describe.js";
import { quoteCard } from "./quote-view.js";
import { timelineView } from "./timeline.js";

export async function showOrder(context, orderId) {
  const { api, accounts, signal } = context;
  const path = `/orders/${encodeURIComponent(orderId)}`;
  const load = () => Promise.all([api.get(path, {}, signal), api.getAll(`${path}/timeline`, {}, signal)]);
  let [order, entries] = await load();
  let shown = JSON.stringify([order, entries]);
  const account = accounts.find((each) => each.account_id === order.account_id);

  const head = h("div.order-head");
  const items = h("section.card");
  const quote = h("div");
  const facts = h("aside.card.facts");
  const history = h("div");
  const state = h("div");
  const comments = h("div");

  async function look() {
    try {
      [order, entries] = await load();
      fill(state);
    } catch (error) {
      if (signal.aborted) return false;
      if (error instanceof SignedOut) throw error;
      fill(state, notice("warn", `${reasonOf(error)} ${t("list.stale")}`));
      return false;
    }
    const now = JSON.stringify([order, entries]);
    if (now === shown) return false;
    shown = now;
    draw();
    return true;
  }

  function draw() {
    fill(head,
      h("div.title-row", {},
        h("h1", {}, order.purchase_order_number ?? t("order.order")),
        statusChip(order.status),
        h("div.actions", {},
          h("a.button", { href: `/orders/new?copy=${order.order_id}`, "data-key": "copy" }, t("order.copy")),
          order.status === "submitted" && h("button.danger", { type: "button", "data-key": "withdraw", onclick: withdraw }, t("order.withdraw")))),
      h("p.hint", {}, t("order.id"), " ", orderName(order.order_id)),
      progress(order),
      order.closed && notice(order.status === "completed" ? "good" : "warn", closedText(order, entries)),
      orderNotices(order));
    fill(items, h("h2", {}, t("order.items")), itemsTable(order, account?.sites));
    fill(quote, quoteCard(context, order));
    fill(facts, factsOf(order, account));
    fill(history, timelineView(entries));
    if (!OPEN.includes(order.status)) fill(comments);
  }

  const withdraw = () => ask({
    title: t("order.withdraw"),
    text: t("order.withdraw_text"),
    fields: [field({ name: "reason", label: t("order.reason"), type: "textarea", more: { maxlength: 1000 } })],
    action: t("order.withdraw"),
    danger: true,
    act: async ({ reason }) => {
      await api.post(`${path}/cancel`, reason ? { reason } : {});
      toast(t("order.withdrawn"));
      again();
    },
  });

  const again = poll(look, signal);
  fill(comments, commentForm(orderId, (text) => api.post(`${path}/comment`, { text }).then(() => again())));
  draw();
  return h("div.screen", {},
    trail([t("nav.administration")], [t("nav.orders"), "/orders"], [order.purchase_order_number ?? order.order_id]),
    head, state,
    h("div.columns", {},
      h("div.main-column", {}, items, quote),
      h("div.side-column", {}, facts,
        h("section.card", {}, h("h2", {}, t("timeline.title")),
          comments,
          history))));
}

/** What an order says besides its status: starts that are over, and other orders for the same. */
export function orderNotices(order, base = "") {
  const passed = order.items.filter(passedStart);
  return [
    passed.length > 0 && notice("warn", t(`start_passed.${order.status === "completed" ? "completed" : "open"}`, {
      items: passed.map((item) => `${itemKind(item)} (${passedStart(item)})`).join(", ") })),
    OPEN.includes(order.status) && (order.warnings ?? []).map((each) => {
      const item = order.items[Number(each.pointer.split("/")[2])];
      return notice("warn", `${itemKind(item)}, ${itemDetail(item)}: `, duplicateText(each, base));
    }),
  ];
}

export function itemsTable(order, sites) {
  return h("table.items", {},
    h("caption.visually-hidden", {}, t("order.items")),
    h("thead", {}, h("tr", {}, [t("order.item"), t("item.asked"), t("item.confirmed"), t("item.estimated")].map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, order.items.map((item) => h("tr", {},
      h("td.what", {}, h("strong", {}, itemKind(item)), h("span.detail", {}, itemDetail(item, sites)),
        isDelivered(item) && item.site?.address && h("span.hint", {}, t("item.deliver_to", { address: item.site.address })), statusChip(item.status)),
      h("td", { "data-label": t("item.asked") }, day(item.start_date), !item.confirmed_start_date && passedMark(item)),
      h("td", { "data-label": t("item.confirmed") }, item.confirmed_start_date ? [day(item.confirmed_start_date), passedMark(item)] : "–"),
      h("td", { "data-label": t("item.estimated") }, order.status === "canceled" ? "–" : estimate(item))))));
}

const isDelivered = (item) => ["socket", "accessory"].includes(item.kind);

const passedMark = (item) => item.start_passed && h("span.hint.passed", {}, t("item.passed"));

/** How an order came to its end; of a decision by link also the name that was given, which need not be the contact's. */
export function closedText(order, entries) {
  const { by, reason, at } = order.closed;
  const decision = by === "contact" && entries.findLast((entry) => entry.event === `order.${order.status}`);
  const name = decision && decision.actor.name;
  return [
    h("strong", {}, either(`closed.${order.status}.${by}`, by)), " ", instant(at),
    name ? h("p", {}, t("closed.name_given", { name })) : null,
    reason ? h("p.said", {}, reason) : null,
  ];
}

export function factsOf(order, account) {
  const isRenamed = account && account.name !== accountName(order, account);
  const pairs = [
    [t("order.account"), [accountName(order, account), isRenamed && [h("br"), h("span.hint", {}, t("order.account_now", { name: account.name }))]]],
    [t("order.purchase_order_number"), order.purchase_order_number],
    [t("order.placed"), [instant(order.placed_at), h("br"), order.placed_by.email]],
    [t("order.contact"), [order.contact.name, h("br"), order.contact.email]],
    [t("order.assignee"), order.assignee?.email],
    [t("order.source"), order.source === "direct" && either("source.direct", order.source)],
    [t("order.note"), order.note && h("span.said", {}, order.note)],
  ];
  return [h("h2", {}, t("order.facts")), h("dl", {}, pairs.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))))];
}

/** `send(text, internal)` says it; the switch for internal comments is there only if `mayBeInternal`. */
export function commentForm(orderId, send, { mayBeInternal = false } = {}) {
  const kept = unsaved(`comment.${orderId}`);
  const text = field({ name: "text", label: t("comment.label"), type: "textarea", required: true, value: kept.read(), more: { maxlength: 2000, rows: 2 } });
  text.control.addEventListener("input", () => (text.read() ? kept.keep(text.control.value) : kept.forget()));
  const internal = mayBeInternal && field({ name: "internal", label: t("comment.internal"), type: "checkbox", value: true });
  const said = h("div");
  const button = h("button", { type: "submit" }, t("comment.send"));
  const form = h("form.comment-form", { novalidate: true, onsubmit: async (event) => {
    event.preventDefault();
    if (isBusy(button) || !checkFields([text])) return;
    setBusy(button, true);
    try {
      fill(said);
      await send(text.read(), internal ? internal.read() : false);
      text.control.value = "";
      kept.forget();
    } catch (error) {
      fill(said, notice("bad", reasonOf(error)));
    } finally {
      setBusy(button, false);
    }
  } }, text.root, internal && internal.root, said, h("div.actions", {}, button));
  return form;
}
