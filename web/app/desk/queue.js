/** The desk's queue: what waits, oldest first, and who has it. */

import { Pages, writeQuery } from "../address.js";
import { Problem } from "../api.js";
import { announce, fill, h, isBusy, setBusy } from "../dom.js";
import { notice, reasonOf, toast } from "../forms.js";
import { poll } from "../polling.js";
import { SignedOut } from "../session.js";
import { trail } from "../shell.js";
import { either, instant, t } from "../words.js";
import { namedAccounts } from "./named-accounts.js";
import { STATUSES, accountName, ageMark, flagsOf, itemDetail, itemKind, orderName, passedStart, statusChip, statusLabel, urgency } from "../orders/describe.js";

const REMEMBERED = "online-orders.queue";
const PAGE = 25;

export async function showQueue(context) {
  const { api, session, signal, go, query } = context;
  const remembered = JSON.parse(sessionStorage.getItem(REMEMBERED) ?? "{}");
  const isAsked = ["status", "assignee", "account"].some((name) => query.has(name));
  const filters = isAsked
    ? { show: STATUSES.find((each) => each === query.get("status")) ?? "open", assignee: query.get("assignee") === "me" ? "me" : "", account: query.get("account") ?? "" }
    : { show: "open", assignee: "", account: "", ...remembered };
  const place = new Pages(query);
  let page = { items: [], next_cursor: null };
  let shown = "";
  const names = namedAccounts(api, signal);

  const table = h("div.results");
  const pages = h("nav.pages", { "aria-label": t("list.pages") });
  const state = h("div");

  async function load() {
    const status = filters.show === "open" ? { open: true } : { status: filters.show };
    const wanted = { ...status, assignee: filters.assignee, account_id: filters.account.trim(), limit: PAGE };
    try {
      return await api.get("/desk/orders", { ...wanted, cursor: place.cursor }, signal);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 404) return { items: [], next_cursor: null }; // there is no such account
      // A shared link may hold a colleague's place in the list, or one that has run out.
      if (error.code !== "invalid_cursor") throw error;
      place.first();
      write();
      return api.get("/desk/orders", wanted, signal);
    }
  }

  /** The address of what is shown; a step for the back button where the reader chose, none while he types. */
  function write(isStep = false) {
    writeQuery({ status: filters.show, assignee: filters.assignee, account: filters.account.trim(), cursor: place.cursor }, { isStep, state: { earlier: place.earlier } });
  }

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
    const now = JSON.stringify(page.items.map((order) => [order.order_id, order.version, order.updated_at, flagsOf(order)])) + page.next_cursor;
    const changed = now !== shown;
    shown = now;
    await names.learn(page.items);
    draw(); // ages grow all the time
    return changed;
  }

  function draw() {
    fill(table, page.items.length ? rows() : h("div.empty", {}, h("h2", {}, t("queue.none")), h("p", {}, t("queue.none_text"))));
    fill(pages,
      place.earlier.length > 0 && h("button", { type: "button", "data-key": "earlier", onclick: () => turn(() => place.newer()) }, t("queue.previous")),
      page.next_cursor && h("button", { type: "button", "data-key": "later", onclick: () => turn(() => place.older(page.next_cursor)) }, t("queue.next")));
  }

  async function turn(how) {
    how();
    write(true);
    await lookAnew();
    scrollTo(0, 0);
    announce(t("list.turned"));
  }

  function rows() {
    return h("table.orders.queue", {},
      h("caption.visually-hidden", {}, t("nav.queue")),
      h("thead", {}, h("tr", {}, [t("queue.age"), t("order.order"), t("order.items"), t("order.status"), t("order.assignee"), t("queue.actions")].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, page.items.map((order) => h(`tr.${urgency(order)}`, {},
        h("td", { "data-label": t("queue.age") }, ageMark(order), h("span.hint", {}, instant(order.placed_at))),
        h("td.what", {},
          h("a.order-link", { href: `/desk/orders/${order.order_id}`, "data-key": order.order_id }, accountName(order, names.get(order.account_id))),
          h("span.hint", {}, order.purchase_order_number ?? ""),
          orderName(order.order_id),
          order.source === "direct" && h("span.tag", {}, t("source.direct")),
          flagsOf(order).map((flag) => h("span.tag.flag", {}, either(`flag.${flag}`, flag))),
          order.items.some(passedStart) && h("span.tag.flag", {}, t("start_passed.tag"))),
        h("td", { "data-label": t("order.items") }, h("ul.item-lines", {}, order.items.slice(0, 3).map((item) => h("li", {}, h("span.kind-name", {}, itemKind(item)), " ", h("span.hint", {}, itemDetail(item, names.get(order.account_id)?.sites)))),
          order.items.length > 3 && h("li.hint", {}, t("order.more_items", { count: order.items.length - 3 })))),
        h("td", { "data-label": t("order.status") }, statusChip(order.status), order.quote && h("span.hint", {}, either(`quote_state.${order.quote.state}`, order.quote.state))),
        h("td", { "data-label": t("order.assignee") }, order.assignee ? (order.assignee.user_id === session.userId ? t("queue.me") : h("span.person", { title: order.assignee.email }, order.assignee.email.split("@")[0])) : h("span.hint", {}, t("queue.nobody"))),
        h("td.actions", {}, action(order))))));
  }

  function action(order) {
    const isMine = order.assignee?.user_id === session.userId;
    if (order.status === "submitted" || (order.status === "in_process" && !order.assignee)) {
      return h("button.small.primary", { type: "button", "data-key": `claim-${order.order_id}`, "aria-label": t("queue.claim_of", { order: order.account_id }), onclick: (event) => take(event.currentTarget, order) }, t("desk.claim"));
    }
    return h("a.button.small", { href: `/desk/orders/${order.order_id}`, "aria-label": t("queue.open_of", { order: order.account_id }) }, t(isMine ? "queue.go_on" : "queue.open"));
  }

  async function take(button, order) {
    if (isBusy(button)) return;
    setBusy(button, true);
    try {
      await api.post(`/desk/orders/${order.order_id}/claim`, {}, { "If-Match": `"${order.version}"` });
      announce(t("desk.claimed"));
      go(`/desk/orders/${order.order_id}`);
    } catch (error) {
      toast(error instanceof Problem && error.code === "version_mismatch" ? t("desk.someone_was_faster") : reasonOf(error));
      setBusy(button, false);
      again();
    }
  }

  function startOver({ isStep = true } = {}) {
    sessionStorage.setItem(REMEMBERED, JSON.stringify(filters));
    place.first();
    write(isStep);
    mark();
    lookAnew();
  }

  /** Shows that what is there is not what was asked for, until it is. */
  async function lookAnew() {
    table.setAttribute("aria-busy", "true");
    await again();
    table.removeAttribute("aria-busy");
  }

  const choices = h("div.choices", { role: "group", "aria-label": t("list.filter") },
    ["open", ...STATUSES].map((status) => h("button.choice", { type: "button", "data-value": status, onclick: () => { filters.show = status; startOver(); } }, status === "open" ? t("list.open") : statusLabel(status))));
  const whose = h("div.choices", { role: "group", "aria-label": t("order.assignee") },
    [["", t("queue.everyone")], ["me", t("queue.mine")]].map(([value, text]) => h("button.choice", { type: "button", "data-value": value, onclick: () => { filters.assignee = value; startOver(); } }, text)));

  function mark() {
    for (const each of choices.children) each.setAttribute("aria-pressed", String(each.dataset.value === filters.show));
    for (const each of whose.children) each.setAttribute("aria-pressed", String(each.dataset.value === filters.assignee));
  }

  let typing = null;
  const account = h("input", { type: "search", value: filters.account, placeholder: t("queue.account_hint"), autocomplete: "off", spellcheck: "false",
    oninput: (event) => { filters.account = event.target.value; clearTimeout(typing); typing = setTimeout(() => !signal.aborted && startOver({ isStep: false }), 400); } });
  const orderId = h("input", { type: "search", placeholder: t("queue.order_hint"), autocomplete: "off", spellcheck: "false" });
  const jump = (event) => {
    event.preventDefault();
    if (orderId.value.trim()) go(`/desk/orders/${encodeURIComponent(orderId.value.trim().toUpperCase())}`);
  };

  mark();
  write();
  page = await load();
  await names.learn(page.items);
  draw();
  const again = poll(look, signal);
  return h("div.screen", {},
    trail([t("nav.desk")], [t("nav.queue")]),
    h("div.title-row", {}, h("h1", {}, t("nav.queue"))),
    h("form.filters", { role: "search", onsubmit: jump },
      h("div.choice-rows", {}, whose, choices),
      h("div.search-row", {}, h("label.grow", {}, t("order.account"), account), h("label.grow", {}, t("order.id"), orderId), h("button", { type: "submit" }, t("queue.open")))),
    state, table, pages);
}
