/** Online Orders: the table of orders. */

import { Problem } from "../api.js";
import { announce, fill, h, save } from "../dom.js";
import { notice, reasonOf } from "../forms.js";
import { poll } from "../polling.js";
import { SignedOut } from "../session.js";
import { trail } from "../shell.js";
import { day, dayOf, t } from "../words.js";
import { STATUSES, itemDetail, kindLabel, orderName, statusChip, statusLabel } from "./describe.js";
import { openNewOrder } from "./new-order.js";

const CHOSEN_ACCOUNT = "online-orders.account";
const ORDER_ID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i;
const PAGE = 25;

export async function showOrders(context, isNew) {
  const { api, accounts, signal, query } = context;
  const isReseller = accounts.length > 1;
  const remembered = sessionStorage.getItem(CHOSEN_ACCOUNT);
  const known = accounts.some((each) => each.account_id === remembered) ? remembered : "";
  const filters = { show: "", search: "", from: "", to: "", account: isReseller ? known : "" };
  let earlier = []; // cursors of the pages before this one; null is the first
  let cursor = null;
  let page = { items: [], next_cursor: null };
  let highlighted = query.get("placed");
  let shown = "";

  const table = h("div.results");
  const pages = h("nav.pages", { "aria-label": t("list.pages") });
  const state = h("p.freshness", {});

  async function load() {
    const search = filters.search.trim();
    if (ORDER_ID.test(search)) return loadOne(search.toUpperCase());
    const status = filters.show === "open" ? { open: true } : { status: filters.show };
    return api.get("/orders", {
      ...status, from: filters.from, to: filters.to, purchase_order_number: search, account_id: filters.account, limit: PAGE, cursor,
    }, signal);
  }

  async function loadOne(orderId) {
    try {
      return { items: [await api.get(`/orders/${orderId}`, {}, signal)], next_cursor: null };
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return { items: [], next_cursor: null };
      throw error;
    }
  }

  /** Answers whether what is shown has changed. */
  async function look() {
    try {
      page = await load();
      fill(state);
    } catch (error) {
      if (signal.aborted) return false;
      if (error instanceof SignedOut) throw error;
      fill(state, notice("warn", `${reasonOf(error)} ${t("list.stale")}`));
      return false;
    }
    const now = JSON.stringify(page);
    if (now === shown) return false;
    shown = now;
    draw();
    return true;
  }

  function draw() {
    fill(table, page.items.length ? rows() : empty());
    fill(pages,
      earlier.length > 0 && h("button", { type: "button", "data-key": "earlier", onclick: () => turn(earlier.pop(), false) }, t("list.newer")),
      page.next_cursor && h("button", { type: "button", "data-key": "later", onclick: () => turn(page.next_cursor, true) }, t("list.older")));
  }

  function turn(to, isOlder) {
    if (isOlder) earlier.push(cursor);
    cursor = to;
    again();
    announce(t("list.turned"));
  }

  function rows() {
    const sitesOf = (order) => accounts.find((each) => each.account_id === order.account_id)?.sites;
    const showsAccount = isReseller && !filters.account;
    return h("table.orders", {},
      h("caption.visually-hidden", {}, t("nav.orders")),
      h("thead", {}, h("tr", {},
        [t("order.order"), showsAccount && t("order.account"), t("order.items"), t("order.status"), t("order.starts")].filter(Boolean)
          .map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, page.items.map((order) =>
        h(order.order_id === highlighted ? "tr.highlighted" : "tr", {},
          h("td.what", {},
            h("a.order-link", { href: `/orders/${order.order_id}`, "data-key": order.order_id }, order.purchase_order_number ?? orderName(order.order_id)),
            order.purchase_order_number && orderName(order.order_id),
            h("span.hint", {}, t("order.placed_on", { date: dayOf(order.placed_at) }))),
          showsAccount && h("td", { "data-label": t("order.account") }, accounts.find((each) => each.account_id === order.account_id)?.name ?? order.account_id),
          h("td", { "data-label": t("order.items") }, itemLines(order, sitesOf(order))),
          h("td", { "data-label": t("order.status") }, statusChip(order.status)),
          h("td.start", { "data-label": t("order.starts") }, startLines(order))))));
  }

  function empty() {
    const isFiltered = filters.show || filters.search || filters.from || filters.to;
    return isFiltered
      ? h("div.empty", {}, h("h2", {}, t("list.none_found")), h("p", {}, t("list.none_found_text")), h("button", { type: "button", onclick: reset }, t("list.reset")))
      : h("div.empty", {}, h("h2", {}, t("list.none_yet")), h("p", {}, t("list.none_yet_text")), h("a.button.primary", { href: "/orders/new" }, t("list.first")));
  }

  function reset() {
    Object.assign(filters, { show: "", search: "", from: "", to: "" });
    form.reset();
    markShown();
    startOver();
  }

  function startOver() {
    earlier = [];
    cursor = null;
    again();
  }

  const choices = h("div.choices", { role: "group", "aria-label": t("list.filter") },
    ["", "open", ...STATUSES].map((status) =>
      h("button.choice", { type: "button", "data-status": status, onclick: () => { filters.show = status; markShown(); startOver(); } },
        status === "" ? t("list.all") : status === "open" ? t("list.open") : statusLabel(status))));

  function markShown() {
    for (const each of choices.children) each.setAttribute("aria-pressed", String(each.dataset.status === filters.show));
  }

  let typing = null;
  const search = h("input", {
    type: "search", id: "search", placeholder: t("list.search_hint"), autocomplete: "off", spellcheck: "false",
    oninput: (event) => { filters.search = event.target.value; clearTimeout(typing); typing = setTimeout(startOver, 350); },
  });
  const dateField = (name) => h("label", {}, t(`list.${name}`),
    h("input", { type: "date", onchange: (event) => { filters[name] = event.target.value; startOver(); } }));
  const form = h("form.filters", { role: "search", onsubmit: (event) => { event.preventDefault(); clearTimeout(typing); startOver(); } },
    choices,
    h("div.search-row", {},
      h("label.grow", {}, t("list.search"), search),
      dateField("from"), dateField("to")));
  markShown();

  const accountChoice = isReseller && h("label.account-choice", {}, t("order.account"),
    h("select", { onchange: (event) => chooseAccount(event.target.value) },
      h("option", { value: "", selected: !filters.account }, t("list.all_accounts")),
      accounts.map((each) => h("option", { value: each.account_id, selected: each.account_id === filters.account }, each.name))));

  function chooseAccount(accountId) {
    filters.account = accountId;
    sessionStorage.setItem(CHOSEN_ACCOUNT, accountId);
    startOver();
  }

  async function download() {
    const answer = await api.getCsv("/orders", { ...(filters.show === "open" ? { open: true } : { status: filters.show }), from: filters.from, to: filters.to, account_id: filters.account });
    save(answer, "orders.csv");
  }

  await loadFirst();
  const again = poll(look, signal);
  if (isNew) {
    const dialog = await openNewOrder(context, filters.account || accounts[0].account_id);
    dialog.addEventListener("close", () => !signal.aborted && location.pathname === "/orders/new" && history.replaceState(null, "", "/orders"));
  }

  async function loadFirst() {
    page = await load();
    shown = JSON.stringify(page);
    draw();
  }

  return h("div.screen", {},
    trail([t("nav.administration")], [t("nav.orders")]),
    h("div.title-row", {},
      h("h1", {}, t("nav.orders")),
      accountChoice,
      h("div.actions", {},
        h("button", { type: "button", onclick: download }, t("list.csv")),
        h("a.button.primary", { href: "/orders/new", "data-key": "new" }, t("list.new")))),
    form, state, table, pages);
}

const itemLines = (order, sites) =>
  h("ul.item-lines", {}, order.items.slice(0, 4).map((item) =>
    h("li", {}, h("span.kind-name", {}, kindLabel(item.kind)), " ", h("span.hint", {}, itemDetail(item, sites)))),
  order.items.length > 4 && h("li.hint", {}, t("order.more_items", { count: order.items.length - 4 })));

function startLines(order) {
  if (order.status === "canceled") return "–";
  const dates = order.items.map((item) => item.confirmed_start_date ?? item.estimated_start.date).sort();
  const isConfirmed = order.items.every((item) => item.confirmed_start_date);
  const last = dates.at(-1);
  return [h("span.date", {}, dates[0] === last ? day(last) : t("order.from_to", { from: day(dates[0]), to: day(last) })),
    h("span.hint", {}, t(isConfirmed ? "estimate.confirmed" : "estimate.estimated"))];
}
