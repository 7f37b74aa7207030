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
import { SignedOut } from "../../lib/session.js";
import { useShortcuts } from "../../lib/shortcuts.js";
import { ActionButton } from "../../lib/ui/button.js";
import { Choices, Pager } from "../../lib/ui/pager.js";
import { Empty, Notice, Trail } from "../../lib/ui/status.js";
import { Table } from "../../lib/ui/table.js";
import { announce, toast } from "../../lib/ui/toast.js";
import { html, useRef, useSignal } from "../../lib/view.js";
import { teamsOf } from "./colleagues.js";
import { HandlingTags, PRIORITIES, priorityLabel } from "./handling.js";
import { namedAccounts } from "./named-accounts.js";
import { useStill } from "./still-rows.js";

const REMEMBERED = "online-orders.queue";
const PAGE = 25;
const MAX_ITEMS = 3;
const FOLLOW_UPS = ["now", "due", "waiting"];
const NO_FILTERS = { show: "open", assignee: "", account: "", team: "", priority: "", followUp: "now" };
const BULK_ACTIONS = ["claim", "assign", "resend", "decline"];
const ROWS = ".queue tbody tr";

/** @param {import("screens").Context} context */
export async function showQueue(context) {
  const { catalog, query } = context;
  const remembered = JSON.parse(sessionStorage.getItem(REMEMBERED) ?? "{}");
  const isAsked = ["status", "assignee", "account", "team", "priority", "follow_up"].some((name) => query.has(name));
  const status = catalog.statuses.find((each) => each.status === query.get("status"))?.status;
  const filters = isAsked
    ? {
        show: status ?? "open",
        assignee: query.get("assignee") === "me" ? "me" : "",
        account: query.get("account") ?? "",
        team: query.get("team") ?? "",
        priority: PRIORITIES.find((each) => each === query.get("priority")) ?? "",
        followUp: FOLLOW_UPS.find((each) => each === query.get("follow_up")) ?? "",
      }
    : { ...NO_FILTERS, ...remembered };
  const list = new Orders(context, filters);
  list.write();
  const [first, teams] = await Promise.all([list.load(), teamsOf(context.api, context.signal)]);
  return html`<${Queue} context=${context} list=${list} first=${first} teams=${teams} />`;
}

/** The orders at the desk, with their accounts. */
class Orders extends Listing {
  constructor(context, filters) {
    super(context, filters);
    this.names = namedAccounts(context.api, context.signal);
  }

  async ask(cursor) {
    const { api, signal } = this.context;
    const { account, assignee, followUp, priority, show, team } = this.filters;
    const status = show === "open" ? { open: true } : { status: show };
    const handled = { team, priority, follow_up: followUp };
    const query = { ...status, ...handled, assignee, account_id: account.trim(), limit: PAGE, cursor };
    try {
      const page = await api.get("/desk/orders", { query, signal });
      await this.names.learn(page.items);
      const isDue = (order) => order.flags.includes("follow_up_due");
      return { ...page, items: page.items.toSorted((one, other) => Number(isDue(other)) - Number(isDue(one))) };
    } catch (error) {
      // There is no such account.
      if (error instanceof Problem && error.status === 404) return { items: [], next_cursor: null };
      throw error;
    }
  }

  address() {
    const { account, assignee, followUp, priority, show, team } = this.filters;
    return { status: show, assignee, account: account.trim(), team, priority, follow_up: followUp };
  }

  startOver(changes, isStep) {
    super.startOver(changes, isStep);
    sessionStorage.setItem(REMEMBERED, JSON.stringify(this.filters));
  }
}

/** Returns what counts as a change; ages grow all the time. */
const keyOf = (page) =>
  JSON.stringify([
    page.items.map((order) => [order.order_id, order.version, order.updated_at, order.handling, flagsOf(order)]),
    page.next_cursor,
  ]);

/** @param {{ context: import("screens").Context, list: Orders, first: any, teams: import("screens").Team[] }} props */
function Queue({ context, list, first, teams }) {
  const { catalog, go, session } = context;
  const listed = useListing(list, first, { keyOf, pauseMilliseconds: 400 });
  const { filters, page, isBusy, stale, choose, type, turn, again } = listed;
  const orderId = useRef(null);
  const searchBox = useRef(null);
  const still = useStill(page, isBusy);
  const chosen = useSignal(/** @type {Map<string, import("screens").DeskOrder>} */ (new Map()));
  const mayWork = context.can("desk:orders");

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

  function select(order) {
    const after = new Map(chosen.value);
    if (!after.delete(order.order_id)) after.set(order.order_id, order);
    chosen.value = after;
  }

  function selectAll() {
    chosen.value = new Map([...chosen.value, ...still.rows.map((order) => [order.order_id, order])]);
  }

  async function act(action) {
    // As they are shown now, not as they were when they were selected.
    const present = new Map(still.rows.map((order) => [order.order_id, order]));
    const orders = [...chosen.value.values()].map((order) => present.get(order.order_id) ?? order);
    try {
      const { actOnMany } = await import("./bulk.js");
      await actOnMany(context, action, orders, async (done) => {
        chosen.value = new Map([...chosen.value].filter(([id]) => !done.includes(id)));
        await again();
        still.catchUp();
      });
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      toast(errorText(error));
    }
  }

  /** The shown row that has the focus, and how to give it to another one. */
  const rowElements = () => /** @type {HTMLElement[]} */ ([...document.querySelectorAll(ROWS)]);
  const focusedIndex = () => rowElements().findIndex((row) => row.contains(document.activeElement));
  const focused = () => still.rows[focusedIndex()];
  const move = (by) => {
    const rows = rowElements();
    const from = focusedIndex();
    const to = from < 0 ? 0 : Math.min(Math.max(from + by, 0), rows.length - 1);
    /** @type {HTMLElement | null | undefined} */ (rows[to]?.querySelector(".order-link"))?.focus();
  };
  const keys = [
    ["/", t("shortcuts.search"), () => searchBox.current?.focus()],
    ["j", t("shortcuts.next"), () => move(1)],
    ["k", t("shortcuts.previous"), () => move(-1)],
    ["Enter", t("shortcuts.open")],
    ...(mayWork
      ? [
          ["c", t("shortcuts.claim"), () => focused() && may(focused(), "claim") && claim(focused())],
          ["x", t("shortcuts.select"), () => focused() && select(focused())],
        ]
      : []),
    ["?", t("shortcuts.help"), () => help()],
  ];
  async function help() {
    const { showShortcuts } = await import("./shortcut-help.js");
    showShortcuts(keys.map(([key, text]) => [key, text]));
  }
  // Enter opens the link that has the focus, without any help.
  useShortcuts(Object.fromEntries(keys.filter(([, , run]) => run).map(([key, , run]) => [key, run])), context.signal);

  function jump(event) {
    event.preventDefault();
    const id = orderId.current.value.trim();
    if (id) go(`/desk/orders/${encodeURIComponent(id.toUpperCase())}`);
  }

  const { account, assignee, followUp, priority, show, team } = filters;
  const filter = (name, label, options, value) => html`
    <label>${label}
      <select value=${value} onChange=${(event) => choose({ [name]: event.currentTarget.value })}>
        ${options.map(([each, text]) => html`<option key=${each} value=${each}>${text}</option>`)}
      </select>
    </label>`;
  const shows = [["open", t("list.open")], ...catalog.statuses.map(({ status }) => [status, statusLabel(status)])];
  const whose = [
    ["", t("queue.everyone")],
    ["me", t("queue.mine")],
  ];
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.queue")]]} />
      <div class="title-row">
        <h1>${t("nav.queue")}</h1>
        <div class="actions shortcut-help"><button class="small plain" type="button" onClick=${help}>${t("shortcuts.title")}</button></div>
      </div>
      <form class="filters" role="search" onSubmit=${jump}>
        <div class="choice-rows">
          <${Choices} label=${t("order.assignee")} options=${whose} value=${assignee} choose=${(each) => choose({ assignee: each })} />
          <${Choices} label=${t("list.filter")} options=${shows} value=${show} choose=${(each) => choose({ show: each })} />
        </div>
        <div class="search-row">
          <label class="grow">${t("order.account")}
            <input type="search" ref=${searchBox} placeholder=${t("queue.account_hint")} autocomplete="off" spellcheck=${false} value=${account} onInput=${(event) => type({ account: event.currentTarget.value })} />
          </label>
          <label class="grow">${t("order.number")}
            <input type="search" placeholder=${t("queue.order_hint")} autocomplete="off" spellcheck=${false} ref=${orderId} />
          </label>
          <button type="submit">${t("queue.open")}</button>
        </div>
        <div class="search-row">
          ${filter("team", t("handling.team"), [["", t("queue.all_teams")], ...teams.map((each) => [each.team, each.name])], team)}
          ${filter("priority", t("handling.priority"), [["", t("queue.all_priorities")], ...PRIORITIES.map((each) => [each, priorityLabel(each)])], priority)}
          ${filter("followUp", t("queue.follow_up"), [["", t("queue.follow_up.all")], ...FOLLOW_UPS.map((each) => [each, t(`queue.follow_up.${each}`)])], followUp)}
        </div>
      </form>
      <div>${stale && html`<${Notice} kind="warn">${stale}</${Notice}>`}</div>
      <div class="news" role="status">
        ${still.news > 0 && html`<button class="small pill" type="button" onClick=${still.catchUp}>${t("queue.new_orders", { count: still.news })}</button>`}
      </div>
      <div class="results" aria-busy=${isBusy ? "true" : undefined}>
        ${
          still.rows.length > 0
            ? html`<${Rows} orders=${still.rows} gone=${still.gone} teams=${teams} names=${list.names} session=${session} claim=${claim} chosen=${chosen.value} select=${mayWork ? select : null} />`
            : html`<${Empty} title=${t("queue.none")} text=${t("queue.none_text")} />`
        }
      </div>
      ${
        chosen.value.size > 0 &&
        html`
        <div class="selection" role="region" aria-label=${t("bulk.selection")}>
          <strong>${t("bulk.selected", { count: chosen.value.size })}</strong>
          ${BULK_ACTIONS.map((each) => html`<button key=${each} class=${each === "decline" ? "small danger" : "small"} type="button" onClick=${() => act(each)}>${t(`bulk.${each}`)}</button>`)}
          <button class="small plain" type="button" onClick=${selectAll}>${t("bulk.select_page")}</button>
          <button class="small plain" type="button" onClick=${() => {
            chosen.value = new Map();
          }}>${t("bulk.clear")}</button>
        </div>`
      }
      <${Pager} pages=${list.pages} page=${page} turn=${turn} back=${t("queue.previous")} on=${t("queue.next")} />
    </div>`;
}

/** @param {{ orders: import("screens").DeskOrder[], gone: Set<string>, teams: import("screens").Team[], names: any, session: import("../../lib/session.js").Session, claim: (order: import("screens").DeskOrder) => Promise<void>, chosen: Map<string, any>, select: ((order: import("screens").DeskOrder) => void) | null }} props */
function Rows({ orders, gone, teams, names, session, claim, chosen, select }) {
  const accountOf = (order) => names.get(order.account_id);
  const isMine = (order) => order.assignee?.user_id === session.userId;
  const columns = [
    select && {
      head: t("bulk.select"),
      className: "select",
      isName: true,
      cell: (order) =>
        html`<input type="checkbox" aria-label=${t("bulk.select_of", { order: accountName(order, accountOf(order)) })} checked=${chosen.has(order.order_id)} onInput=${() => select(order)} />`,
    },
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
        <div class="tags">
        ${order.source === "direct" && html`<span class="tag">${t("source.direct")}</span>`}
        ${flagsOf(order).map((flag) => html`<span key=${flag} class="tag flag">${tOr(`flag.${flag}`, flag)}</span>`)}
        ${order.items.some(passedStart) && html`<span class="tag flag">${t("start_passed.tag")}</span>`}
        <${HandlingTags} order=${order} teams=${teams} />
        ${gone.has(order.order_id) && html`<span class="tag">${t("queue.gone")}</span>`}
        </div>`,
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
  ].filter(Boolean);
  return html`<${Table} class="orders queue" caption=${t("nav.queue")} columns=${columns} rows=${orders} keyOf=${(order) => order.order_id} classOf=${(order) => [urgency(order), chosen.has(order.order_id) && "highlighted"].filter(Boolean).join(" ")} />`;
}
