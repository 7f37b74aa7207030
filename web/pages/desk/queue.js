/** The desk's queue: open orders, oldest first, with their assignees. */

import { Problem } from "../../lib/api.js";
import { instant, t, tOr } from "../../lib/i18n.js";
import { Listing, useListing } from "../../lib/listing.js";
import {
  Age,
  accountName,
  flagsOf,
  ItemLines,
  may,
  OrderId,
  passedStart,
  StatusChip,
  statusLabel,
  urgency,
} from "../../lib/orders/describe.js";
import { errorText, isOutdated } from "../../lib/problems.js";
import { ActionButton } from "../../lib/ui/button.js";
import { Choices, Pager } from "../../lib/ui/pager.js";
import { Empty, Notice, Trail } from "../../lib/ui/status.js";
import { Table } from "../../lib/ui/table.js";
import { announce, toast } from "../../lib/ui/toast.js";
import { html, useRef } from "../../lib/view.js";
import { namedAccounts } from "./named-accounts.js";

const REMEMBERED = "online-orders.queue";
const PAGE = 25;
const MAX_ITEMS = 3;

/** @param {import("screens").Context} context */
export async function showQueue(context) {
  const { catalog, query } = context;
  const remembered = JSON.parse(sessionStorage.getItem(REMEMBERED) ?? "{}");
  const isAsked = ["status", "assignee", "account"].some((name) => query.has(name));
  const status = catalog.statuses.find((each) => each.status === query.get("status"))?.status;
  const filters = isAsked
    ? {
        show: status ?? "open",
        assignee: query.get("assignee") === "me" ? "me" : "",
        account: query.get("account") ?? "",
      }
    : { show: "open", assignee: "", account: "", ...remembered };
  const list = new Orders(context, filters);
  list.write();
  const first = await list.load();
  return html`<${Queue} context=${context} list=${list} first=${first} />`;
}

/** The orders at the desk, with their accounts. */
class Orders extends Listing {
  constructor(context, filters) {
    super(context, filters);
    this.names = namedAccounts(context.api, context.signal);
  }

  async ask(cursor) {
    const { api, signal } = this.context;
    const { account, assignee, show } = this.filters;
    const status = show === "open" ? { open: true } : { status: show };
    const query = { ...status, assignee, account_id: account.trim(), limit: PAGE, cursor };
    try {
      const page = await api.get("/desk/orders", { query, signal });
      await this.names.learn(page.items);
      return page;
    } catch (error) {
      // There is no such account.
      if (error instanceof Problem && error.status === 404) return { items: [], next_cursor: null };
      throw error;
    }
  }

  address() {
    const { account, assignee, show } = this.filters;
    return { status: show, assignee, account: account.trim() };
  }

  startOver(changes, isStep) {
    super.startOver(changes, isStep);
    sessionStorage.setItem(REMEMBERED, JSON.stringify(this.filters));
  }
}

/** Returns what counts as a change; ages grow all the time. */
const keyOf = (page) =>
  JSON.stringify([
    page.items.map((order) => [order.order_id, order.version, order.updated_at, flagsOf(order)]),
    page.next_cursor,
  ]);

/** @param {{ context: import("screens").Context, list: Orders, first: any }} props */
function Queue({ context, list, first }) {
  const { catalog, go, session } = context;
  const listed = useListing(list, first, { keyOf, pauseMilliseconds: 400 });
  const { filters, page, isBusy, stale, choose, type, turn, again } = listed;
  const orderId = useRef(null);

  async function claim(order) {
    try {
      const headers = { "If-Match": `"${order.version}"` };
      await context.api.post("/desk/orders/{order_id}/claim", {
        path: { order_id: order.order_id },
        body: {},
        headers,
      });
      announce(t("desk.claimed"));
      go(`/desk/orders/${order.order_id}`);
    } catch (error) {
      toast(isOutdated(error) ? t("desk.someone_was_faster") : errorText(error));
      again();
    }
  }

  function jump(event) {
    event.preventDefault();
    const id = orderId.current.value.trim();
    if (id) go(`/desk/orders/${encodeURIComponent(id.toUpperCase())}`);
  }

  const { account, assignee, show } = filters;
  const shows = [["open", t("list.open")], ...catalog.statuses.map(({ status }) => [status, statusLabel(status)])];
  const whose = [
    ["", t("queue.everyone")],
    ["me", t("queue.mine")],
  ];
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.queue")]]} />
      <div class="title-row"><h1>${t("nav.queue")}</h1></div>
      <form class="filters" role="search" onSubmit=${jump}>
        <div class="choice-rows">
          <${Choices} label=${t("order.assignee")} options=${whose} value=${assignee} choose=${(each) => choose({ assignee: each })} />
          <${Choices} label=${t("list.filter")} options=${shows} value=${show} choose=${(each) => choose({ show: each })} />
        </div>
        <div class="search-row">
          <label class="grow">${t("order.account")}
            <input type="search" placeholder=${t("queue.account_hint")} autocomplete="off" spellcheck=${false} value=${account} onInput=${(event) => type({ account: event.currentTarget.value })} />
          </label>
          <label class="grow">${t("order.number")}
            <input type="search" placeholder=${t("queue.order_hint")} autocomplete="off" spellcheck=${false} ref=${orderId} />
          </label>
          <button type="submit">${t("queue.open")}</button>
        </div>
      </form>
      <div>${stale && html`<${Notice} kind="warn">${stale}</${Notice}>`}</div>
      <div class="results" aria-busy=${isBusy ? "true" : undefined}>
        ${
          page.items.length > 0
            ? html`<${Rows} orders=${page.items} names=${list.names} session=${session} claim=${claim} />`
            : html`<${Empty} title=${t("queue.none")} text=${t("queue.none_text")} />`
        }
      </div>
      <${Pager} pages=${list.pages} page=${page} turn=${turn} back=${t("queue.previous")} on=${t("queue.next")} />
    </div>`;
}

/** @param {{ orders: import("screens").DeskOrder[], names: any, session: import("../../lib/session.js").Session, claim: (order: import("screens").DeskOrder) => Promise<void> }} props */
function Rows({ orders, names, session, claim }) {
  const accountOf = (order) => names.get(order.account_id);
  const isMine = (order) => order.assignee?.user_id === session.userId;
  const columns = [
    {
      head: t("queue.age"),
      cell: (order) => html`<${Age} order=${order} /><span class="hint">${instant(order.placed_at)}</span>`,
    },
    {
      head: t("order.order"),
      className: "what",
      isName: true,
      cell: (order) => html`
        <a class="order-link" href="/desk/orders/${order.order_id}">${accountName(order, accountOf(order))}</a>
        <span class="hint">${order.purchase_order_number ?? ""}</span>
        <${OrderId} order=${order} />
        ${order.source === "direct" && html`<span class="tag">${t("source.direct")}</span>`}
        ${flagsOf(order).map((flag) => html`<span key=${flag} class="tag flag">${tOr(`flag.${flag}`, flag)}</span>`)}
        ${order.items.some(passedStart) && html`<span class="tag flag">${t("start_passed.tag")}</span>`}`,
    },
    {
      head: t("order.items"),
      cell: (order) => html`<${ItemLines} items=${order.items} sites=${accountOf(order)?.sites} most=${MAX_ITEMS} />`,
    },
    {
      head: t("order.status"),
      cell: (order) => html`
        <${StatusChip} status=${order.status} />
        ${order.quote && html`<span class="hint">${tOr(`quote_state.${order.quote.state}`, order.quote.state)}</span>`}`,
    },
    {
      head: t("order.assignee"),
      cell: (order) => {
        if (!order.assignee) return html`<span class="hint">${t("queue.nobody")}</span>`;
        return isMine(order)
          ? t("queue.me")
          : html`<span class="person" title=${order.assignee.email}>${order.assignee.email.split("@")[0]}</span>`;
      },
    },
    {
      head: t("queue.actions"),
      className: "actions",
      isName: true,
      cell: (order) =>
        may(order, "claim") && !order.assignee
          ? html`<${ActionButton} class="small primary" aria-label=${t("queue.claim_of", { order: order.account_id })} act=${() => claim(order)}>${t("desk.claim")}</${ActionButton}>`
          : html`<a class="button small" href="/desk/orders/${order.order_id}" aria-label=${t("queue.open_of", { order: order.account_id })}>${t(isMine(order) ? "queue.go_on" : "queue.open")}</a>`,
    },
  ];
  return html`<${Table} class="orders queue" caption=${t("nav.queue")} columns=${columns} rows=${orders} keyOf=${(order) => order.order_id} classOf=${urgency} />`;
}
