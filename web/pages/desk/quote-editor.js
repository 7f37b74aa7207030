/** The editor of a quote: lines with amounts, totals that follow every key, and a preview of the mail. */

import { AmountField } from "../../lib/amount-field.js";
import { Unreachable } from "../../lib/api.js";
import { checkFields, FormField, readAll, showFaults } from "../../lib/fields.js";
import { openBlob } from "../../lib/files.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { currencyName, day, money, t, today } from "../../lib/i18n.js";
import { minorDigits, write } from "../../lib/money.js";
import { isDelivered, itemDetail, itemKind } from "../../lib/orders/describe.js";
import { RECURRENCES, recurrenceLabel, Totals } from "../../lib/orders/quote-view.js";
import { errorText, faultText } from "../../lib/problems.js";
import { SignedOut } from "../../lib/session.js";
import { ActionButton, BusyButton, useOnce } from "../../lib/ui/button.js";
import { openDialog } from "../../lib/ui/dialog.js";
import { Field, Notes } from "../../lib/ui/field.js";
import { Notice } from "../../lib/ui/status.js";
import { toast } from "../../lib/ui/toast.js";
import { KeptNotice } from "../../lib/unsaved.js";
import { effect, html, signal, useEffect, useLayoutEffect, useMemo, useRef, useSignal } from "../../lib/view.js";
import { MailFrame } from "./mail-frame.js";
import { TextModuleChoice } from "./text-module-choice.js";

const MAX_LINES = LIMITS.NewQuote.lines.maxItems;
const LINE = ["description", "quantity", "unit_price", "recurrence"];

/** A quote that is being written: its fields, its lines and their totals. */
class Writing {
  /** It begins with `draft`, the API's proposal, or with `kept`, what was written before and not sent. */
  constructor(order, account, catalog, draft, kept) {
    const now = today(account.time_zone);
    const { message, terms } = LIMITS.NewQuote;
    this.order = order;
    this.account = account;
    this.catalog = catalog;
    this.kept = kept;
    this.currency = draft.currency;
    this.digits = minorDigits(draft.currency);
    this.known = new Set(draft.lines.map((line) => line.unit_price));
    const attributes = { min: now };
    this.validUntil = new FormField({
      name: "valid_until",
      label: t("editor.valid_until"),
      type: "date",
      required: true,
      value: kept ? kept.valid_until : draft.valid_until,
      attributes,
    });
    this.message = new FormField({
      name: "message",
      label: t("editor.message"),
      type: "textarea",
      value: kept ? kept.message : draft.message,
      limits: message,
      isWide: true,
    });
    this.terms = new FormField({
      name: "terms",
      label: t("quote.terms"),
      type: "textarea",
      value: kept ? kept.terms : draft.terms,
      hint: t("editor.terms_hint"),
      limits: terms,
      isWide: true,
    });
    const dateOf = (item) => draft.confirmed_start_dates[item.item_id] ?? item.confirmed_start_date ?? item.start_date;
    const confirmedOf = (item) => (kept ? kept.confirmed[item.item_id] : dateOf(item) < now ? now : dateOf(item));
    this.confirmed = Object.fromEntries(
      order.items.map((item) => [
        item.item_id,
        new FormField({
          name: `confirmed-${item.item_id}`,
          label: t("item.confirmed"),
          type: "date",
          value: confirmedOf(item),
          attributes,
        }),
      ]),
    );
    this.unpriced = order.items.filter((item) => draft.unpriced.includes(item.item_id));
    const priceless = this.unpriced.map((item) => ({
      item_id: item.item_id,
      description: this.nameOf(item),
      quantity: item.quantity ?? 1,
      recurrence: this.usualRecurrence(item),
    }));
    const sourced = draft.lines.map((line, index) => ({ ...line, source: draft.price_sources?.[index] ?? null }));
    const begun = kept?.lines[this.currency] ?? [...sourced, ...priceless, ...(kept?.extra ?? [])];
    this.lines = signal(begun.map((line) => this.newLine(line)));
  }

  /** What is delivered is charged once. */
  usualRecurrence(item) {
    return isDelivered(item, this.catalog) ? "once" : "monthly";
  }

  nameOf(item) {
    return `${itemKind(item)}, ${itemDetail(item, this.account.sites)}`;
  }

  /** A line of the form; `item_id` null is an extra line, which may be a discount. */
  newLine(begun) {
    const { item_id: itemId = null, description = "", quantity = 1, unit_price: price = "", recurrence } = begun;
    const { currency, known } = this;
    const options = RECURRENCES.map((each) => [each, recurrenceLabel(each)]);
    const judge = (units) => (itemId !== null && units < 0n ? t("fault.negative_price") : null);
    return {
      itemId,
      /** The list that the price is from, which holds while the price is that of the list. */
      source: begun.source ? { ...begun.source, unit_price: begun.source.unit_price ?? price } : null,
      description: new FormField({
        name: "description",
        label: t("quote.description"),
        required: true,
        value: description,
        limits: LIMITS.NewLine.description,
      }),
      quantity: new FormField({
        name: "quantity",
        label: t("quote.quantity"),
        type: "integer",
        required: true,
        value: quantity,
        limits: LIMITS.NewLine.quantity,
      }),
      unit_price: new AmountField({
        name: "unit_price",
        label: t("quote.unit_price"),
        required: true,
        value: price,
        currency,
        known,
        judge,
      }),
      recurrence: new FormField({
        name: "recurrence",
        label: t("quote.recurrence"),
        type: "select",
        required: true,
        value: recurrence ?? "monthly",
        options,
      }),
    };
  }

  addLine(item) {
    const line = this.newLine({
      item_id: item?.item_id ?? null,
      recurrence: item ? this.usualRecurrence(item) : "once",
    });
    this.lines.value = [...this.lines.value, line];
    return line;
  }

  removeLine(line) {
    this.lines.value = this.lines.value.filter((each) => each !== line);
  }

  amountOf(line) {
    const price = line.unit_price.units;
    return price === null || line.quantity.ownFault() ? null : price * BigInt(line.quantity.read());
  }

  sums() {
    const found = Object.fromEntries(RECURRENCES.map((each) => [each, 0n]));
    for (const line of this.lines.value) {
      const recurrence = line.recurrence.value.value;
      found[recurrence] = (found[recurrence] ?? 0n) + (this.amountOf(line) ?? 0n);
    }
    return found;
  }

  /** Returns the lines in the order of their items, extra lines last. */
  inOrder() {
    return [...this.order.items.map((item) => item.item_id), null].flatMap((id) =>
      this.lines.value.filter((line) => line.itemId === id),
    );
  }

  fields() {
    const ofLines = this.inOrder().flatMap((line) => LINE.map((name) => line[name]));
    return [...ofLines, ...Object.values(this.confirmed), this.validUntil, this.message, this.terms];
  }

  isSound() {
    return checkFields(this.fields()) && Object.values(this.sums()).every((units) => units >= 0n);
  }

  /** Returns the content of the form, valid or not, with the lines in each currency that was chosen. */
  written() {
    const raw = (line) => ({
      item_id: line.itemId,
      ...(line.source && { source: line.source }),
      ...Object.fromEntries(LINE.map((name) => [name, line[name].value.value])),
    });
    return {
      currency: this.currency,
      valid_until: this.validUntil.read(),
      message: this.message.read(),
      terms: this.terms.read(),
      confirmed: readAll(this.confirmed),
      lines: { ...this.kept?.lines, [this.currency]: this.lines.value.map(raw) },
    };
  }

  /** Changes the currency and keeps all but the prices; changing back restores the lines of this one. */
  writtenFor(currency) {
    const now = this.written();
    const extra = now.lines[this.currency]
      .filter((line) => line.item_id === null)
      .map((line) => ({ ...line, unit_price: "" }));
    return { ...now, currency, extra };
  }

  /** Returns the body of the request. */
  body() {
    return {
      valid_until: this.validUntil.read(),
      currency: this.currency,
      message: this.message.read(),
      ...(this.terms.read() && { terms: this.terms.read() }),
      lines: this.inOrder().map((line) => ({
        item_id: line.itemId,
        description: line.description.read(),
        quantity: line.quantity.read(),
        unit_price: line.unit_price.written(),
        recurrence: line.recurrence.read(),
      })),
      confirmed_start_dates: Object.fromEntries(Object.entries(readAll(this.confirmed)).filter(([, value]) => value)),
    };
  }
}

/**
 * `send(body)` sends the revision; `done()` is called after its 202. `previewed.mail(body)` and `previewed.pdf(body)`
 * request what the contact would get. `quoteIn(currency)` starts again in another of the `currencies`. `kept` is what
 * was written before and not sent, as `keep(written)` got it; `beginAnew()` drops that, and is null when the writer has
 * only now chosen this currency.
 */
export function QuoteEditor({
  order,
  account,
  modules,
  catalog,
  draft,
  currencies,
  quoteIn,
  kept,
  keep,
  beginAnew,
  send,
  previewed,
  done,
  cancel,
}) {
  const quote = useMemo(() => new Writing(order, account, catalog, draft, kept), []);
  const refusal = useSignal(null);
  const sending = useOnce();
  const looking = useOnce();
  const keeping = useRef(keep);
  keeping.current = keep; // stored under the number of the revision that is the next one by then
  const { currency } = quote;

  useEffect(() => {
    let isBegun = false;
    return effect(() => {
      const now = quote.written();
      if (isBegun) keeping.current(now);
      isBegun = true;
    });
  }, []);

  /** Does something with the quote as it is written; errors of the API are shown at their fields. */
  async function attempt(act, unreachable = "") {
    refusal.value = null;
    if (!quote.isSound()) return;
    const sent = quote.inOrder();
    try {
      await act(quote.body());
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      const faults = error.errors ?? [];
      const rest = showFaults(faults, (pointer) => {
        const [, first, second, third] = pointer.split("/");
        if (first === "lines") return sent[Number(second)]?.[third] ?? null;
        if (first === "confirmed_start_dates") return quote.confirmed[second];
        return { valid_until: quote.validUntil, message: quote.message, terms: quote.terms }[first];
      });
      const text = rest.length ? rest.map(faultText).join(" ") : faults.length ? t("editor.faulty") : errorText(error);
      refusal.value = text + (error instanceof Unreachable ? unreachable : "");
    }
  }

  function submit(event) {
    event.preventDefault();
    const sent = async (body) => {
      await send(body);
      done();
    };
    return sending.once(() => attempt(sent, ` ${t("editor.look_first")}`));
  }

  const look = () =>
    looking.once(() =>
      attempt(async (body) => {
        const { mail } = await previewed.mail(body);
        const content = () =>
          html`<${Preview} contact=${order.contact} mail=${mail} pdf=${() => previewed.pdf(body)} />`;
        openDialog({ className: "preview", title: t("editor.preview"), content });
      }),
    );

  function change(wanted) {
    keep(quote.writtenFor(wanted));
    quoteIn(wanted);
  }

  const revision = String((order.quote?.revision ?? 0) + 1);
  const { unpriced } = quote;
  return html`
    <form class="card editor" novalidate onSubmit=${submit}>
      <h2 tabindex="-1">${t(order.quote ? "editor.title_revision" : "editor.title", { revision })}</h2>
      <p class="hint">${t("editor.goes_to", { name: order.contact.name, email: order.contact.email })}</p>
      ${kept && beginAnew && html`<${KeptNotice} beginAnew=${beginAnew} />`}
      ${currencies.length > 1 && html`<${CurrencyChoice} currencies=${currencies} chosen=${currency} choose=${change} />`}
      ${
        unpriced.length > 0 &&
        html`
        <p class="hint">${t("editor.unpriced", { count: unpriced.length })} <a href="/desk/price-lists/${currency}">${t("prices.of", { currency })}</a></p>`
      }
      <div class="editor-lines">${[...order.items, null].map((item) => html`<${LineGroup} key=${item?.item_id ?? "extra"} quote=${quote} item=${item} />`)}</div>
      <div class="fields"><${Field} of=${quote.validUntil} /><div><${TextModuleChoice} modules=${modules} use="message" field=${quote.message} /><${Field} of=${quote.message} /></div></div>
      <details class="terms"><summary>${t("editor.own_terms")}</summary><${Field} of=${quote.terms} /></details>
      <div class="editor-foot">
        <${Sums} quote=${quote} />
        <div>${refusal.value && html`<${Notice} kind="bad">${refusal.value}</${Notice}>`}</div>
        <div class="actions">
          <${BusyButton} type="submit" class="primary" isBusy=${sending.isBusy.value}>${t(order.quote ? "editor.send_revision" : "editor.send", { revision })}</${BusyButton}>
          <${BusyButton} isBusy=${looking.isBusy.value} onClick=${look}>${t("editor.preview")}</${BusyButton}>
          ${cancel && html`<button type="button" onClick=${cancel}>${t("action.cancel")}</button>`}
        </div>
      </div>
    </form>`;
}

function CurrencyChoice({ currencies, chosen, choose }) {
  const field = useMemo(() => {
    const options = currencies.map((each) => [each, `${each} · ${currencyName(each)}`]);
    return new FormField({
      name: "currency",
      label: t("account.currency"),
      type: "select",
      required: true,
      value: chosen,
      options,
    });
  }, []);
  return html`<${Field} of=${field} attributes=${{ onChange: () => choose(field.value.value) }} />`;
}

/** The lines of an item, or the extra ones, which are of none. */
function LineGroup({ quote, item }) {
  const added = useRef(null);
  const own = quote.lines.value.filter((line) => line.itemId === (item?.item_id ?? null));
  useLayoutEffect(() => {
    added.current?.description.focus();
    added.current = null;
  });
  function add() {
    added.current = quote.addLine(item);
  }
  return html`
    <fieldset class="line-group">
      <legend>${item ? quote.nameOf(item) : t("editor.extra_lines")}</legend>
      ${own.map((line) => html`<${LineRow} key=${line.description.id} quote=${quote} line=${line} isRemovable=${item === null || own.length > 1} />`)}
      <div class="group-foot">
        ${item && html`<${Field} of=${quote.confirmed[item.item_id]} />`}
        ${quote.lines.value.length < MAX_LINES && html`<button class="small" type="button" onClick=${add}>${t(item ? "editor.add_line" : "editor.add_extra")}</button>`}
      </div>
    </fieldset>`;
}

function LineRow({ quote, line, isRemovable }) {
  const amount = quote.amountOf(line);
  const removed = t("editor.remove_line", { line: line.description.value.value || t("quote.description") });
  return html`
    <div class="line-row">
      <div class="line-head">
        <${Field} of=${line.description} />
        ${isRemovable && html`<button class="small" type="button" aria-label=${removed} onClick=${() => quote.removeLine(line)}>${t("action.remove")}</button>`}
      </div>
      <${Field} of=${line.quantity} hasNotes=${false} />
      <${Field} of=${line.unit_price} hasNotes=${false} />
      <${Field} of=${line.recurrence} />
      <div class="amount-cell">
        <span class="caption">${t("quote.amount")}</span>
        <output class="amount">${amount === null ? "–" : money(write(amount, quote.digits), quote.currency)}</output>
      </div>
      <${Notes} of=${line.quantity} /><${Notes} of=${line.unit_price} />
      <${Source} line=${line} currency=${quote.currency} account=${quote.account} />
    </div>`;
}

/** Which list the price of a line is from, as long as it is that price. */
function Source({ line: { source, unit_price: price }, currency, account }) {
  if (!source || price.value.value !== source.unit_price) return null;
  const { list, group, version, valid_from: since, from_quantity: quantity } = source;
  const whose = { account: { account_id: account.account_id }, group: { group } }[list];
  const address = `/desk/price-lists/${currency}${whose ? `?${new URLSearchParams(whose)}` : ""}`;
  const details = [
    t("history.version", { version: String(version) }),
    since && t("prices.source_since", { date: day(since) }),
    quantity && t("prices.source_from", { quantity }),
  ];
  return html`
    <p class="hint source"><a href=${address} target="_blank">${t(`prices.source.${list}`, { group })}</a> · ${details.filter(Boolean).join(" · ")}</p>`;
}

function Sums({ quote }) {
  const found = quote.sums();
  const totals = Object.fromEntries(Object.entries(found).map(([name, units]) => [name, write(units, quote.digits)]));
  const uncounted = quote.lines.value.filter((line) => quote.amountOf(line) === null).length;
  return html`
    <div role="status" aria-live="polite">
      <${Totals} totals=${totals} currency=${quote.currency} />
      ${uncounted > 0 && html`<p class="hint">${t("editor.without_lines", { count: uncounted })}</p>`}
      ${Object.values(found).some((units) => units < 0n) && html`<${Notice} kind="bad">${t("fault.total_below_zero")}</${Notice}>`}
    </div>`;
}

/** What the contact person would get. */
function Preview({ contact, mail, pdf }) {
  async function show() {
    try {
      openBlob(await pdf());
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      toast(errorText(error));
    }
  }
  return html`
    <div class="preview-body">
      <dl class="envelope">
        <div><dt>${t("editor.mail_to")}</dt><dd>${contact.name} ${`<${contact.email}>`}</dd></div>
        <div><dt>${t("editor.mail_subject")}</dt><dd>${mail.subject}</dd></div>
      </dl>
      <${MailFrame} mail=${mail.html} title=${t("editor.preview")} />
      <div class="actions">
        <${ActionButton} act=${show}>${t("editor.preview_pdf")}</${ActionButton}><span class="hint">${t("editor.preview_hint")}</span>
      </div>
    </div>`;
}
