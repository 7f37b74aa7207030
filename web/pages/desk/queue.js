/** The desk's queue: open orders, oldest first, with their assignees. */

import { Problem } from "../../lib/api.js";
import { DAY, ORDER_ID, ORDER_NUMBER } from "../../lib/generated/limits.js";
import { instant, t, tOr } from "../../lib/i18n.js";
import { Listing, useListing } from "../../lib/listing.js";
import {
  Age,
  accountName,
  flagsOf,
  ItemLines,
  kindLabel,
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
import { html, useMemo, useRef, useSignal } from "../../lib/view.js";
import { colleagues, personLabel, teamsOf } from "./colleagues.js";
import { HandlingTags, PRIORITIES, priorityLabel } from "./handling.js";
import { namedAccounts } from "./named-accounts.js";
import { useStill } from "./still-rows.js";
import { Views } from "./views.js";

const REMEMBERED = "online-orders.queue";
const PAGE = 25;
const MAX_ITEMS = 3;
const ONE_ORDER = new RegExp(`${ORDER_ID}|${ORDER_NUMBER}`, "i");
const FOLLOW_UPS = ["now", "due", "waiting"];
const NO_FILTERS = {
  search: "",
  show: "open",
  assignee: "",
  account: "",
  team: "",
  priority: "",
  followUp: "now",
  kind: "",
  group: "",
  currency: "",
  amountFrom: "",
  amountTo: "",
  from: "",
  to: "",
};
/** The filters by their names in the address, which are those of the API but for the first three. */
const NAMES = {
  status: "show",
  assignee: "assignee",
  account: "account",
  search: "search",
  team: "team",
  priority: "priority",
  follow_up: "followUp",
  kind: "kind",
  group: "group",
  currency: "currency",
  amount_from: "amountFrom",
  amount_to: "amountTo",
  from: "from",
  to: "to",
};
const AMOUNT = /^\d{1,12}(\.\d{1,4})?$/;
/** Filters that are always in sight; the others are behind "More filters". */
const IN_SIGHT = new Set(["show", "assignee", "search", "followUp"]);
const BULK_ACTIONS = ["claim", "assign", "resend", "decline"];
const ROWS = ".queue tbody tr";

/** @param {import("screens").Context} context */
export async function showQueue(context) {
  const { catalog, query } = context;
  const remembered = JSON.parse(sessionStorage.getItem(REMEMBERED) ?? "{}");
  const isAsked = Object.keys(NAMES).some((name) => query.has(name));
  const filters = isAsked ? asked(query, catalog) : { ...NO_FILTERS, ...remembered };
  const list = new Orders(context, filters);
  list.write();
  const [first, teams, people, views] = await Promise.all([
    list.load(),
    teamsOf(context.api, context.signal),
    colleagues(context.api, context.signal),
    context.api.get("/desk/views", { signal: context.signal }),
  ]);
  return html`<${Queue} context=${context} list=${list} first=${first} teams=${teams} people=${people} views=${views.items} />`;
}

const amountAttributes = (text) => ({
  inputmode: "decimal",
  "aria-invalid": text.trim() && !amountIn(text) ? "true" : undefined,
});

/** Returns what was typed as the API takes an amount; nothing for what is none. */
function amountIn(text) {
  const written = text.trim().replace(",", ".");
  return AMOUNT.test(written) ? written : "";
}

/** Returns the filters that an address names; what it does not name filters nothing. */
function asked(query, catalog) {
  const given = Object.fromEntries(Object.entries(NAMES).map(([name, filter]) => [filter, query.get(name) ?? ""]));
  const among = (options, value) => options.find((each) => each === value) ?? "";
  const day = (text) => (new RegExp(DAY).test(text) ? text : "");
  return {
    ...given,
    show:
      among(
        catalog.statuses.map((each) => each.status),
        given.show,
      ) || "open",
    priority: among(PRIORITIES, given.priority),
    followUp: among(FOLLOW_UPS, given.followUp),
    from: day(given.from),
    to: day(given.to),
  };
}

/** The orders at the desk, with their accounts. */
class Orders extends Listing {
  constructor(context, filters) {
    super(context, filters);
    this.names = namedAccounts(context.api, context.signal);
  }

  async ask(cursor) {
    const { api, signal } = this.context;
    const { account, amountFrom, amountTo, followUp, show, ...same } = this.filters;
    const status = show === "open" ? { open: true } : { status: show };
    const amounts = { amount_from: amountIn(amountFrom), amount_to: amountIn(amountTo) };
    const query = {
      ...same,
      ...status,
      ...amounts,
      search: same.search.trim(),
      follow_up: followUp,
      account_id: account.trim(),
      limit: PAGE,
      cursor,
    };
    try {
      const page = await api.get("/desk/orders", { query, signal });
      await this.names.learn(page.items);
      if (same.search.trim()) return page; // the best matches first
      const isDue = (order) => order.flags.includes("follow_up_due");
      return { ...page, items: page.items.toSorted((one, other) => Number(isDue(other)) - Number(isDue(one))) };
    } catch (error) {
      // There is no such account.
      if (error instanceof Problem && error.status === 404) return { items: [], next_cursor: null };
      throw error;
    }
  }

  address() {
    return Object.fromEntries(Object.entries(NAMES).map(([name, filter]) => [name, this.filters[filter].trim()]));
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

/** @param {{ context: import("screens").Context, list: Orders, first: any, teams: import("screens").Team[], people: import("screens").Person[], views: import("screens").SavedView[] }} props */
function Queue({ context, list, first, teams, people, views }) {
  const { catalog, go, session } = context;
  const listed = useListing(list, first, { keyOf, pauseMilliseconds: 400 });
  const { filters, page, isBusy, stale, choose, type, turn, again } = listed;
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

  /** A whole number or id of an order leads there; anything else is looked for. */
  function submit(event) {
    event.preventDefault();
    const text = searchBox.current.value.trim(); // of which the list hears only after a pause
    if (ONE_ORDER.test(text)) go(`/desk/orders/${encodeURIComponent(text.toUpperCase())}`);
    else choose({});
  }

  const { account, amountFrom, amountTo, assignee, currency, followUp, from, group, kind, priority, search } = filters;
  const { show, team, to } = filters;
  const further = Object.keys(filters).filter((name) => !IN_SIGHT.has(name) && filters[name]);
  const isMoreOpen = useMemo(() => further.length > 0, []);
  const isFiltered = Object.keys(NO_FILTERS).some((name) => filters[name] !== NO_FILTERS[name]);
  /** @type {(name: string, label: string, hint: string, value: string, attributes?: Record<string, any>) => unknown} */
  const typed = (name, label, hint, value, { class: className, ...attributes } = {}) => html`
    <label class=${className}>${label}
      <input type="search" placeholder=${hint} autocomplete="off" spellcheck=${false} value=${value} onInput=${(event) => type({ [name]: event.currentTarget.value })} ...${attributes} />
    </label>`;
  const date = (name, value) => html`
    <label>${t(`list.${name}`)}<input type="date" value=${value} onChange=${(event) => choose({ [name]: event.currentTarget.value })} /></label>`;
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
      <${Views} context=${context} first=${views} query=${list.address()} show=${(query) => choose(asked(new URLSearchParams(query), catalog))} />
      <form class="filters" role="search" onSubmit=${submit}>
        <div class="choice-rows">
          <${Choices} label=${t("order.assignee")} options=${whose} value=${assignee} choose=${(each) => choose({ assignee: each })} />
          <${Choices} label=${t("list.filter")} options=${shows} value=${show} choose=${(each) => choose({ show: each })} />
        </div>
        <div class="search-row">
          ${typed("search", t("list.search"), t("queue.search_hint"), search, { ref: searchBox, class: "grow" })}
          <button type="submit">${t("queue.find")}</button>
          ${filter("followUp", t("queue.follow_up"), [["", t("queue.follow_up.all")], ...FOLLOW_UPS.map((each) => [each, t(`queue.follow_up.${each}`)])], followUp)}
        </div>
        <details class="more-filters" open=${isMoreOpen}>
          <summary>${t("queue.more_filters")}${further.length > 0 && html` <span class="tag">${further.length}</span>`}</summary>
          <div class="search-row">
            ${filter("assignee", t("order.assignee"), [["", t("queue.everyone")], ["me", t("queue.mine")], ...people.map((each) => [each.user_id, personLabel(each)])], assignee)}
            ${filter("team", t("handling.team"), [["", t("queue.all_teams")], ...teams.map((each) => [each.team, each.name])], team)}
            ${filter("priority", t("handling.priority"), [["", t("queue.all_priorities")], ...PRIORITIES.map((each) => [each, priorityLabel(each)])], priority)}
            ${filter("kind", t("order.item"), [["", t("queue.all_kinds")], ...catalog.item_kinds.map((each) => [each.kind, kindLabel(each.kind, catalog)])], kind)}
            ${typed("account", t("order.account"), t("queue.account_hint"), account)}
            ${typed("group", t("queue.group"), t("queue.group_hint"), group)}
            ${typed("amountFrom", t("queue.amount_from"), "0.00", amountFrom, amountAttributes(amountFrom))}
            ${typed("amountTo", t("queue.amount_to"), "0.00", amountTo, amountAttributes(amountTo))}
            ${filter("currency", t("queue.currency"), [["", t("queue.all_currencies")], ...catalog.currencies.map((each) => [each.currency, each.currency])], currency)}
            ${date("from", from)}${date("to", to)}
          </div>
          <p class="hint">${t("queue.amount_hint")}</p>
        </details>
        ${isFiltered && html`<div><button class="small" type="button" onClick=${() => choose({ ...NO_FILTERS })}>${t("queue.reset")}</button></div>`}
      </form>
      <div>${stale && html`<${Notice} kind="warn">${stale}</${Notice}>`}</div>
      <div class="news" role="status">
        ${still.news > 0 && html`<button class="small pill" type="button" onClick=${still.catchUp}>${t("queue.new_orders", { count: still.news })}</button>`}
      </div>
      <div class="results" aria-busy=${isBusy ? "true" : undefined}>
        ${
          still.rows.length > 0
            ? html`<${Rows} orders=${still.rows} gone=${still.gone} teams=${teams} names=${list.names} session=${session} claim=${claim} chosen=${chosen.value} select=${mayWork ? select : null} />`
            : html`<${Empty} title=${t(isFiltered ? "queue.none_found" : "queue.none")} text=${t("queue.none_text")} />`
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
