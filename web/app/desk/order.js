/** One order at the desk: what was asked for beside the quote that answers it. */

import { accountPage } from "../address.js";
import { Problem } from "../api.js";
import { fill, h, setBusy } from "../dom.js";
import { ask, field, notice, reasonOf, toast } from "../forms.js";
import { poll } from "../polling.js";
import { SignedOut } from "../session.js";
import { trail, waiting } from "../shell.js";
import { unsaved } from "../unsaved.js";
import { either, instant, t } from "../words.js";
import { OPEN, accountName, ageMark, flagsOf, orderName, progress, statusChip } from "../orders/describe.js";
import { closedText, commentForm, factsOf, itemsTable, orderNotices } from "../orders/order.js";
import { quoteCard } from "../orders/quote-view.js";
import { timelineView } from "../orders/timeline.js";
import { evidenceCard, isDecisionByLink } from "./evidence.js";
import { quoteEditor } from "./quote-editor.js";

const RESENT = new Set(["sending", "offered", "undeliverable"]);

export async function showDeskOrder(context, orderId) {
  const { api, session, signal } = context;
  const path = `/desk/orders/${encodeURIComponent(orderId)}`;
  let evidence = [];
  let evidenceAfter = 0; // how many entries there were when it was read: each decision makes one, and so does each erasure
  async function load() {
    const found = await Promise.all([api.get(path, {}, signal), api.getAll(`${path}/timeline`, {}, signal)]);
    const { length } = found[1];
    if (length !== evidenceAfter && found[1].some(isDecisionByLink)) evidence = await api.getAll(`${path}/evidence`, {}, signal);
    evidenceAfter = length;
    return found;
  }
  let [order, entries] = await load();
  const account = await api.get(`/desk/accounts/${encodeURIComponent(order.account_id)}`, {}, signal);
  const keyOf = () => JSON.stringify([order.version, order.updated_at, flagsOf(order), order.items.map((item) => item.start_passed), entries.length]);
  let shown = keyOf();
  let isActing = false;
  let currencies = null;
  let begunAs = null; // the revision that is being written
  const quoteKept = unsaved(`quote.${orderId}`);
  let editor = null; // kept while the order goes on around it: nobody wants half a quote to vanish

  const head = h("div.order-head");
  const state = h("div");
  const items = h("section.card");
  const quote = h("div");
  const editing = h("div");
  const meanwhile = h("div");
  const facts = h("aside.card.facts");
  const history = h("div");
  const comments = h("div");
  const proof = h("div");

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
    const now = keyOf();
    if (now === shown) return false;
    shown = now;
    draw();
    return true;
  }

  const isMine = () => order.assignee?.user_id === session.userId;
  // Of a first quote that could not be sent at all, or that waited for a contact, the order is still in process.
  const isUnsent = () => order.status === "in_process" && (order.quote?.state === "undeliverable" || (order.waits_for_contact && order.quote?.state === "sending"));
  const mayResend = () => isUnsent() || (order.status === "pending_confirmation" && RESENT.has(order.quote?.state));
  const mayQuote = () => ["in_process", "pending_confirmation"].includes(order.status);

  function draw() {
    const { status } = order;
    fill(head,
      h("div.title-row", {},
        h("h1", {}, accountName(order, account)),
        statusChip(status),
        OPEN.includes(status) && ageMark(order),
        h("div.actions", {},
          (status === "submitted" || (status === "in_process" && !isMine())) && h("button.primary", { type: "button", "data-key": "claim", onclick: (event) => act(event, "claim", t("desk.claimed")) }, t(order.assignee ? "desk.take_over" : "desk.claim")),
          status === "in_process" && isMine() && h("button", { type: "button", "data-key": "release", onclick: (event) => act(event, "release", t("desk.released")) }, t("desk.release")),
          mayResend() && h("button", { type: "button", "data-key": "resend", onclick: resend }, t("desk.resend")),
          OPEN.includes(status) && h("button.danger", { type: "button", "data-key": "decline", onclick: decline }, t("desk.decline")))),
      h("p.hint", {}, t("order.id"), " ", orderName(order.order_id), order.purchase_order_number ? ` · ${t("order.purchase_order_number")}: ${order.purchase_order_number}` : ""),
      progress(order),
      order.closed && notice(status === "completed" ? "good" : "warn", closedText(order, entries)),
      order.undo_until && notice("warn",
        h("span", {}, t("desk.undo_text", { at: instant(order.undo_until) })), " ",
        h("button", { type: "button", "data-key": "undo", onclick: (event) => act(event, "quote/undo", t("desk.undone")) }, t("desk.undo"))),
      flagsOf(order).map((flag) => notice("warn", either(`flag.${flag}.text`, flag))),
      orderNotices(order, "/desk"),
      ["undeliverable", "expired"].includes(order.quote?.state) && OPEN.includes(status) && !order.flags.includes("fresh_quote_asked") && notice("warn", t(`desk.quote_${order.quote.state}`)),
      changeAsked());
    fill(items, h("h2", {}, t("order.items")), itemsTable(order, account.sites));
    fill(quote,
      order.quote && quoteCard(context, order, "/desk"),
      order.delivery && h("p.hint", {}, either(`delivery.${order.delivery.state}`, order.delivery.state, { email: order.delivery.recipient, at: instant(order.delivery.at) })));
    fill(facts, factsOf(order, account),
      h("p", {}, h("a", { href: accountPage(account.account_id) }, t("desk.to_account"))));
    fill(history, timelineView(entries));
    fill(proof, evidence.length > 0 && evidenceCard(evidence));
    if (!OPEN.includes(status)) fill(comments);
    drawEditor();
  }

  const nextRevision = () => (order.quote?.revision ?? 0) + 1;

  /** What was written here before and not sent, unless another revision has gone out since. */
  function keptQuote() {
    const written = quoteKept.read();
    return written?.revision === nextRevision() ? written : null;
  }

  function changeAsked() {
    if (order.status !== "in_process") return null;
    const asked = entries.findLast((entry) => entry.event === "order.change_requested");
    return asked && notice("warn", h("strong", {}, t("desk.change_asked")), h("p.said", {}, asked.data.reason ?? asked.data.text ?? ""));
  }

  function drawEditor() {
    fill(meanwhile, editor && begunAs !== nextRevision() && notice("warn", t("desk.quoted_meanwhile", { revision: String(order.quote.revision) })));
    if (!mayQuote()) {
      editor = null;
      fill(editing, order.status === "submitted" && h("section.card", {}, h("h2", {}, t("quote.title")), h("p.nothing", {}, t("desk.claim_first"))));
    } else if (!editor && order.quote && order.quote.state !== "change_requested" && !keptQuote()) {
      fill(editing, h(order.quote.state === "expired" ? "button.primary" : "button", { type: "button", "data-key": "revise", onclick: () => openEditor("h2") }, t("desk.revise")));
    } else if (!editor) openEditor(null);
  }

  /**
   * `focused`: where the focus goes, a selector, or null. `chosen`: the currency that the writer has just chosen;
   * otherwise it is the one of what he wrote before, or the draft's own.
   */
  async function openEditor(focused, chosen = null) {
    const currency = chosen ?? keptQuote()?.currency;
    const opening = h("section.card", {}, waiting());
    editor = opening;
    begunAs = nextRevision();
    fill(meanwhile);
    fill(editing, editor);
    let draft;
    try {
      const [own, lists] = await Promise.all([api.get(`${path}/quote-draft`, {}, signal), currencies ?? api.getAll("/desk/price-lists", {}, signal)]);
      currencies ??= [...new Set([own.currency, account.currency, ...lists.map((each) => each.currency)])];
      draft = currency && currency !== own.currency ? await api.get(`${path}/quote-draft`, { currency }, signal) : own;
    } catch (error) {
      if (signal.aborted || editor !== opening) return;
      if (error instanceof SignedOut) throw error;
      fill(opening, notice("bad", reasonOf(error)), h("button", { type: "button", onclick: () => openEditor("h2", chosen) }, t("action.retry")));
      return;
    }
    if (signal.aborted || editor !== opening) return;
    editor = quoteEditor({
      order,
      account,
      draft,
      currencies,
      kept: keptQuote(),
      keep: (written) => quoteKept.keep({ ...written, revision: nextRevision() }),
      beginAnew: chosen ? null : () => {
        quoteKept.forget();
        openEditor("h2");
      },
      quoteIn: (wanted) => openEditor("[name=currency]", wanted),
      // On what is shown: a colleague's revision of the last second is not to be replaced unseen.
      send: (body) => api.post(`${path}/quote`, body, { "If-Match": `"${order.version}"` }),
      previewed: {
        mail: (body) => api.post(`${path}/quote/preview`, body),
        paper: (body) => api.postForPdf(`${path}/quote/preview`, body),
      },
      done: () => {
        quoteKept.forget();
        editor = null;
        toast(t("desk.quote_on_its_way", { name: order.contact.name }));
        again();
      },
      cancel: order.quote && order.quote.state !== "change_requested" ? () => { quoteKept.forget(); editor = null; drawEditor(); } : null,
    });
    fill(editing, editor);
    if (focused) editor.querySelector(focused).focus();
  }

  async function act({ currentTarget: button }, verb, text) {
    if (isActing) return;
    isActing = true;
    setBusy(button, true);
    try {
      await api.post(`${path}/${verb}`, {}, { "If-Match": `"${order.version}"` });
      toast(text);
    } catch (error) {
      toast(error instanceof Problem && error.code === "version_mismatch" ? t("desk.someone_was_faster") : reasonOf(error));
    }
    await again();
    isActing = false;
    setBusy(button, false);
  }

  const decline = () => ask({
    title: t("desk.decline"),
    text: t("desk.decline_text"),
    fields: [field({ name: "reason", label: t("order.reason"), type: "textarea", required: true, more: { maxlength: 1000 } })],
    action: t("desk.decline"),
    danger: true,
    act: async ({ reason }) => {
      await api.post(`${path}/decline`, { reason });
      toast(t("desk.declined"));
      again();
    },
  });

  const resend = () => ask({
    title: t("desk.resend"),
    text: t("desk.resend_text"),
    fields: [
      field({ name: "name", label: t("contact.name"), required: true, value: order.waits_for_contact ? null : order.contact.name, more: { maxlength: 200 } }),
      field({ name: "email", label: t("contact.email"), type: "email", required: true, value: order.waits_for_contact ? null : order.contact.email, more: { maxlength: 254 } }),
    ],
    action: t("desk.resend"),
    act: async (contact) => {
      const isSame = contact.name === order.contact.name && contact.email === order.contact.email;
      await api.post(`${path}/resend`, isSame && !order.waits_for_contact ? {} : { contact });
      toast(t("desk.resent", { name: contact.name }));
      again();
    },
  });

  const again = poll(look, signal);
  fill(comments, commentForm(orderId, (text, internal) => api.post(`${path}/comment`, { text, internal }).then(() => again()), { mayBeInternal: true }));
  draw();
  return h("div.screen.wide", {},
    trail([t("nav.desk")], [t("nav.queue"), "/desk"], [accountName(order, account)]),
    head, state,
    h("div.columns.desk", {},
      h("div.main-column", {}, items),
      h("div.side-column.quoting", {}, quote, meanwhile, editing),
      h("div.main-column", {}, facts, h("section.card", {}, h("h2", {}, t("timeline.title")), comments, history), proof)));
}
