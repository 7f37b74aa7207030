/** The editor of a quote: lines with amounts, totals that follow every key, and a preview of the mail. */

import { Unreachable } from "../../lib/api.js";
import { checkFields, FormField, showFaults } from "../../lib/fields.js";
import { openBlob } from "../../lib/files.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { currencyName, day, money, t } from "../../lib/i18n.js";
import { write } from "../../lib/money.js";
import { amountNotes, daysText, discountText, taxText } from "../../lib/orders/quote-text.js";
import { QuoteTotals } from "../../lib/orders/quote-view.js";
import { errorText, faultText } from "../../lib/problems.js";
import { SignedOut } from "../../lib/session.js";
import { readTax, shownTax } from "../../lib/tax-fields.js";
import { ActionButton, BusyButton, useOnce } from "../../lib/ui/button.js";
import { openDialog } from "../../lib/ui/dialog.js";
import { Field, Notes } from "../../lib/ui/field.js";
import { Notice } from "../../lib/ui/status.js";
import { toast } from "../../lib/ui/toast.js";
import { KeptNotice } from "../../lib/unsaved.js";
import { effect, html, useEffect, useLayoutEffect, useMemo, useRef, useSignal } from "../../lib/view.js";
import { MailFrame } from "./mail-frame.js";
import { moreOf, Writing } from "./quote-writing.js";
import { TextModuleChoice } from "./text-module-choice.js";

const MAX_LINES = LIMITS.NewQuote.lines.maxItems;
const ASK_AFTER_MILLISECONDS = 500;

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

  useAmounts(quote, previewed.mail);

  /** Does something with the quote as it is written; errors of the API are shown at their fields. */
  async function attempt(act, unreachable = "") {
    refusal.value = null;
    if (!checkFields(quote.fields()) || isBelowZero(quote)) return;
    const sent = quote.inOrder();
    try {
      await act(quote.body());
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      const faults = error.errors ?? [];
      const rest = showFaults(faults, (pointer) => quote.at(pointer, sent));
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
      <${Whole} quote=${quote} />
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
    const line = added.current;
    (line?.description.value.value ? line.unit_price : line?.description)?.focus();
    added.current = null;
  });
  function add() {
    added.current = quote.addLine(item);
  }
  function addSetup() {
    added.current = quote.addSetup(item, own[0]);
  }
  const mayAdd = quote.lines.value.length < MAX_LINES;
  const needsSetup = item && own.length > 0 && own.every((line) => line.recurrence.value.value !== "once");
  return html`
    <fieldset class="line-group">
      <legend>${item ? quote.nameOf(item) : t("editor.extra_lines")}</legend>
      ${own.map((line) => html`<${LineRow} key=${line.description.id} quote=${quote} line=${line} isRemovable=${item === null || own.length > 1} />`)}
      <div class="group-foot">
        ${item && html`<${Field} of=${quote.confirmed[item.item_id]} />`}
        ${
          mayAdd &&
          html`
          <div class="actions">
            <button class="small" type="button" onClick=${add}>${t(item ? "editor.add_line" : "editor.add_extra")}</button>
            ${needsSetup && html`<button class="small" type="button" onClick=${addSetup}>${t("editor.add_setup")}</button>`}
          </div>`
        }
      </div>
    </fieldset>`;
}

function LineRow({ quote, line, isRemovable }) {
  const { amount, isStale, notes } = amountShown(quote, line);
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
        <output class=${isStale ? "amount stale" : "amount"}>${amount === null ? "–" : money(amount, quote.currency)}</output>
      </div>
      <${Notes} of=${line.quantity} /><${Notes} of=${line.unit_price} />
      <${Source} line=${line} currency=${quote.currency} account=${quote.account} />
      ${notes.length > 0 && html`<p class="hint source">${notes.join(" · ")}</p>`}
      <${More} quote=${quote} line=${line} />
    </div>`;
}

/** Returns what stands as the amount of a line, whether it is one of before, and how it comes about. */
function amountShown(quote, line) {
  if (quote.isPlain) {
    const units = quote.amountOf(line);
    return { amount: units === null ? null : write(units, quote.digits), isStale: false, notes: [] };
  }
  const { isStale } = quote;
  const answered = quote.answeredLine(line);
  const notes = answered && !isStale ? amountNotes(answered, quote.currency) : [];
  return { amount: answered?.amount ?? null, isStale, notes };
}

/** What most lines leave empty; its heading says what is not. */
function More({ quote, line }) {
  const [starts, ends, term, prorate] = moreOf(line);
  const { discount, optional, selected, option_group: group, unit_cost: cost, message, tax } = line;
  return html`
    <details class="line-more">
      <summary>
        ${t("editor.more")}<span class="visually-hidden">: ${line.description.value.value}</span>
        <span class="hint set">${setOf(quote, line).join(" · ")}</span>
      </summary>
      <div class="more-fields">
        <${Field} of=${starts} /><${Field} of=${ends} /><${Field} of=${term} />
        <${Field} of=${prorate} />
        <${Fields} of=${discount.shown()} />
        <${Field} of=${cost} />
        <${Field} of=${optional} />
        ${optional.value.value && html`<${Field} of=${selected} /><${Field} of=${group} />`}
        ${shownTax(tax).map((field) => html`<${Field} key=${field.id} of=${field} hint="" />`)}
        <${Field} of=${message} />
      </div>
    </details>`;
}

const Fields = ({ of }) => of.map((field) => html`<${Field} key=${field.id} of=${field} />`);

/** Returns in few words what of `More` a line has. */
function setOf({ currency }, line) {
  const { starts_on: starts, ends_on: ends, term_months: term } = line;
  const tax = readTax(line.tax);
  return [
    !starts.ownFault() && !ends.ownFault() && daysText({ starts_on: starts.read(), ends_on: ends.read() }),
    term.read() && !term.ownFault() && t("editor.set.term", { count: term.read() }),
    line.prorate.read() && t("editor.set.prorate"),
    discountSet(line.discount, currency),
    line.optional.read() && t(line.selected.read() ? "editor.set.selected" : "editor.set.optional"),
    tax && isReadable(shownTax(line.tax)) && taxText(tax),
    line.unit_cost.text && t("editor.set.cost"),
    line.message.read() && t("editor.set.message"),
  ].filter(Boolean);
}

const isReadable = (fields) => fields.every((each) => !each.ownFault());

/** Returns a discount in words; null without one that can be read. */
function discountSet(fields, currency) {
  const discount = isReadable(fields.shown()) && fields.read();
  return discount ? t("editor.set.discount", { discount: discountText(discount, currency) }) : null;
}

/** What of the whole quote most leave empty; its heading says what is not. */
function Whole({ quote }) {
  const { discount, commonEnd, tax: taxes, currency } = quote;
  const tax = readTax(taxes);
  const end = commonEnd.read();
  const set = [
    discountSet(discount, currency),
    end && !commonEnd.ownFault() && t("editor.set.common_end", { date: day(end) }),
    tax && isReadable(shownTax(taxes)) && taxText(tax),
  ].filter(Boolean);
  return html`
    <details class="line-more whole">
      <summary>${t("editor.whole")} <span class="hint set">${set.join(" · ")}</span></summary>
      <div class="more-fields"><${Fields} of=${quote.wholeFields()} /></div>
    </details>`;
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

/** Returns whether a total that the screen adds up itself is below zero. */
const isBelowZero = (quote) => quote.isPlain && Object.values(quote.sums()).some((units) => units < 0n);

/** What the quote comes to: quantities and unit prices are added up here, and all else is what the API answers. */
const Sums = ({ quote }) => html`
  <div role="status" aria-live="polite">
    ${quote.isPlain ? html`<${PlainSums} quote=${quote} />` : html`<${AnsweredSums} quote=${quote} />`}
  </div>`;

function PlainSums({ quote }) {
  const totals = Object.fromEntries(
    Object.entries(quote.sums()).map(([name, units]) => [name, write(units, quote.digits)]),
  );
  const uncounted = quote.lines.value.filter((line) => quote.amountOf(line) === null).length;
  return html`
    <${QuoteTotals} priced=${{ totals }} quote=${{ currency: quote.currency }} />
    ${uncounted > 0 && html`<p class="hint">${t("editor.without_lines", { count: uncounted })}</p>`}
    ${isBelowZero(quote) && html`<${Notice} kind="bad">${t("fault.total_below_zero")}</${Notice}>`}`;
}

function AnsweredSums({ quote }) {
  const { offered, fault } = quote.answer.value ?? {};
  const { isStale } = quote;
  const text = isStale
    ? t(quote.wanted.value === null ? "editor.not_computed" : "editor.computing")
    : fault && t("editor.not_computed_yet", { text: fault });
  return html`
    ${offered && html`<div class=${text ? "stale" : undefined}><${QuoteTotals} priced=${offered} quote=${offered} isShort /></div>`}
    ${text && html`<p class="hint">${text}</p>`}`;
}

/** Asks the API what the quote comes to, some time after the last key. */
function useAmounts(quote, ask) {
  useEffect(() => {
    let timer;
    let latest = 0;
    const stop = effect(() => {
      const text = quote.wanted.value;
      clearTimeout(timer);
      latest += 1;
      if (text === null || quote.answer.peek()?.text === text) return;
      const mine = latest;
      timer = setTimeout(async () => {
        const lines = quote.inOrder();
        const { offered, lines: before } = quote.answer.peek() ?? { lines: [] };
        const answer = await ask(JSON.parse(text)).then(
          (found) => ({ text, offered: found.quote, lines }),
          (error) => ({ text, offered, lines: before, fault: faultsOf(error) }),
        );
        if (mine === latest) quote.answer.value = answer;
      }, ASK_AFTER_MILLISECONDS);
    });
    return () => {
      stop();
      clearTimeout(timer);
      latest += 1;
    };
  }, []);
}

const faultsOf = (error) =>
  error.errors?.length ? [...new Set(error.errors.map(faultText))].join(" ") : errorText(error);

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
