/** Online Orders: the table of orders. */

import { save } from "../../lib/files.js";
import { DAY } from "../../lib/generated/limits.js";
import { currentLanguage, day, dayOf, shownZone, t } from "../../lib/i18n.js";
import { Listing, useListing } from "../../lib/listing.js";
import { accountName, ItemLines, OrderId, StatusChip, statusLabel } from "../../lib/orders/describe.js";
import { errorText } from "../../lib/problems.js";
import { SignedOut } from "../../lib/session.js";
import { ActionButton } from "../../lib/ui/button.js";
import { Choices, Pager } from "../../lib/ui/pager.js";
import { Empty, Notice, Trail } from "../../lib/ui/status.js";
import { Table } from "../../lib/ui/table.js";
import { toast } from "../../lib/ui/toast.js";
import { html, useLayoutEffect } from "../../lib/view.js";
import { NotEnrolled, openNewOrder, whyNot } from "./new-order.js";

const CHOSEN_ACCOUNT = "online-orders.account";
const ALL_ACCOUNTS = "*"; // no account has this id
const PAGE = 25;
const MAX_ITEMS = 4;
const NO_FILTERS = { show: "", search: "", from: "", to: "" };

/** @param {import("screens").Context} context */
export async function showOrders(context, isNew) {
  const { accounts, catalog, query } = context;
  const isReseller = accounts.length > 1;
  const wantedAccount = query.get("account") ?? sessionStorage.getItem(CHOSEN_ACCOUNT);
  const filters = {
    show: ["open", ...catalog.statuses.map((each) => each.status)].find((each) => each === query.get("status")) ?? "",
    search: query.get("search") ?? "",
    from: dateIn(query.get("from")),
    to: dateIn(query.get("to")),
    account: isReseller && accounts.some((each) => each.account_id === wantedAccount) ? wantedAccount : "",
  };
  const list = new Orders(context, filters, isNew);
  list.write();
  const first = await list.load();
  return html`<${OrderList} context=${context} list=${list} first=${first} isNew=${isNew} />`;
}

/** The orders of an account, or of all accounts of the reader. */
class Orders extends Listing {
  constructor(context, filters, isNew) {
    super(context, filters);
    this.highlighted = context.query.get("placed");
    this.isReseller = context.accounts.length > 1;
    this.isNew = isNew;
  }

  async ask(cursor) {
    const { api, signal } = this.context;
    return api.get("/orders", { query: { ...this.wanted(), limit: PAGE, cursor }, signal });
  }

  wanted() {
    const { account, from, search, show, to } = this.filters;
    const status = show === "open" ? { open: true } : { status: show };
    // The days are those that the table shows.
    const days = (from || to) && { time_zone: shownZone() };
    return { ...status, ...days, from, to, search: search.trim(), account_id: account };
  }

  address() {
    const { account, from, search, show, to } = this.filters;
    const shown = { status: show, search: search.trim(), from, to, placed: this.highlighted };
    return { ...shown, account: this.isReseller ? account || ALL_ACCOUNTS : "" };
  }

  write(isStep = false) {
    if (!this.isNew || location.pathname !== "/orders/new") super.write(isStep);
  }

  startOver(changes, isStep) {
    this.highlighted = null;
    super.startOver(changes, isStep);
  }
}

/** @param {{ context: import("screens").Context, list: Orders, first: any, isNew?: string }} props */
function OrderList({ context, list, first, isNew }) {
  const { accounts, api, can, catalog, signal } = context;
  const mayOrder = can("orders:write");
  const { filters, page, isBusy, stale, choose, type, turn, redraw } = useListing(list, first, {
    pauseMilliseconds: 350,
  });

  useLayoutEffect(() => {
    if (isNew) openNewOrder(context, list.filters.account || accounts[0].account_id, { closed });
  }, []);

  function closed() {
    if (signal.aborted || location.pathname !== "/orders/new") return;
    history.replaceState(null, "", "/orders");
    list.write();
    redraw();
  }

  function chooseAccount(account) {
    sessionStorage.setItem(CHOSEN_ACCOUNT, account);
    choose({ account });
  }

  async function download() {
    try {
      save(await api.getCsv("/orders", { query: list.wanted() }, currentLanguage()), "orders.csv");
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      toast(errorText(error));
    }
  }

  const { show, search, from, to, account } = filters;
  const shows = [
    ["", t("list.all")],
    ["open", t("list.open")],
    ...catalog.statuses.map(({ status }) => [status, statusLabel(status)]),
  ];
  const date = (name, value) => html`
    <label>${t(`list.${name}`)}<input type="date" value=${value} onChange=${(event) => choose({ [name]: event.currentTarget.value })} /></label>`;
  function submit(event) {
    event.preventDefault();
    choose({});
  }
  const isFiltered = show || search || from || to;
  const refused = accounts.length === 1 && whyNot(accounts[0]) && !isFiltered;
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.administration")], [t("nav.orders")]]} />
      <div class="title-row">
        <h1>${t("nav.orders")}</h1>
        ${list.isReseller && html`<${AccountChoice} accounts=${accounts} account=${account} choose=${chooseAccount} />`}
        <div class="actions">
          <${ActionButton} act=${download}>${t("list.csv")}</${ActionButton}>
          ${mayOrder && html`<a class="button primary" href="/orders/new${location.search}">${t("list.new")}</a>`}
        </div>
      </div>
      <form class="filters" role="search" onSubmit=${submit}>
        <${Choices} label=${t("list.filter")} options=${shows} value=${show} choose=${(status) => choose({ show: status })} />
        <div class="search-row">
          <label class="grow">${t("list.search")}
            <input type="search" placeholder=${t("list.search_hint")} autocomplete="off" spellcheck=${false} value=${search} onInput=${(event) => type({ search: event.currentTarget.value })} />
          </label>
          ${date("from", from)}${date("to", to)}
        </div>
      </form>
      <div class="freshness">${stale && html`<${Notice} kind="warn">${stale}</${Notice}>`}</div>
      <div class="results" aria-busy=${isBusy ? "true" : undefined}>
        ${
          page.items.length > 0
            ? html`<${Rows} orders=${page.items} accounts=${accounts} showsAccount=${list.isReseller && !account} highlighted=${list.highlighted} />`
            : refused
              ? html`<div class="refused"><${NotEnrolled} account=${accounts[0]} level=${2} /></div>`
              : html`<${Nothing} isFiltered=${isFiltered} mayOrder=${mayOrder} reset=${() => choose(NO_FILTERS)} />`
        }
      </div>
      <${Pager} pages=${list.pages} page=${page} turn=${turn} back=${t("list.newer")} on=${t("list.older")} />
    </div>`;
}

const AccountChoice = ({ accounts, account, choose }) => html`
  <label class="account-choice">${t("order.account")}
    <select value=${account} onChange=${(event) => choose(event.currentTarget.value)}>
      <option value="">${t("list.all_accounts")}</option>
      ${accounts.map((each) => html`<option key=${each.account_id} value=${each.account_id}>${each.name}</option>`)}
    </select>
  </label>`;

const Nothing = ({ isFiltered, mayOrder, reset }) =>
  isFiltered
    ? html`<${Empty} title=${t("list.none_found")} text=${t("list.none_found_text")}><button type="button" onClick=${reset}>${t("list.reset")}</button></${Empty}>`
    : html`<${Empty} title=${t("list.none_yet")} text=${t("list.none_yet_text")}>${mayOrder && html`<a class="button primary" href="/orders/new">${t("list.first")}</a>`}</${Empty}>`;

/** @param {{ orders: import("screens").Order[], accounts: import("screens").Account[], showsAccount: boolean, highlighted: string | null }} props */
function Rows({ orders, accounts, showsAccount, highlighted }) {
  const accountOf = (order) => accounts.find((each) => each.account_id === order.account_id);
  const columns = [
    {
      head: t("order.order"),
      className: "what",
      isName: true,
      cell: (order) => html`
        <a class="order-link" href="/orders/${order.order_id}">${order.purchase_order_number ?? html`<${OrderId} order=${order} />`}</a>
        ${order.purchase_order_number && html`<${OrderId} order=${order} />`}
        <span class="hint">${t("order.placed_on", { date: dayOf(order.placed_at) })}</span>`,
    },
    showsAccount && { head: t("order.account"), cell: (order) => accountName(order, accountOf(order)) },
    {
      head: t("order.items"),
      cell: (order) => html`<${ItemLines} items=${order.items} sites=${accountOf(order)?.sites} most=${MAX_ITEMS} />`,
    },
    { head: t("order.status"), cell: (order) => html`<${StatusChip} status=${order.status} />` },
    { head: t("order.starts"), className: "start", cell: (order) => html`<${Starts} order=${order} />` },
  ].filter(Boolean);
  const classOf = (order) => (order.order_id === highlighted ? "highlighted" : undefined);
  return html`<${Table} class="orders" caption=${t("nav.orders")} columns=${columns} rows=${orders} keyOf=${(order) => order.order_id} classOf=${classOf} />`;
}

const dateIn = (text) => (new RegExp(DAY).test(text ?? "") ? text : "");

/** Returns a day that is not broken over two lines. */
const whole = (iso) => day(iso).replaceAll(" ", "\u00a0");

/** @param {{ order: import("screens").Order }} props */
function Starts({ order }) {
  if (order.status === "canceled") return "–";
  const dates = order.items.map((item) => item.confirmed_start_date ?? item.estimated_start.date).sort();
  const isConfirmed = order.items.every((item) => item.confirmed_start_date);
  const last = dates.at(-1);
  return html`
    <span class="date">${dates[0] === last ? whole(last) : t("order.from_to", { from: whole(dates[0]), to: whole(last) })}</span>
    <span class="hint">${t(isConfirmed ? "estimate.confirmed" : "estimate.estimated")}</span>`;
}
