/** One order, as its customer sees it. */

import { checkFields, FormField } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { day, instant, t, tOr } from "../../lib/i18n.js";
import {
  accountName,
  Closing,
  Estimate,
  isDelivered,
  itemDetail,
  itemKind,
  may,
  OrderId,
  OrderNotices,
  Progress,
  StatusChip,
} from "../../lib/orders/describe.js";
import { Questions } from "../../lib/orders/questions.js";
import { QuoteCard } from "../../lib/orders/quote-view.js";
import { Timeline } from "../../lib/orders/timeline.js";
import { Watching } from "../../lib/orders/watch.js";
import { usePolled } from "../../lib/polled.js";
import { errorText } from "../../lib/problems.js";
import { BusyButton, useOnce } from "../../lib/ui/button.js";
import { ask } from "../../lib/ui/dialog.js";
import { Field } from "../../lib/ui/field.js";
import { Facts, Notice, Trail } from "../../lib/ui/status.js";
import { Table } from "../../lib/ui/table.js";
import { toast } from "../../lib/ui/toast.js";
import { unsaved } from "../../lib/unsaved.js";
import { effect, html, useEffect, useMemo, useSignal } from "../../lib/view.js";

/** @param {import("screens").Context} context */
export async function showOrder(context, orderId) {
  const { api, accounts, signal } = context;
  const path = { order_id: orderId };
  const load = () =>
    Promise.all([
      api.get("/orders/{order_id}", { path, signal }),
      api.getAll("/orders/{order_id}/timeline", { path, signal }),
    ]);
  const first = await load();
  const account = accounts.find((each) => each.account_id === first[0].account_id);
  return html`<${Order} context=${context} account=${account} path=${path} first=${first} load=${load} />`;
}

/** @param {{ context: import("screens").Context, account?: import("screens").Account, path: { order_id: string }, first: [import("screens").Order, import("screens").Entry[]], load: () => Promise<[import("screens").Order, import("screens").Entry[]]> }} props */
function Order({ context, account, path, first, load }) {
  const { api, signal } = context;
  const { found, stale, again } = usePolled(first, load, { signal });
  const [order, entries] = found.value;

  const withdraw = () =>
    ask({
      title: t("order.withdraw"),
      text: t("order.withdraw_text"),
      fields: [
        new FormField({ name: "reason", label: t("order.reason"), type: "textarea", limits: LIMITS.Reason.reason }),
      ],
      action: t("order.withdraw"),
      danger: true,
      act: async ({ reason }) => {
        await api.post("/orders/{order_id}/cancel", { path, body: reason ? { reason } : {} });
        toast(t("order.withdrawn"));
        again();
      },
    });

  const send = async (text) => {
    await api.post("/orders/{order_id}/comment", { path, body: { text } });
    again();
  };

  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.administration")], [t("nav.orders"), "/orders"], [order.purchase_order_number ?? order.number]]} />
      <div class="order-head">
        <div class="title-row">
          <h1>${order.purchase_order_number ?? t("order.order")}</h1>
          <${StatusChip} status=${order.status} />
          <div class="actions">
            ${context.can("orders:write") && html`<a class="button" href="/orders/new?copy=${order.order_id}">${t("order.copy")}</a>`}
            ${may(order, "withdraw") && html`<button class="danger" type="button" onClick=${withdraw}>${t("order.withdraw")}</button>`}
          </div>
        </div>
        <p class="hint">${t("order.number")} <${OrderId} order=${order} /></p>
        <${Progress} order=${order} />
        <${Closing} order=${order} entries=${entries} />
        <${OrderNotices} order=${order} />
      </div>
      <div>${stale.value && html`<${Notice} kind="warn">${stale.value}</${Notice}>`}</div>
      <div class="columns">
        <div class="main-column">
          <${Items} order=${order} sites=${account?.sites} catalog=${context.catalog} />
          <${QuoteCard} api=${api} order=${order} />
          <${Questions} order=${order} />
        </div>
        <div class="side-column">
          <aside class="card facts">
            <${OrderFacts} order=${order} account=${account} />
            <${Watching} context=${context} orderId=${order.order_id} />
          </aside>
          <section class="card">
            <h2>${t("timeline.title")}</h2>
            ${may(order, "comment") && html`<${CommentForm} orderId=${order.order_id} send=${send} limits=${LIMITS.NewComment.text} />`}
            <${Timeline} entries=${entries} />
          </section>
        </div>
      </div>
    </div>`;
}

/**
 * The table of an order's items, on a card of its own.
 *
 * @param {{ order: import("screens").Order, sites?: import("screens").Account["sites"], catalog: import("screens").Catalog }} props
 */
export function Items({ order, sites, catalog }) {
  const passed = (item) => item.start_passed && html`<span class="hint passed">${t("item.passed")}</span>`;
  const columns = [
    {
      head: t("order.item"),
      className: "what",
      isName: true,
      cell: (item) => html`
        <strong>${itemKind(item)}</strong><span class="detail">${itemDetail(item, sites)}</span>
        ${isDelivered(item, catalog) && item.site?.address && html`<span class="hint">${t("item.deliver_to", { address: item.site.address })}</span>`}
        <${StatusChip} status=${item.status} />`,
    },
    {
      head: t("item.asked"),
      cell: (item) => html`${day(item.start_date)}${!item.confirmed_start_date && passed(item)}`,
    },
    {
      head: t("item.confirmed"),
      cell: (item) => (item.confirmed_start_date ? html`${day(item.confirmed_start_date)}${passed(item)}` : "–"),
    },
    {
      head: t("item.estimated"),
      cell: (item) => (order.status === "canceled" ? "–" : html`<${Estimate} item=${item} />`),
    },
  ];
  return html`
    <section class="card">
      <h2>${t("order.items")}</h2>
      <${Table} class="items" caption=${t("order.items")} columns=${columns} rows=${order.items} keyOf=${(item) => item.item_id} />
    </section>`;
}

/** @param {{ order: import("screens").Order, account?: import("screens").Account }} props */
export function OrderFacts({ order, account }) {
  const isRenamed = account && account.name !== accountName(order, account);
  const pairs = [
    [
      t("order.account"),
      html`${accountName(order, account)}${isRenamed && html`<br /><span class="hint">${t("order.account_now", { name: account.name })}</span>`}`,
    ],
    [t("order.purchase_order_number"), order.purchase_order_number],
    [t("order.placed"), html`${instant(order.placed_at)}<br />${order.placed_by.email}`],
    [t("order.contact"), html`${order.contact.name}<br />${order.contact.email}`],
    [t("order.assignee"), order.assignee?.email],
    [t("order.source"), order.source === "direct" && tOr("source.direct", order.source)],
    [t("order.note"), order.note && html`<span class="said">${order.note}</span>`],
  ];
  return html`<h2>${t("order.facts")}</h2><${Facts} pairs=${pairs} />`;
}

/**
 * The form of a comment. `send(text, internal)` sends it; the switch for internal comments is shown only if
 * `mayBeInternal`. `tools(field)` returns what stands above the text.
 */
export function CommentForm({ orderId, send, limits, mayBeInternal = false, tools = (_field) => null }) {
  const refusal = useSignal(null);
  const { isBusy, once } = useOnce();
  const { kept, text, internal } = useMemo(() => {
    const place = unsaved(`comment.${orderId}`);
    return {
      kept: place,
      text: new FormField({
        name: "text",
        label: t("comment.label"),
        type: "textarea",
        required: true,
        value: place.read(),
        limits,
        attributes: { rows: 2 },
      }),
      internal: new FormField({
        name: "internal",
        label: t("comment.internal"),
        type: "checkbox",
        value: mayBeInternal,
      }),
    };
  }, []);
  useEffect(() => effect(() => (text.read() ? kept.keep(text.value.value) : kept.forget())), []);

  const attempt = async () => {
    refusal.value = null;
    if (!checkFields([text])) return;
    try {
      await send(text.read(), internal.read());
      text.value.value = "";
    } catch (error) {
      refusal.value = errorText(error);
    }
  };
  function submit(event) {
    event.preventDefault();
    return once(attempt);
  }
  return html`
    <form class="comment-form" novalidate onSubmit=${submit}>
      ${tools(text)}
      <${Field} of=${text} />
      ${mayBeInternal && html`<${Field} of=${internal} />`}
      ${refusal.value && html`<${Notice} kind="bad">${refusal.value}</${Notice}>`}
      <div class="actions"><${BusyButton} type="submit" isBusy=${isBusy.value}>${t("comment.send")}</${BusyButton}></div>
    </form>`;
}
