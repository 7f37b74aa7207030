/** The quote as CS writes it: lines with amounts and totals that follow every stroke, and how the contact will see it. */

import { amountField } from "../amount-field.js";
import { Unreachable } from "../api.js";
import { fill, h, isBusy, openBlob, setBusy } from "../dom.js";
import { checkFields, faultText, field, notice, openDialog, reasonOf, showFaults, toast } from "../forms.js";
import { minorDigits, write } from "../money.js";
import { SignedOut } from "../session.js";
import { keptNotice } from "../unsaved.js";
import { currencyName, money, t, today } from "../words.js";
import { itemDetail, itemKind } from "../orders/describe.js";
import { RECURRENCES, recurrenceLabel, totalsView } from "../orders/quote-view.js";
import { mailFrame } from "./mail-frame.js";

const ONE_OFF = new Set(["socket", "accessory"]);
const MOST_LINES = 200;
const LINE = ["description", "quantity", "unit_price", "recurrence"];

/**
 * `send(body)` sends the revision; `done()` follows its 202. `previewed.mail(body)` and `previewed.paper(body)` ask what
 * what the contact would get. It begins with `draft`, the API's proposal: the revision before, or the price list's lines.
 * `quoteIn(currency)` has it begin again in another of the `currencies`. `kept` is what was written before and not sent,
 * as `keep(written)` got it; `beginAnew()` drops that, null when the writer has only now chosen this currency.
 */
export function quoteEditor({ order, account, draft, currencies, quoteIn, kept, keep, beginAnew, send, previewed, done, cancel }) {
  const { currency } = draft;
  const digits = minorDigits(currency);
  const before = order.quote;
  const now = today(account.time_zone);
  let lines = [];
  const known = new Set(draft.lines.map((line) => line.unit_price));

  const body = h("div.editor-lines");
  const totals = h("div", { role: "status", "aria-live": "polite" });
  const said = h("div");
  const validUntil = field({ name: "valid_until", label: t("editor.valid_until"), type: "date", required: true, value: kept ? kept.valid_until : draft.valid_until, more: { min: now } });
  const message = field({ name: "message", label: t("editor.message"), type: "textarea", value: kept ? kept.message : draft.message, more: { maxlength: 2000 }, wide: true });
  const terms = field({ name: "terms", label: t("quote.terms"), type: "textarea", value: kept ? kept.terms : draft.terms, hint: t("editor.terms_hint"), more: { maxlength: 10000 }, wide: true });
  const confirmed = Object.fromEntries(order.items.map((item) => {
    const asked = draft.confirmed_start_dates[item.item_id] ?? item.confirmed_start_date ?? item.start_date;
    return [item.item_id, field({ name: `confirmed-${item.item_id}`, label: t("item.confirmed"), type: "date", value: kept ? kept.confirmed[item.item_id] : asked < now ? now : asked, more: { min: now } })];
  }));

  function nameOf(item) {
    return `${itemKind(item)}, ${itemDetail(item, account.sites)}`;
  }

  /** A line of the form; `itemId` null is an extra line, which may be a discount. */
  function newLine({ item_id: itemId = null, description = "", quantity = 1, unit_price: price = "", recurrence = "monthly" }) {
    const line = {
      itemId,
      description: field({ name: "description", label: t("quote.description"), required: true, value: description, more: { maxlength: 200 } }),
      quantity: field({ name: "quantity", label: t("quote.quantity"), type: "integer", required: true, value: quantity, more: { min: 1, max: 1000000 } }),
      unit_price: amountField({ name: "unit_price", label: t("quote.unit_price"), required: true, value: price, currency, known,
        judge: (units) => (itemId !== null && units < 0n ? t("fault.negative_price") : null) }),
      recurrence: field({ name: "recurrence", label: t("quote.recurrence"), type: "select", required: true, value: recurrence, options: RECURRENCES.map((each) => [each, recurrenceLabel(each)]) }),
      amount: h("output.amount"),
    };
    for (const name of ["quantity", "unit_price", "recurrence"]) line[name].control.addEventListener("input", count);
    return line;
  }

  function fieldsOf(line) {
    return [line.description, line.quantity, line.unit_price, line.recurrence];
  }

  function amountOf(line) {
    const price = line.unit_price.units();
    return price === null || line.quantity.ownFault() ? null : price * BigInt(line.quantity.read());
  }

  function sums() {
    const found = Object.fromEntries(RECURRENCES.map((each) => [each, 0n]));
    for (const line of lines) {
      const recurrence = line.recurrence.control.value;
      found[recurrence] = (found[recurrence] ?? 0n) + (amountOf(line) ?? 0n);
    }
    return found;
  }

  function count() {
    for (const line of lines) {
      const amount = amountOf(line);
      line.amount.textContent = amount === null ? "–" : money(write(amount, digits), currency);
    }
    const found = sums();
    const written = Object.fromEntries(Object.entries(found).map(([name, units]) => [name, write(units, digits)]));
    const uncounted = lines.filter((line) => amountOf(line) === null).length;
    fill(totals, totalsView(written, currency),
      uncounted > 0 && h("p.hint", {}, t("editor.without_lines", { count: uncounted })),
      Object.values(found).some((units) => units < 0n) && notice("bad", t("fault.total_below_zero")));
  }

  function drawLines() {
    const groups = [...order.items, null].map((item) => {
      const own = lines.filter((line) => line.itemId === (item?.item_id ?? null));
      return h("fieldset.line-group", {},
        h("legend", {}, item ? nameOf(item) : t("editor.extra_lines")),
        own.map((line) => h("div.line-row", {},
          h("div.line-head", {}, line.description.root,
            (item === null || own.length > 1) && h("button.small", { type: "button", "aria-label": t("editor.remove_line", { line: line.description.control.value || t("quote.description") }), onclick: () => removeLine(line) }, t("action.remove"))),
          [line.quantity, line.unit_price, line.recurrence].map((each) => each.root),
          h("div.amount-cell", {}, h("span.caption", {}, t("quote.amount")), line.amount),
          line.quantity.notes, line.unit_price.notes)),
        h("div.group-foot", {}, item && confirmed[item.item_id].root,
          lines.length < MOST_LINES && h("button.small", { type: "button", "data-key": `add-${item?.item_id ?? "extra"}`, onclick: () => addLine(item) }, item ? t("editor.add_line") : t("editor.add_extra"))));
    });
    fill(body, groups);
    count();
  }

  function addLine(item) {
    const line = newLine({ item_id: item?.item_id ?? null, recurrence: item ? usualRecurrence(item) : "once" });
    lines.push(line);
    drawLines();
    keepWritten();
    line.description.control.focus();
  }

  function removeLine(line) {
    lines = lines.filter((each) => each !== line);
    drawLines();
    keepWritten();
  }

  const rawLine = (line) => ({ item_id: line.itemId, ...Object.fromEntries(LINE.map((name) => [name, line[name].control.value])) });

  /** What is in the form, sound or not; lines in each currency that was chosen. */
  function written() {
    return {
      currency,
      valid_until: validUntil.read(),
      message: message.read(),
      terms: terms.read(),
      confirmed: Object.fromEntries(Object.entries(confirmed).map(([id, each]) => [id, each.read()])),
      lines: { ...kept?.lines, [currency]: lines.map(rawLine) },
    };
  }

  function keepWritten() {
    keep(written());
  }

  /** Goes on in another currency, with all but the prices; the lines of this one are there again on the way back. */
  function change(wanted) {
    const now = written();
    const extra = now.lines[currency].filter((line) => line.item_id === null).map((line) => ({ ...line, unit_price: "" }));
    keep({ ...now, currency: wanted, extra });
    quoteIn(wanted);
  }

  const inOrder = () => [...order.items.map((item) => item.item_id), null].flatMap((id) => lines.filter((line) => line.itemId === id));

  function bodyOf() {
    return {
      valid_until: validUntil.read(),
      currency,
      message: message.read(),
      ...(terms.read() && { terms: terms.read() }),
      lines: inOrder().map((line) => ({
        item_id: line.itemId,
        description: line.description.read(),
        quantity: line.quantity.read(),
        unit_price: line.unit_price.written(),
        recurrence: line.recurrence.read(),
      })),
      confirmed_start_dates: Object.fromEntries(Object.entries(confirmed).map(([id, each]) => [id, each.read()]).filter(([, value]) => value)),
    };
  }

  const allFields = () => [...inOrder().flatMap(fieldsOf), ...Object.values(confirmed), validUntil, message, terms];

  function isSound() {
    fill(said);
    return checkFields(allFields()) && Object.values(sums()).every((units) => units >= 0n);
  }

  /** Does something with the quote as it is written; what the API objects to is shown at its field. */
  async function attempt(doing, act) {
    if (isBusy(doing) || !isSound()) return;
    setBusy(doing, true);
    const sent = inOrder();
    try {
      await act(bodyOf());
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      const rest = showFaults(error.errors ?? [], (pointer) => {
        const [, first, second, third] = pointer.split("/");
        if (first === "lines") return sent[Number(second)]?.[third] ?? null;
        if (first === "confirmed_start_dates") return confirmed[second];
        return { valid_until: validUntil, message, terms }[first];
      });
      fill(said, notice("bad", rest.length ? rest.map(faultText).join(" ") : error.errors?.length ? t("editor.faulty") : reasonOf(error),
        error instanceof Unreachable && doing === button ? ` ${t("editor.look_first")}` : null));
    } finally {
      setBusy(doing, false);
    }
  }

  function submit(event) {
    event.preventDefault();
    return attempt(button, async (asked) => {
      await send(asked);
      done();
    });
  }

  const preview = () => attempt(look, async (asked) => {
    const { mail } = await previewed.mail(asked);
    const paper = h("button", { type: "button", onclick: () => showPaper(paper, asked) }, t("editor.preview_pdf"));
    openDialog("dialog.preview", t("editor.preview"),
      h("div.preview-body", {},
        h("dl.envelope", {},
          h("div", {}, h("dt", {}, t("editor.mail_to")), h("dd", {}, `${order.contact.name} <${order.contact.email}>`)),
          h("div", {}, h("dt", {}, t("editor.mail_subject")), h("dd", {}, mail.subject))),
        mailFrame(mail.html, t("editor.preview")),
        h("div.actions", {}, paper, h("span.hint", {}, t("editor.preview_hint")))));
  });

  async function showPaper(paper, asked) {
    if (isBusy(paper)) return;
    setBusy(paper, true);
    try {
      openBlob(await previewed.paper(asked));
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      toast(reasonOf(error));
    } finally {
      setBusy(paper, false);
    }
  }

  const button = h("button.primary", { type: "submit" }, t(before ? "editor.send_revision" : "editor.send", { revision: String((before?.revision ?? 0) + 1) }));
  const look = h("button", { type: "button", onclick: preview }, t("editor.preview"));
  const unpriced = order.items.filter((item) => draft.unpriced.includes(item.item_id));
  lines = (kept?.lines[currency] ?? [
    ...draft.lines,
    ...unpriced.map((item) => ({ item_id: item.item_id, description: nameOf(item), quantity: item.quantity ?? 1, recurrence: usualRecurrence(item) })),
    ...(kept?.extra ?? []),
  ]).map(newLine);
  drawLines();
  const choice = currencies.length > 1 && field({ name: "currency", label: t("account.currency"), type: "select", required: true, value: currency, options: currencies.map((each) => [each, `${each} · ${currencyName(each)}`]), more: { "data-key": "currency" } });
  choice?.control?.addEventListener("change", () => change(choice.control.value));

  return h("form.card.editor", { novalidate: true, onsubmit: submit, oninput: (event) => event.target !== choice?.control && keepWritten() },
    h("h2", { tabindex: "-1" }, t(before ? "editor.title_revision" : "editor.title", { revision: String((before?.revision ?? 0) + 1) })),
    h("p.hint", {}, t("editor.goes_to", { name: order.contact.name, email: order.contact.email })),
    kept && beginAnew && keptNotice(beginAnew),
    choice && choice.root,
    unpriced.length > 0 && h("p.hint", {}, t("editor.unpriced", { count: unpriced.length }), " ", h("a", { href: `/desk/price-lists/${currency}` }, t("prices.of", { currency }))),
    body,
    h("div.fields", {}, validUntil.root, message.root),
    h("details.terms", {}, h("summary", {}, t("editor.own_terms")), terms.root),
    h("div.editor-foot", {},
      totals, said,
      h("div.actions", {}, button,
        look,
        cancel && h("button", { type: "button", onclick: cancel }, t("action.cancel")))));
}

const usualRecurrence = (item) => (ONE_OFF.has(item.kind) ? "once" : "monthly");
