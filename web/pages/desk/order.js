/** One order at the desk: what was ordered, beside the quote. */

import { accountPage } from "../../lib/address.js";
import { FormField } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { instant, t, tOr } from "../../lib/i18n.js";
import {
  Age,
  accountName,
  Closing,
  flagsOf,
  isOpen,
  may,
  OrderId,
  OrderNotices,
  Progress,
  StatusChip,
} from "../../lib/orders/describe.js";
import { QuoteCard } from "../../lib/orders/quote-view.js";
import { Timeline } from "../../lib/orders/timeline.js";
import { Watching } from "../../lib/orders/watch.js";
import { usePolled } from "../../lib/polled.js";
import { errorText, isOutdated } from "../../lib/problems.js";
import { SignedOut } from "../../lib/session.js";
import { ActionButton } from "../../lib/ui/button.js";
import { ask } from "../../lib/ui/dialog.js";
import { Notice, Trail, Waiting } from "../../lib/ui/status.js";
import { toast } from "../../lib/ui/toast.js";
import { unsaved } from "../../lib/unsaved.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useSignal } from "../../lib/view.js";
import { CommentForm, Items, OrderFacts } from "../customer/order.js";
import { Attachments } from "./attachments.js";
import { teamsOf } from "./colleagues.js";
import { Evidence, isDecisionByLink } from "./evidence.js";
import { HandOver } from "./hand-over.js";
import { askForAssignee, Handling } from "./handling.js";
import { Mails } from "./mails.js";
import { PresenceLine } from "./presence.js";
import { Proposal } from "./proposal.js";
import { DeskQuestions } from "./questions.js";
import { QuoteEditor } from "./quote-editor.js";
import { TextModuleChoice } from "./text-module-choice.js";

/** @param {import("screens").Context} context */
export async function showDeskOrder(context, orderId) {
  const { api, signal } = context;
  const path = { order_id: orderId };
  let evidence = [];
  let evidenceAfter = 0; // number of entries when it was read: each decision and each erasure makes one
  async function load() {
    const [order, entries] = await Promise.all([
      api.get("/desk/orders/{order_id}", { path, signal }),
      api.getAll("/desk/orders/{order_id}/timeline", { path, signal }),
    ]);
    if (entries.length !== evidenceAfter && entries.some(isDecisionByLink)) {
      evidence = await api.getAll("/desk/orders/{order_id}/evidence", { path, signal });
    }
    evidenceAfter = entries.length;
    return { order, entries, evidence };
  }
  const first = await load();
  const [account, teams] = await Promise.all([
    api.get("/desk/accounts/{account_id}", { path: { account_id: first.order.account_id }, signal }),
    teamsOf(api, signal),
  ]);
  return html`<${DeskOrder} context=${context} account=${account} teams=${teams} path=${path} first=${first} load=${load} />`;
}

/** @typedef {{ order: import("screens").DeskOrder, entries: import("screens").Entry[], evidence: import("screens").Evidence[] }} Shown */

/** Returns what counts as a change; ages grow all the time. */
const keyOf = ({ order, entries }) =>
  JSON.stringify([
    order.version,
    order.updated_at,
    order.actions,
    order.handling,
    flagsOf(order),
    order.items.map((item) => item.start_passed),
    entries.length,
  ]);

/** @param {{ context: import("screens").Context, account: import("screens").Account, teams: import("screens").Team[], path: { order_id: string }, first: Shown, load: () => Promise<Shown> }} props */
function DeskOrder({ context, account, teams, path, first, load }) {
  const { api, signal } = context;
  const { found, stale, again } = usePolled(first, load, { signal, keyOf });
  const { order, entries, evidence } = found.value;
  const modules = useTextModules(context, path, order.version);

  const send = async (text, internal) => {
    await api.post("/desk/orders/{order_id}/comment", { path, body: { text, internal } });
    again();
  };

  return html`
    <div class="screen wide">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.queue"), "/desk"], [accountName(order, account)]]} />
      <${Head} context=${context} order=${order} entries=${entries} account=${account} modules=${modules} path=${path} again=${again} />
      <div>${stale.value && html`<${Notice} kind="warn">${stale.value}</${Notice}>`}</div>
      <div class="columns desk">
        <div class="main-column"><${Items} order=${order} sites=${account.sites} catalog=${context.catalog} /></div>
        <div class="side-column quoting">
          <div>
            ${order.quote && html`<${QuoteCard} api=${api} order=${order} base="/desk" />`}
            ${order.delivery && html`<p class="hint">${deliveryText(order.delivery)}</p>`}
          </div>
          <${Proposal} context=${context} order=${order} path=${path} again=${again} />
          <${HandOver} context=${context} order=${order} path=${path} again=${again} />
          <${DeskQuestions} context=${context} order=${order} modules=${modules} path=${path} again=${again} />
          <${Writing} context=${context} order=${order} account=${account} modules=${modules} path=${path} again=${again} changes=${keyOf(found.value)} />
        </div>
        <div class="main-column">
          <${Handling} context=${context} order=${order} teams=${teams} path=${path} again=${again} />
          <aside class="card facts">
            <${OrderFacts} order=${order} account=${account} />
            <p><a href=${accountPage(account.account_id)}>${t("desk.to_account")}</a></p>
            <${Watching} context=${context} orderId=${order.order_id} base="/desk" />
          </aside>
          <section class="card">
            <h2>${t("timeline.title")}</h2>
            ${may(order, "comment") && html`<${CommentForm} orderId=${order.order_id} send=${send} limits=${LIMITS.NewDeskComment.text} mayBeInternal tools=${(field) => html`<${TextModuleChoice} modules=${modules} use="comment" field=${field} />`} />`}
            <${Timeline} entries=${entries} />
          </section>
          <${Attachments} context=${context} path=${path} evidence=${evidence} />
          ${evidence.length > 0 && html`<${Evidence} api=${api} path=${path} evidence=${evidence} />`}
          <${Mails} context=${context} path=${path} />
        </div>
      </div>
    </div>`;
}

/** Returns the text modules with the words of the order, loaded anew with each version of it. */
function useTextModules({ api, can, signal }, path, version) {
  const modules = useSignal(/** @type {import("screens").FilledTextModule[]} */ ([]));
  async function load() {
    try {
      modules.value = (await api.get("/desk/orders/{order_id}/text-modules", { path, signal })).text_modules;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof SignedOut) throw error;
      toast(errorText(error));
    }
  }
  useEffect(() => void (can("desk:orders") && load()), [version]);
  return modules.value;
}

const deliveryText = ({ state, recipient, at }) =>
  tOr(`delivery.${state}`, state, { email: recipient, at: instant(at) });

/**
 * The top of an order's page: where it is, its actions, and its notices.
 *
 * @param {{ context: import("screens").Context, order: import("screens").DeskOrder, entries: import("screens").Entry[], account: import("screens").Account, modules: import("screens").FilledTextModule[], path: { order_id: string }, again: () => Promise<void> }} props
 */
function Head({ context, order, entries, account, modules, path, again }) {
  const { api, session, signal } = context;
  const isMine = order.assignee?.user_id === session.userId;
  const isActing = useRef(false);

  /** Takes an action at once, on the shown version: `ask(headers)`; then `text` is announced. */
  async function act(ask, text) {
    if (isActing.current) return;
    isActing.current = true;
    try {
      await ask({ "If-Match": `"${order.version}"` });
      toast(text);
    } catch (error) {
      toast(isOutdated(error) ? t("desk.someone_was_faster") : errorText(error));
    }
    await again();
    isActing.current = false;
  }

  const claim = () =>
    act((headers) => api.post("/desk/orders/{order_id}/claim", { path, body: {}, headers }), t("desk.claimed"));
  const release = () =>
    act((headers) => api.post("/desk/orders/{order_id}/release", { path, body: {}, headers }), t("desk.released"));
  const undo = () =>
    act((headers) => api.post("/desk/orders/{order_id}/quote/undo", { path, body: {}, headers }), t("desk.undone"));

  async function assign() {
    try {
      await askForAssignee(context, order, async (assignee) => {
        const headers = { "If-Match": `"${order.version}"` };
        const after = await api.post("/desk/orders/{order_id}/assign", { path, body: { assignee }, headers });
        toast(t("handling.assigned", { email: after.assignee.email }));
        again();
      });
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      if (!signal.aborted) toast(errorText(error));
    }
  }

  const decline = () =>
    ask({
      title: t("desk.decline"),
      text: t("desk.decline_text"),
      fields: [
        new FormField({
          name: "reason",
          label: t("order.reason"),
          type: "textarea",
          required: true,
          limits: LIMITS.NeededReason.reason,
        }),
      ],
      tools: ([reason]) => html`<${TextModuleChoice} modules=${modules} use="decline" field=${reason} />`,
      action: t("desk.decline"),
      danger: true,
      act: async ({ reason }) => {
        await api.post("/desk/orders/{order_id}/decline", { path, body: { reason } });
        toast(t("desk.declined"));
        again();
      },
    });

  function resend() {
    const present = order.waits_for_contact ? null : order.contact;
    ask({
      title: t("desk.resend"),
      text: t("desk.resend_text"),
      fields: [
        new FormField({
          name: "name",
          label: t("contact.name"),
          required: true,
          value: present?.name,
          limits: LIMITS.Contact.name,
        }),
        new FormField({
          name: "email",
          label: t("contact.email"),
          type: "email",
          required: true,
          value: present?.email,
          limits: LIMITS.Contact.email,
        }),
      ],
      action: t("desk.resend"),
      act: async (contact) => {
        const isSame = contact.name === present?.name && contact.email === present?.email;
        await api.post("/desk/orders/{order_id}/resend", { path, body: isSame ? {} : { contact } });
        toast(t("desk.resent", { name: contact.name }));
        again();
      },
    });
  }

  const isQuoteGone =
    ["undeliverable", "expired"].includes(order.quote?.state) &&
    isOpen(order) &&
    !order.flags.includes("fresh_quote_asked");
  const number = order.purchase_order_number
    ? ` · ${t("order.purchase_order_number")}: ${order.purchase_order_number}`
    : "";
  return html`
    <div class="order-head">
      <div class="title-row">
        <h1>${accountName(order, account)}</h1>
        <${StatusChip} status=${order.status} />
        ${isOpen(order) && html`<${Age} order=${order} />`}
        <div class="actions">
          ${may(order, "claim") && !isMine && html`<${ActionButton} key="claim" class="primary" act=${claim}>${t(order.assignee ? "desk.take_over" : "desk.claim")}</${ActionButton}>`}
          ${may(order, "assign") && html`<${ActionButton} key="assign" act=${assign}>${t("handling.assign")}</${ActionButton}>`}
          ${may(order, "release") && isMine && html`<${ActionButton} key="release" act=${release}>${t("desk.release")}</${ActionButton}>`}
          ${may(order, "resend") && html`<button key="resend" type="button" onClick=${resend}>${t("desk.resend")}</button>`}
          ${may(order, "decline") && html`<button key="decline" class="danger" type="button" onClick=${decline}>${t("desk.decline")}</button>`}
        </div>
      </div>
      <p class="hint">${t("order.number")} <${OrderId} order=${order} />${number}</p>
      <${PresenceLine} context=${context} path=${path} />
      <${Progress} order=${order} />
      <${Closing} order=${order} entries=${entries} />
      ${
        order.undo_until &&
        html`
        <${Notice} kind="warn">
          <span>${t("desk.undo_text", { at: instant(order.undo_until) })}</span> <${ActionButton} act=${undo}>${t("desk.undo")}</${ActionButton}>
        </${Notice}>`
      }
      ${flagsOf(order).map((flag) => html`<${Notice} key=${flag} kind="warn">${tOr(`flag.${flag}.text`, flag)}</${Notice}>`)}
      <${OrderNotices} order=${order} base="/desk" />
      ${isQuoteGone && html`<${Notice} kind="warn">${t(`desk.quote_${order.quote.state}`)}</${Notice}>`}
      <${ChangeAsked} order=${order} entries=${entries} />
    </div>`;
}

function ChangeAsked({ order, entries }) {
  const asked = order.status === "in_process" && entries.findLast((entry) => entry.event === "order.change_requested");
  return (
    asked &&
    html`<${Notice} kind="warn"><strong>${t("desk.change_asked")}</strong><p class="said">${asked.data.reason ?? asked.data.text ?? ""}</p></${Notice}>`
  );
}

/**
 * The next revision while it is being written, or the buttons to write one. It stays while the order changes around it,
 * so that no half-written quote vanishes. `changes` changes whenever the order does.
 *
 * @param {{ context: import("screens").Context, order: import("screens").DeskOrder, account: import("screens").Account, modules: import("screens").FilledTextModule[], path: { order_id: string }, again: () => Promise<void>, changes: string }} props
 */
function Writing({ context, order, account, modules, path, again, changes }) {
  const kept = useMemo(() => unsaved(`quote.${order.order_id}`), []);
  const writing = useSignal(null);
  const count = useRef(0);
  const next = (order.quote?.revision ?? 0) + 1;
  const isUnasked = order.proposal || (order.quote && order.quote.state !== "change_requested");

  /** What was written here before and not sent, unless another revision was sent since. */
  function written() {
    const found = kept.read();
    return found?.revision === next ? found : null;
  }

  /**
   * Begins to write. `focused` is the selector of the element that gets the focus; `chosen` the currency that the
   * writer has just chosen.
   *
   * @param {string | null} focused
   * @param {string | null} chosen
   */
  function begin(focused = null, chosen = null) {
    count.current += 1;
    writing.value = { key: count.current, revision: next, focused, chosen };
  }

  function stop() {
    kept.forget();
    writing.value = null;
  }

  useLayoutEffect(() => {
    if (!may(order, "quote")) writing.value = null;
    else if (!writing.value && (!isUnasked || written())) begin();
  }, [changes]);

  function sent(isWaiting) {
    stop();
    toast(isWaiting ? t("proposal.asked") : t("desk.quote_on_its_way", { name: order.contact.name }));
    again();
  }

  if (order.status === "submitted") {
    if (!may(order, "claim")) return null;
    return html`<div><section class="card"><h2>${t("quote.title")}</h2><p class="nothing">${t("desk.claim_first")}</p></section></div>`;
  }
  const open = writing.value;
  if (!open) {
    const revise = html`<button class=${order.quote?.state === "expired" ? "primary" : undefined} type="button" onClick=${() => begin("h2")}>${t("desk.revise")}</button>`;
    return may(order, "quote") && isUnasked && html`<div>${revise}</div>`;
  }
  const meanwhile =
    open.revision !== next &&
    html`<${Notice} kind="warn">${t("desk.quoted_meanwhile", { revision: String(order.quote?.revision) })}</${Notice}>`;
  return html`
    <div>${meanwhile}</div>
    <div>
      <${Draft} key=${open.key} context=${context} order=${order} account=${account} modules=${modules} path=${path} opening=${open}
        kept=${written()} keep=${(content) => kept.keep({ ...content, revision: next })}
        beginAnew=${() => {
          kept.forget();
          begin("h2");
        }} quoteIn=${(currency) => begin("[name=currency]", currency)}
        retry=${() => begin("h2", open.chosen)} sent=${sent} cancel=${isUnasked ? stop : null} />
    </div>`;
}

/**
 * The editor, shown once the draft of the quote is loaded.
 *
 * @param {{ context: import("screens").Context, order: import("screens").DeskOrder, account: import("screens").Account, path: { order_id: string }, [rest: string]: any }} props
 */
function Draft({
  context: { api, catalog, signal },
  order,
  account,
  modules,
  path,
  opening,
  kept,
  keep,
  beginAnew,
  quoteIn,
  retry,
  sent,
  cancel,
}) {
  const loaded = useSignal(null);
  const box = useRef(null);
  const atFirst = useRef(kept);
  const isWaiting = useRef(false);

  async function load() {
    const currency = opening.chosen ?? atFirst.current?.currency;
    try {
      const [own, lists] = await Promise.all([
        api.get("/desk/orders/{order_id}/quote-draft", { path, signal }),
        api.getAll("/desk/price-lists", { signal }),
      ]);
      const currencies = [...new Set([own.currency, account.currency, ...lists.map((each) => each.currency)])];
      const isOther = currency && currency !== own.currency;
      const draft = isOther
        ? await api.get("/desk/orders/{order_id}/quote-draft", { path, query: { currency }, signal })
        : own;
      loaded.value = { draft, currencies };
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof SignedOut) throw error;
      loaded.value = { error };
    }
  }

  useEffect(() => void load(), []);
  useLayoutEffect(() => {
    if (loaded.value?.draft && opening.focused) box.current.querySelector(opening.focused)?.focus();
  }, [loaded.value]);

  const { draft, currencies, error } = loaded.value ?? {};
  if (error) {
    return html`
      <section class="card">
        <${Notice} kind="bad">${errorText(error)}</${Notice}><button type="button" onClick=${retry}>${t("action.retry")}</button>
      </section>`;
  }
  if (!draft) return html`<section class="card"><${Waiting} /></section>`;
  // On the shown version: a colleague's newer revision must not be replaced unseen.
  async function send(body) {
    const headers = { "If-Match": `"${order.version}"` };
    isWaiting.current = Boolean((await api.post("/desk/orders/{order_id}/quote", { path, body, headers })).proposal);
  }
  const previewed = {
    mail: (body) => api.post("/desk/orders/{order_id}/quote/preview", { path, body }),
    pdf: (body) => api.postForPdf("/desk/orders/{order_id}/quote/preview", { path, body }),
  };
  return html`
    <div ref=${box}>
      <${QuoteEditor} order=${order} account=${account} modules=${modules} catalog=${catalog} draft=${draft} currencies=${currencies} kept=${atFirst.current} keep=${keep}
        beginAnew=${opening.chosen ? null : beginAnew} quoteIn=${quoteIn} send=${send} previewed=${previewed} done=${() => sent(isWaiting.current)} cancel=${cancel} />
    </div>`;
}
