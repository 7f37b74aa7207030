/** The New Order panel: items are chosen, set, added, changed and removed, and submitted once. */

import { Problem, Unreachable } from "../api.js";
import { announce, fill, h, setBusy } from "../dom.js";
import { ask, faultText, field, notice, openDialog, reasonOf, showFaults, toast } from "../forms.js";
import { day, either, t, today } from "../words.js";
import { waiting } from "../shell.js";
import { duplicateText, itemDetail, kindLabel } from "./describe.js";
import { itemForm } from "./item-form.js";

const MOST_ITEMS = 50;

/** What is being put together for an account; it outlives a reload, and has one idempotency key for all its tries. */
class Draft {
  constructor(accountId, base) {
    this.#place = `online-orders.draft.${base}.${accountId}`;
    const kept = JSON.parse(sessionStorage.getItem(this.#place) ?? "null");
    Object.assign(this, kept ?? { key: crypto.randomUUID(), items: [], note: null, purchase_order_number: null });
  }

  #place;

  keep() {
    sessionStorage.setItem(this.#place, JSON.stringify(this));
  }

  discard() {
    sessionStorage.removeItem(this.#place);
  }
}

/**
 * The reader's own way to an order. `base` is "" for customers; at the desk it is "/desk", for an order by phone.
 * `closed()` follows when the panel is closed, be it before it is filled.
 */
export async function openNewOrder(context, accountId, { base = "", closed = null } = {}) {
  const { query } = context;
  const panel = h("div.panel-body", {}, waiting());
  const dialog = openDialog("dialog.sheet", t("new.title"), panel);
  if (closed) dialog.addEventListener("close", closed);
  const body = { account_id: accountId };
  if (!base && query.has("account_id")) body.account_id = query.get("account_id");
  let copied = null;
  let problem = null;
  if (query.has("copy")) {
    try {
      copied = await context.api.get(`${base}/orders/${encodeURIComponent(query.get("copy"))}`);
      body.account_id = copied.account_id;
    } catch (error) {
      problem = notice("bad", reasonOf(error));
    }
  }
  await draw(context, dialog, panel, body.account_id, base, copied);
  if (problem) panel.prepend(problem);
}

async function draw(context, dialog, panel, accountId, base, copied) {
  const { api, accounts, catalog, go } = context;
  // Asked anew: the contact or the enrollment may have changed since the page was opened.
  let account;
  try {
    account = await (base ? api.get(`/desk/accounts/${encodeURIComponent(accountId)}`) : api.get("/account", { account_id: accountId }));
  } catch (error) {
    const retry = h("button", { type: "button", onclick: () => { fill(panel, waiting()); draw(context, dialog, panel, accountId, base, copied); } }, t("action.retry"));
    fill(panel, notice("bad", reasonOf(error)), h("div", {}, retry));
    return;
  }
  const draft = new Draft(accountId, base);
  let left = [];
  if (copied) {
    const room = MOST_ITEMS - draft.items.length;
    draft.items.push(...copied.items.slice(0, room).map((item) => asAsked(item, account)));
    left = copied.items.slice(room);
    draft.keep();
    history.replaceState(null, "", location.pathname);
  }
  let faults = [];
  let warnings = [];
  let asked = 0; // previews; only the newest counts
  let isSending = false;

  const accountLine = !base && accounts.length > 1 && field({
    name: "account_id", label: t("order.account"), type: "select", required: true, value: accountId,
    options: accounts.map((each) => [each.account_id, each.name]),
  });
  accountLine?.control?.addEventListener("change", () => {
    fill(panel, waiting());
    draw(context, dialog, panel, accountLine.control.value, base, null);
  });

  const refusal = refusalOf(account, "h3");
  if (refusal) {
    fill(panel, accountLine && accountLine.root, refusal);
    return;
  }

  const list = h("div.draft");
  const chooser = h("div.chooser");
  const notCopied = left.length > 0 && notice("warn", t("new.not_copied", { count: left.length, most: MOST_ITEMS }),
    h("ul", {}, left.map((item) => h("li", {}, `${kindLabel(item.kind)}, ${itemDetail(item, account.sites)}`))));
  const said = h("div");
  const number = field({ name: "purchase_order_number", label: t("order.purchase_order_number"), value: draft.purchase_order_number, more: { maxlength: 64, autocomplete: "off" } });
  const note = field({ name: "note", label: t("order.note"), type: "textarea", value: draft.note, more: { maxlength: 2000 } });
  for (const each of [number, note]) {
    each.control.addEventListener("input", () => {
      draft[each.name] = each.read();
      draft.keep();
    });
  }
  const add = h("button", { type: "button", "aria-expanded": "false", hidden: draft.items.length >= MOST_ITEMS, onclick: () => (chooser.childElementCount ? closeChooser() : openKinds()) }, t("new.new_item"));
  const submit = h("button.primary.large", { type: "button", onclick: send }, t("new.submit"));

  function openKinds() {
    add.setAttribute("aria-expanded", "true");
    fill(chooser, h("div.kinds", { role: "group", "aria-label": t("new.choose_kind") },
      catalog.item_kinds.map(({ kind, label, schema }) =>
        h("button.kind", { type: "button", "data-kind": kind, onclick: () => edit(kind) },
          h("strong", {}, either(`kind.${kind}`, label)),
          h("span.hint", {}, either(`kind_text.${kind}`, schema.description ?? ""))))));
    chooser.querySelector("button").focus();
    chooser.scrollIntoView({ block: "nearest" });
  }

  function closeChooser() {
    fill(chooser);
    add.setAttribute("aria-expanded", "false");
    add.hidden = draft.items.length >= MOST_ITEMS;
    (add.hidden ? submit : add).focus();
  }

  /** Opens the form of a new item, or of the one at `index`. */
  function edit(kind, index = null) {
    const schema = catalog.item_kinds.find((each) => each.kind === kind)?.schema;
    if (!schema) {
      fill(said, notice("bad", `${kindLabel(kind)}: ${t("new.unknown_kind")}`));
      return;
    }
    add.setAttribute("aria-expanded", "true");
    const ofItem = index === null ? [] : faults.filter((each) => indexOf(each) === index);
    const form = itemForm({
      kind,
      schema,
      item: index === null ? {} : draft.items[index],
      account,
      draft: draft.items.filter((_, at) => at !== index),
      faults: Object.fromEntries(ofItem.map((each) => [each.pointer.split("/")[3], each])),
      isNew: index === null,
      done: (item) => {
        if (index === null) draft.items.push(item);
        else draft.items[index] = item;
        faults = faults.filter((each) => indexOf(each) !== index);
        changed(t(index === null ? "new.added" : "new.changed", { item: kindLabel(kind) }));
      },
      cancel: closeChooser,
    });
    fill(chooser, form);
    (form.querySelector("[aria-invalid]") ?? form.querySelector("select, input, button")).focus();
    form.scrollIntoView({ block: "nearest" });
  }

  function remove(index) {
    draft.items.splice(index, 1);
    faults = [];
    changed(t("new.removed"));
  }

  function changed(text) {
    draft.keep();
    fill(said);
    drawItems();
    closeChooser();
    announce(text);
    preview();
  }

  /** Asks the API what it has against the items, or knows of other orders for the same; placing judges again. */
  async function preview() {
    const mine = (asked += 1);
    const found = await previewOf(draft.items.map((item, index) => ({ item, index })));
    if (mine !== asked || !found) return;
    ({ faults, warnings } = found);
    drawItems();
  }

  /** Faults and warnings under the places of the items; null where the API cannot be asked. */
  async function previewOf(placed) {
    if (placed.length === 0) return { faults: [], warnings: [] };
    const moved = (each) => ({ ...each, pointer: each.pointer.replace(/^\/items\/(\d+)/, (_, at) => `/items/${placed[at].index}`) });
    try {
      const { warnings: known } = await api.post(`${base}/orders/preview`, { account_id: account.account_id, items: placed.map(({ item }) => item) });
      return { faults: [], warnings: known.map(moved) };
    } catch (error) {
      if (!(error instanceof Problem) && !(error instanceof Unreachable)) throw error;
      const against = (error.errors ?? []).filter((each) => indexOf(each) !== null).map(moved);
      const faulty = new Set(against.map(indexOf));
      const rest = faulty.size ? await previewOf(placed.filter(({ index }) => !faulty.has(index))) : null;
      return rest && { faults: [...against, ...rest.faults], warnings: rest.warnings };
    }
  }

  function drawItems() {
    submit.disabled = draft.items.length === 0;
    fill(list, draft.items.length === 0
      ? h("p.nothing", {}, t("new.nothing_yet"))
      : h("ol.draft-items", {}, draft.items.map((item, index) => {
        const found = faults.filter((each) => indexOf(each) === index);
        const known = warnings.find((each) => indexOf(each) === index);
        return h(found.length ? "li.faulty" : "li", {},
          h("div.what", {},
            h("strong", {}, kindLabel(item.kind)),
            h("span", {}, itemDetail(item, account.sites)),
            h("span.hint", {}, t("item.starts", { date: day(item.start_date) })),
            found.map((each) => h("span.fault", {}, faultText(each))),
            known && h("span.twin", {}, duplicateText(known, base))),
          h("div.actions", {},
            h("button.small", { type: "button", "data-key": `edit-${index}`, "aria-label": t("new.edit_item", { item: `${kindLabel(item.kind)}, ${itemDetail(item, account.sites)}` }), onclick: () => edit(item.kind, index) }, t("action.edit")),
            h("button.small", { type: "button", "data-key": `remove-${index}`, "aria-label": t("new.remove_item", { item: `${kindLabel(item.kind)}, ${itemDetail(item, account.sites)}` }), onclick: () => remove(index) }, t("action.remove"))));
      })));
  }

  async function send() {
    if (isSending) return;
    const open = chooser.querySelector(".item-form button[type=submit]");
    if (open) {
      fill(said, notice("bad", t("new.open_item", { action: open.textContent })));
      open.focus();
      return;
    }
    isSending = true;
    setBusy(submit, true);
    submit.textContent = t("new.sending");
    fill(said);
    for (const each of [number, note]) each.fault(null);
    const body = { account_id: account.account_id, items: draft.items, purchase_order_number: number.read(), note: note.read() };
    try {
      const order = await api.post(`${base}/orders`, body, { "Idempotency-Key": draft.key });
      draft.discard();
      dialog.close();
      go(base ? `${base}/orders/${order.order_id}` : `/orders?placed=${order.order_id}${accounts.length > 1 ? "&account=*" : ""}`, { replace: true });
      toast(t("new.placed", { contact: order.contact.name }), h("a", { href: `${base}/orders/${order.order_id}` }, t("new.see_order")));
    } catch (error) {
      explain(error);
    } finally {
      isSending = false;
      submit.textContent = t("new.submit");
      setBusy(submit, false);
    }
  }

  function explain(error) {
    if (error instanceof Problem && error.code === "idempotency_key_reused") {
      // An earlier try, whose answer was lost, did arrive; what was changed since then is another order.
      fill(said, notice("warn", t("new.arrived_before"), " ", h("a", { href: base || "/orders" }, t("new.see_orders")), " ",
        h("button.small", { type: "button", onclick: () => { draft.key = crypto.randomUUID(); draft.keep(); fill(said); } }, t("new.another"))));
      return;
    }
    if (!(error instanceof Problem) || error.errors.length === 0) {
      fill(said, notice("bad", reasonOf(error), error instanceof Unreachable || error.status >= 500 ? ` ${t("new.try_again")}` : ""));
      return;
    }
    const rest = showFaults(error.errors, (pointer) => [number, note].find((each) => pointer === `/${each.name}`));
    faults = rest.filter((each) => indexOf(each) !== null);
    const others = rest.filter((each) => indexOf(each) === null);
    fill(said, notice("bad", t("new.faulty", { count: error.errors.length }), others.length ? h("ul", {}, others.map((each) => h("li", {}, faultText(each)))) : null));
    drawItems();
    const first = faults.map(indexOf).sort((one, other) => one - other)[0];
    if (first !== undefined) edit(draft.items[first].kind, first);
  }

  fill(panel,
    accountLine && accountLine.root,
    contactBox(context, account, base),
    h("section", {}, h("div.section-head", {}, h("h3", {}, t("new.items")), add), notCopied, list, chooser),
    h("section.fields", {}, number.root, note.root),
    said,
    h("div.actions.end", {}, submit,
      h("button", { type: "button", onclick: () => { draft.discard(); dialog.close(); } }, t("new.discard"))));
  drawItems();
  (accountLine?.control ?? (add.hidden ? submit : add)).focus();
  await preview();
}

/** Who will be asked to confirm, with the way to say that this is out of date. */
function contactBox({ api, session }, account, base) {
  const { contact } = account.enrollment;
  const isOwn = !base && account.account_id === session.accountId;
  const report = () => ask({
    title: t("contact.report"),
    text: t("contact.report_text", { name: contact.name }),
    fields: [field({ name: "text", label: t("contact.what_is_right"), type: "textarea", required: true, more: { maxlength: 2000 } })],
    action: t("contact.send"),
    act: async ({ text }) => {
      await api.post("/account/contact-report", isOwn ? { text } : { text, account_id: account.account_id });
      toast(t("contact.reported"));
    },
  });
  return h("section.contact-box", {},
    h("p", {}, t("contact.quote_goes_to"), " ", h("strong", {}, contact.name), " ", h("span.address", {}, contact.email)),
    !base && h("button.small", { type: "button", onclick: report }, t("contact.out_of_date")));
}

/** Why an account cannot order, as the end of a text's key; null if it can. */
function whyNot(account) {
  if (!account.enrollment) return "no_enrollment";
  if (account.enrollment.state !== "active") return "suspended";
  return account.enrollment.contact ? null : "no_contact";
}

/** Says why an account cannot order and what to do about it; null if it can. `heading` is the tag of its title. */
export function refusalOf(account, heading) {
  const why = whyNot(account);
  return why && notice("bad", h(heading, {}, t("new.not_enrolled")), h("p", {}, t(`new.${why}`)), h("p", {}, t("new.what_to_do")));
}

/** What was asked for once, to be asked for again: a date that has passed becomes today. */
function asAsked({ item_id, status, site, labels, start_passed, confirmed_start_date, estimated_start, ...item }, account) {
  const now = today(account.time_zone);
  return { ...item, start_date: item.start_date < now ? now : item.start_date };
}

/** The item that a fault points to or below; null for a fault elsewhere. */
function indexOf({ pointer }) {
  const match = /^\/items\/(\d+)(\/|$)/.exec(pointer);
  return match ? Number(match[1]) : null;
}
