/** Online Orders: the table of orders. */

import { Pages, writeQuery } from "../address.js";
import { Problem } from "../api.js";
import { announce, fill, h, isBusy, save, setBusy } from "../dom.js";
import { notice, reasonOf, toast } from "../forms.js";
import { poll } from "../polling.js";
import { SignedOut } from "../session.js";
import { trail } from "../shell.js";
import { day, dayOf, shownZone, spoken, t } from "../words.js";
import { STATUSES, accountName, itemDetail, itemKind, orderName, statusChip, statusLabel } from "./describe.js";
import { openNewOrder, refusalOf } from "./new-order.js";

const CHOSEN_ACCOUNT = "online-orders.account";
const ALL_ACCOUNTS = "*"; // which is no account's id
const ORDER_ID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i;
const PAGE = 25;

export async function showOrders(context, isNew) {
  const { api, accounts, signal, query } = context;
  const isReseller = accounts.length > 1;
  const wantedAccount = query.get("account") ?? sessionStorage.getItem(CHOSEN_ACCOUNT);
  const filters = {
    show: ["open", ...STATUSES].find((each) => each === query.get("status")) ?? "",
    search: query.get("search") ?? "",
    from: dateIn(query.get("from")),
    to: dateIn(query.get("to")),
    account: isReseller && accounts.some((each) => each.account_id === wantedAccount) ? wantedAccount : "",
  };
  const place = new Pages(query);
  let page = { items: [], next_cursor: null };
  let highlighted = query.get("placed");
  let shown = "";

  const table = h("div.results");
  const pages = h("nav.pages", { "aria-label": t("list.pages") });
  const state = h("p.freshness", {});

  async function load() {
    const search = filters.search.trim();
    if (ORDER_ID.test(search)) return loadOne(search.toUpperCase());
    try {
      return await api.get("/orders", { ...wanted(), limit: PAGE, cursor: place.cursor }, signal);
    } catch (error) {
      // A shared link may hold another reader's place in the list, or one that has run out.
      if (!(error instanceof Problem) || error.code !== "invalid_cursor") throw error;
      place.first();
      write();
      return api.get("/orders", { ...wanted(), limit: PAGE }, signal);
    }
  }

  function wanted() {
    const status = filters.show === "open" ? { open: true } : { status: filters.show };
    // The days are those that the table shows.
    const days = (filters.from || filters.to) && { time_zone: shownZone() };
    return { ...status, ...days, from: filters.from, to: filters.to, purchase_order_number: filters.search.trim(), account_id: filters.account };
  }

  /** The address of what is shown; a step for the back button where the reader chose, none while he types. */
  function write(isStep = false) {
    if (isNew && location.pathname === "/orders/new") return;
    const { show, search: text, from, to, account } = filters;
    writeQuery({ status: show, search: text.trim(), from, to, account: isReseller ? account || ALL_ACCOUNTS : "", placed: highlighted, cursor: place.cursor },
      { isStep, state: { earlier: place.earlier } });
    newLink.href = `/orders/new${location.search}`;
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
      place.earlier.length > 0 && h("button", { type: "button", "data-key": "earlier", onclick: () => turn(() => place.newer()) }, t("list.newer")),
      page.next_cursor && h("button", { type: "button", "data-key": "later", onclick: () => turn(() => place.older(page.next_cursor)) }, t("list.older")));
  }

  async function turn(how) {
    how();
    write(true);
    await lookAnew();
    scrollTo(0, 0);
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
          showsAccount && h("td", { "data-label": t("order.account") }, accountName(order, accounts.find((each) => each.account_id === order.account_id))),
          h("td", { "data-label": t("order.items") }, itemLines(order, sitesOf(order))),
          h("td", { "data-label": t("order.status") }, statusChip(order.status)),
          h("td.start", { "data-label": t("order.starts") }, startLines(order))))));
  }

  function empty() {
    const isFiltered = filters.show || filters.search || filters.from || filters.to;
    const refusal = accounts.length === 1 && refusalOf(accounts[0], "h2");
    if (refusal && !isFiltered) return h("div.refused", {}, refusal);
    return isFiltered
      ? h("div.empty", {}, h("h2", {}, t("list.none_found")), h("p", {}, t("list.none_found_text")), h("button", { type: "button", onclick: reset }, t("list.reset")))
      : h("div.empty", {}, h("h2", {}, t("list.none_yet")), h("p", {}, t("list.none_yet_text")), h("a.button.primary", { href: "/orders/new" }, t("list.first")));
  }

  function reset() {
    Object.assign(filters, { show: "", search: "", from: "", to: "" });
    for (const each of form.querySelectorAll("input")) each.value = "";
    markShown();
    startOver();
  }

  function startOver({ isStep = true } = {}) {
    highlighted = null;
    place.first();
    write(isStep);
    lookAnew();
  }

  /** Shows that what is there is not what was asked for, until it is. */
  async function lookAnew() {
    table.setAttribute("aria-busy", "true");
    await again();
    table.removeAttribute("aria-busy");
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
    oninput: (event) => { filters.search = event.target.value; clearTimeout(typing); typing = setTimeout(() => !signal.aborted && startOver({ isStep: false }), 350); },
    value: filters.search,
  });
  const dateField = (name) => h("label", {}, t(`list.${name}`),
    h("input", { type: "date", value: filters[name], onchange: (event) => { filters[name] = event.target.value; startOver(); } }));
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

  async function download({ currentTarget: button }) {
    if (isBusy(button)) return;
    setBusy(button, true);
    try {
      save(await api.getCsv("/orders", wanted(), spoken()), "orders.csv");
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      toast(reasonOf(error));
    } finally {
      setBusy(button, false);
    }
  }

  const newLink = h("a.button.primary", { href: "/orders/new", "data-key": "new" }, t("list.new"));
  write();

  await loadFirst();
  const again = poll(look, signal);
  if (isNew) {
    const closed = () => {
      if (signal.aborted || location.pathname !== "/orders/new") return;
      history.replaceState(null, "", "/orders");
      write();
    };
    await openNewOrder(context, filters.account || accounts[0].account_id, { closed });
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
        newLink)),
    form, state, table, pages);
}

const dateIn = (text) => (/^\d{4}-\d{2}-\d{2}$/.test(text ?? "") ? text : "");

const itemLines = (order, sites) =>
  h("ul.item-lines", {}, order.items.slice(0, 4).map((item) =>
    h("li", {}, h("span.kind-name", {}, itemKind(item)), " ", h("span.hint", {}, itemDetail(item, sites)))),
  order.items.length > 4 && h("li.hint", {}, t("order.more_items", { count: order.items.length - 4 })));

/** A day that is not broken over two lines. */
const whole = (iso) => day(iso).replaceAll(" ", "\u00a0");

function startLines(order) {
  if (order.status === "canceled") return "–";
  const dates = order.items.map((item) => item.confirmed_start_date ?? item.estimated_start.date).sort();
  const isConfirmed = order.items.every((item) => item.confirmed_start_date);
  const last = dates.at(-1);
  return [h("span.date", {}, dates[0] === last ? whole(last) : t("order.from_to", { from: whole(dates[0]), to: whole(last) })),
    h("span.hint", {}, t(isConfirmed ? "estimate.confirmed" : "estimate.estimated"))];
}
