/** A quote that is being written: its fields, its lines, the request that they make, and what the API says it comes to. */

import { AmountField } from "../../lib/amount-field.js";
import { FormField, readAll } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { t, tOr, today } from "../../lib/i18n.js";
import { minorDigits } from "../../lib/money.js";
import { isDelivered, itemDetail, itemKind } from "../../lib/orders/describe.js";
import { RECURRENCES, recurrenceLabel, taxText } from "../../lib/orders/quote-text.js";
import { PercentField, readTax, shownTax, taxFields } from "../../lib/tax-fields.js";
import { computed, signal } from "../../lib/view.js";

const { NewLine, NewLineDiscount, NewQuote } = LIMITS;
const LINE = ["description", "quantity", "unit_price", "recurrence"];
const PERIOD = ["starts_on", "ends_on", "term_months", "prorate"];
const OPTION = ["optional", "selected", "option_group"];
const MEMBERS = [...LINE, ...PERIOD, ...OPTION, "unit_cost", "message"];
/** What of a line and of a quote its amounts do not depend on. */
const NO_AMOUNTS = ["message", "unit_cost"];

const present = (members) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null && value !== false));
const rawOf = (fields) => Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, each.value.value]));
const recurrences = () => RECURRENCES.map((each) => [each, recurrenceLabel(each)]);

/** The fields of a discount, of a line or of the whole: a percentage, an amount, or none. */
class DiscountFields {
  /** @param {any} begun @param {{ currency: string, known: Set<string>, isWhole?: boolean }} how */
  constructor(begun, { currency, known, isWhole = false }) {
    const { percent, amount, recurrence } = begun ?? {};
    const kind = begun?.kind ?? (percent !== undefined ? "percent" : amount !== undefined ? "amount" : "");
    const options = ["", "percent", "amount"].map((each) => [each, t(`editor.discount.${each || "none"}`)]);
    this.isWhole = isWhole;
    this.kind = new FormField({ name: "discount", label: t("editor.discount"), type: "select", value: kind, options });
    this.percent = new PercentField({
      name: "discount_percent",
      label: t("editor.discount_percent"),
      required: true,
      value: percent,
      limits: NewLineDiscount.percent,
    });
    this.amount = new AmountField({
      name: "discount_amount",
      label: t("editor.discount_amount", { currency }),
      required: true,
      value: amount,
      currency,
      known,
    });
    this.recurrence = new FormField({
      name: "discount_recurrence",
      label: t("editor.discount_from"),
      type: "select",
      required: true,
      value: recurrence ?? RECURRENCES[0],
      options: RECURRENCES.map((each) => [each, tOr(`total.${each}`, each)]),
    });
  }

  /** Returns the fields that this kind of discount has. */
  shown() {
    const kind = this.kind.value.value;
    if (kind === "percent") return [this.kind, this.percent];
    if (kind !== "amount") return [this.kind];
    return this.isWhole ? [this.kind, this.amount, this.recurrence] : [this.kind, this.amount];
  }

  read() {
    const kind = this.kind.value.value;
    if (kind === "percent") return { percent: this.percent.read() };
    if (kind !== "amount") return null;
    return { amount: this.amount.written(), ...(this.isWhole && { recurrence: this.recurrence.read() }) };
  }

  written() {
    const { kind, percent, amount, recurrence } = this;
    return rawOf({ kind, percent, amount, recurrence });
  }

  at(member) {
    const found = { percent: this.percent, amount: this.amount, recurrence: this.recurrence }[member];
    return found && this.shown().includes(found) ? found : this.kind;
  }
}

export class Writing {
  /** It begins with `draft`, the API's proposal, or with `kept`, what was written before and not sent. */
  constructor(order, account, catalog, draft, kept) {
    const now = today(account.time_zone);
    this.order = order;
    this.account = account;
    this.catalog = catalog;
    this.kept = kept;
    this.currency = draft.currency;
    this.digits = minorDigits(draft.currency);
    const money = [draft, ...draft.lines].map((each) => each.discount?.amount).filter(Boolean);
    this.known = new Set([...draft.lines.map((line) => line.unit_price), ...money]);
    const begun = kept ?? draft;
    const attributes = { min: now };
    this.validUntil = new FormField({
      name: "valid_until",
      label: t("editor.valid_until"),
      type: "date",
      required: true,
      value: begun.valid_until,
      attributes,
    });
    this.message = new FormField({
      name: "message",
      label: t("editor.message"),
      type: "textarea",
      value: begun.message,
      limits: NewQuote.message,
      isWide: true,
    });
    this.terms = new FormField({
      name: "terms",
      label: t("quote.terms"),
      type: "textarea",
      value: begun.terms,
      hint: t("editor.terms_hint"),
      limits: NewQuote.terms,
      isWide: true,
    });
    this.commonEnd = new FormField({
      name: "common_end_on",
      label: t("editor.common_end_on"),
      type: "date",
      value: begun.common_end_on,
      hint: t("editor.common_end_hint"),
    });
    this.discount = new DiscountFields(begun.discount, { currency: this.currency, known: this.known, isWhole: true });
    const ofAccount = account.tax ? t("editor.tax_of_account", { tax: taxText(account.tax) }) : undefined;
    this.tax = taxFields(begun.tax, ofAccount);
    // What a revision left open stays open in the next one.
    const isOpen = (item) => order.quote && !(item.item_id in order.quote.confirmed_start_dates);
    const dateOf = (item) => draft.confirmed_start_dates[item.item_id] ?? item.confirmed_start_date ?? item.start_date;
    const confirmedOf = (item) => {
      if (kept) return kept.confirmed[item.item_id];
      if (isOpen(item)) return "";
      return dateOf(item) < now ? now : dateOf(item);
    };
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
    const lines = kept?.lines[this.currency] ?? [...sourced, ...priceless, ...(kept?.extra ?? [])];
    this.lines = signal(lines.map((line) => this.newLine(line)));
    /**
     * What the API said last: of which request `text`, and the revision `offered` with its `lines` as they are here, or
     * the `fault` by which there is none.
     */
    this.answer = signal(/** @type {{ text: string, offered?: any, lines: any[], fault?: string } | null} */ (null));
    /** The request whose amounts are to be asked for; null where none can be made, or the screen can add up itself. */
    this.wanted = computed(() =>
      this.isPlain || this.fields().some((each) => each.ownFault()) ? null : JSON.stringify(this.amountsBody()),
    );
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
    const judge = (units) => (itemId !== null && units < 0n ? t("fault.negative_price") : null);
    const field = (name, label, how = {}) => new FormField({ name, label, value: begun[name], ...how });
    return {
      itemId,
      /** The list that the price is from, which holds while the price is that of the list. */
      source: begun.source ? { ...begun.source, unit_price: begun.source.unit_price ?? price } : null,
      description: field("description", t("quote.description"), {
        required: true,
        value: description,
        limits: NewLine.description,
      }),
      quantity: field("quantity", t("quote.quantity"), {
        type: "integer",
        required: true,
        value: quantity,
        limits: NewLine.quantity,
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
      recurrence: field("recurrence", t("quote.recurrence"), {
        type: "select",
        required: true,
        value: recurrence ?? "monthly",
        options: recurrences(),
      }),
      starts_on: field("starts_on", t("editor.starts_on"), { type: "date" }),
      ends_on: field("ends_on", t("editor.ends_on"), { type: "date" }),
      term_months: field("term_months", t("editor.term_months"), { type: "integer", limits: NewLine.term_months }),
      prorate: field("prorate", t("editor.prorate"), { type: "checkbox" }),
      discount: new DiscountFields(begun.discount, { currency, known }),
      optional: field("optional", t("editor.optional"), { type: "checkbox" }),
      selected: field("selected", t("editor.selected"), { type: "checkbox" }),
      option_group: field("option_group", t("editor.option_group"), {
        hint: t("editor.option_group_hint"),
        limits: NewLine.option_group,
        isWide: true,
        attributes: { autocomplete: "off" },
      }),
      tax: taxFields(begun.tax, t("editor.tax_of_quote")),
      unit_cost: new AmountField({
        name: "unit_cost",
        label: t("editor.unit_cost"),
        value: begun.unit_cost,
        currency,
        known,
      }),
      message: field("message", t("editor.line_message"), {
        type: "textarea",
        limits: NewLine.message,
        isWide: true,
        attributes: { rows: 2 },
      }),
    };
  }

  /** Adds a line of an item, or an extra one, which begins with `begun`. */
  addLine(item, begun = {}) {
    const line = this.newLine({
      item_id: item?.item_id ?? null,
      recurrence: item ? this.usualRecurrence(item) : "once",
      ...begun,
    });
    this.lines.value = [...this.lines.value, line];
    return line;
  }

  /** Adds a line for what is charged once before a line's recurring charge, in the language of the account. */
  addSetup(item, line) {
    const what = line.description.value.value || this.nameOf(item);
    const description = tOr(`editor.setup.${this.account.locale}`, t("editor.setup.en", { what }), { what });
    return this.addLine(item, { description, recurrence: "once" });
  }

  removeLine(line) {
    this.lines.value = this.lines.value.filter((each) => each !== line);
  }

  /** Returns whether nothing but quantities and unit prices makes the amounts, so that they can follow every key. */
  get isPlain() {
    const { account, tax, discount, lines } = this;
    return (
      !account.tax &&
      !tax.treatment.value.value &&
      !discount.kind.value.value &&
      lines.value.every(
        (line) =>
          !line.discount.kind.value.value &&
          !line.tax.treatment.value.value &&
          !line.prorate.value.value &&
          !line.optional.value.value,
      )
    );
  }

  /** Returns what a line comes to without more than quantity and unit price; null where that cannot be computed. */
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

  /** Returns a line as the API answered it last, null before that. */
  answeredLine(line) {
    const { offered, lines = [] } = this.answer.value ?? {};
    return offered?.lines[lines.indexOf(line)] ?? null;
  }

  /** Returns whether the API's last answer is for something else than what is written now. */
  get isStale() {
    return this.wanted.value === null || this.answer.value?.text !== this.wanted.value;
  }

  /** Returns the lines in the order of their items, extra lines last. */
  inOrder() {
    return [...this.order.items.map((item) => item.item_id), null].flatMap((id) =>
      this.lines.value.filter((line) => line.itemId === id),
    );
  }

  fields() {
    return [
      ...this.inOrder().flatMap((line) => [...LINE.map((name) => line[name]), ...moreOf(line)]),
      ...Object.values(this.confirmed),
      ...this.wholeFields(),
      this.validUntil,
      this.message,
      this.terms,
    ];
  }

  /** Returns the fields of the whole quote that most quotes leave empty. */
  wholeFields() {
    return [...this.discount.shown(), this.commonEnd, ...shownTax(this.tax)];
  }

  /** Returns the field that a pointer of the API's leads to; `sent` are the lines as they were sent. */
  at(pointer, sent) {
    const [, first, second, third, fourth] = pointer.split("/");
    if (first === "lines") {
      const line = sent[Number(second)];
      if (third === "discount") return line?.discount.at(fourth);
      if (third === "tax") return line && (line.tax[fourth] ?? line.tax.treatment);
      return line?.[third] ?? null;
    }
    if (first === "confirmed_start_dates") return this.confirmed[second];
    if (first === "discount") return this.discount.at(second);
    if (first === "tax") return this.tax[second] ?? this.tax.treatment;
    const { validUntil: valid_until, message, terms, commonEnd: common_end_on } = this;
    return { valid_until, message, terms, common_end_on }[first];
  }

  /** Returns the content of the form, valid or not, with the lines in each currency that was chosen. */
  written() {
    const raw = (line) => ({
      item_id: line.itemId,
      ...(line.source && { source: line.source }),
      ...Object.fromEntries(MEMBERS.map((name) => [name, line[name].value.value])),
      discount: line.discount.written(),
      tax: rawOf(line.tax),
    });
    return {
      currency: this.currency,
      valid_until: this.validUntil.read(),
      message: this.message.read(),
      terms: this.terms.read(),
      common_end_on: this.commonEnd.read(),
      discount: this.discount.written(),
      tax: rawOf(this.tax),
      confirmed: readAll(this.confirmed),
      lines: { ...this.kept?.lines, [this.currency]: this.lines.value.map(raw) },
    };
  }

  /** Changes the currency and keeps all but the amounts; changing back restores the lines of this one. */
  writtenFor(currency) {
    const now = this.written();
    const without = (discount) => ({ ...discount, amount: "" });
    const extra = now.lines[this.currency]
      .filter((line) => line.item_id === null)
      .map((line) => ({ ...line, unit_price: "", unit_cost: "", discount: without(line.discount) }));
    return { ...now, currency, extra, discount: without(now.discount) };
  }

  /** Returns the body of the request. */
  body() {
    return {
      valid_until: this.validUntil.read(),
      currency: this.currency,
      message: this.message.read(),
      ...(this.terms.read() && { terms: this.terms.read() }),
      lines: this.inOrder().map(bodyOf),
      confirmed_start_dates: Object.fromEntries(Object.entries(readAll(this.confirmed)).filter(([, value]) => value)),
      ...present({ discount: this.discount.read(), common_end_on: this.commonEnd.read(), tax: readTax(this.tax) }),
    };
  }

  /** Returns the body without what its amounts do not depend on. */
  amountsBody() {
    const { message, terms, confirmed_start_dates, ...rest } = this.body();
    const lines = rest.lines.map((line) =>
      Object.fromEntries(Object.entries(line).filter(([name]) => !NO_AMOUNTS.includes(name))),
    );
    return { ...rest, lines };
  }
}

/** Returns the fields of a line that most lines leave empty, in their order on the screen. */
export function moreOf(line) {
  const option = line.optional.value.value ? OPTION : OPTION.slice(0, 1);
  return [
    ...PERIOD.map((name) => line[name]),
    ...line.discount.shown(),
    ...option.map((name) => line[name]),
    ...shownTax(line.tax),
    line.unit_cost,
    line.message,
  ];
}

/** Returns a line of the request; what says nothing is left out. */
function bodyOf(line) {
  const isOptional = line.optional.read();
  return {
    item_id: line.itemId,
    description: line.description.read(),
    quantity: line.quantity.read(),
    unit_price: line.unit_price.written(),
    recurrence: line.recurrence.read(),
    ...present({
      ...Object.fromEntries(PERIOD.map((name) => [name, line[name].read()])),
      discount: line.discount.read(),
      ...(isOptional && Object.fromEntries(OPTION.map((name) => [name, line[name].read()]))),
      tax: readTax(line.tax),
      unit_cost: line.unit_cost.written(),
      message: line.message.read(),
    }),
  };
}
