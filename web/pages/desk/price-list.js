/** One price list: its prices, to be read and changed, or imported and exported as CSV. */

import { AmountField } from "../../lib/amount-field.js";
import { Problem } from "../../lib/api.js";
import { checkFields, FormField, showFaults } from "../../lib/fields.js";
import { save } from "../../lib/files.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { currencyName, currentLanguage, inLanguage, number, t, tOr } from "../../lib/i18n.js";
import { RECURRENCES, recurrenceLabel } from "../../lib/orders/quote-text.js";
import { errorText, faultText, isOutdated } from "../../lib/problems.js";
import { ActionButton, BusyButton, useOnce } from "../../lib/ui/button.js";
import { openDialog } from "../../lib/ui/dialog.js";
import { Field, Notes } from "../../lib/ui/field.js";
import { Notice, Trail } from "../../lib/ui/status.js";
import { toast } from "../../lib/ui/toast.js";
import { KeptNotice, unsaved, useKept } from "../../lib/unsaved.js";
import { html, signal, useLayoutEffect, useMemo, useRef, useSignal } from "../../lib/view.js";
import { History } from "./history.js";

const MAX_PRICES = LIMITS.PriceListRequest.prices.maxItems;
const COLUMNS = ["kind", "variant", "description", "unit_price", "recurrence"];
/** Columns that a list has if one of its prices does. */
const TIERS = ["valid_from", "from_quantity"];
const NO_PRICE = { kind: "", variant: null, description: "", unit_price: "", recurrence: "monthly" };

/**
 * Shows the list of a currency for everybody, or that of the account or group which the address names.
 *
 * @param {import("screens").Context} context
 */
export async function showPriceList(context, currency) {
  const { api, catalog, query } = context;
  const whose = query.has("account_id")
    ? { account_id: query.get("account_id") }
    : query.has("group")
      ? { group: query.get("group") }
      : {};
  const isCurrency = catalog.currencies.some((each) => each.currency === currency);
  const [loaded, vendors, account] = await Promise.all([
    load(api, currency, whose, isCurrency),
    api.get("/desk/catalog"),
    whose.account_id ? api.get("/desk/accounts/{account_id}", { path: { account_id: whose.account_id } }) : null,
  ]);
  /** @type {any} */
  const group = vendors.groups?.find((each) => each.group === whose.group);
  const name = account?.name ?? inLanguage(group?.labels) ?? whose.group;
  return html`<${PriceList} context=${context} currency=${currency} whose=${whose} name=${name} loaded=${loaded} vendors=${vendors} />`;
}

/**
 * Returns the list and its version; for a known currency without a list, an empty one without a version.
 *
 * @param {import("screens").Api} api
 * @param {import("screens").Currency} currency
 * @param {{ account_id?: string, group?: string }} whose
 */
async function load(api, currency, whose, isCurrency) {
  try {
    return await api.getWithTag("/desk/price-lists/{currency}", { path: { currency }, query: whose });
  } catch (error) {
    if (error instanceof Problem && error.status === 404 && isCurrency) return { body: { prices: [] }, etag: null };
    throw error;
  }
}

/** Returns the variants that the prices of a kind can have, with their labels; undefined for none. */
function variantsOf({ priced_by: name, settings }) {
  const setting = settings.find((each) => each.name === name);
  const unit = inLanguage(setting?.unit);
  return setting?.choices?.map(({ value, labels }) => [
    String(value),
    inLanguage(labels) ?? [typeof value === "number" ? number(value) : value, unit].filter(Boolean).join(" "),
  ]);
}

/** The fields of a list, and the list that they make. */
class PricesForm {
  constructor(prices, known, currency, { kinds }) {
    this.known = known;
    this.currency = currency;
    this.kinds = kinds.map(({ kind, labels }) => [kind, inLanguage(labels)]);
    this.variants = Object.fromEntries(kinds.map((each) => [each.kind, variantsOf(each)]));
    this.hasTiers = signal(prices.some((each) => TIERS.some((name) => each[name])));
    this.rows = signal(prices.map((price) => this.newRow(price)));
  }

  newRow(price = NO_PRICE) {
    const { currency, known } = this;
    const kinds = [["", t("form.choose")], ...this.kinds];
    const recurrences = RECURRENCES.map((each) => [each, recurrenceLabel(each)]);
    const judge = (units) => (units < 0n ? t("prices.negative") : null);
    const select = (name, label, value, options, required = true) =>
      new FormField({ name, label, type: "select", required, value, options });
    return {
      kind: select("kind", t("prices.kind"), price.kind, kinds),
      variant: new Variant({
        name: "variant",
        label: t("prices.variant"),
        type: "select",
        required: true,
        value: price.variant,
      }),
      description: new FormField({
        name: "description",
        label: t("quote.description"),
        required: true,
        value: price.description,
        limits: LIMITS.NewListPrice.description,
      }),
      unit_price: new AmountField({
        name: "unit_price",
        label: t("quote.unit_price"),
        required: true,
        value: price.unit_price,
        currency,
        known,
        judge,
      }),
      recurrence: select("recurrence", t("quote.recurrence"), price.recurrence, recurrences),
      valid_from: new FormField({
        name: "valid_from",
        label: t("prices.valid_from"),
        type: "date",
        value: price.valid_from,
      }),
      from_quantity: new FormField({
        name: "from_quantity",
        label: t("prices.from_quantity"),
        type: "integer",
        value: price.from_quantity,
        limits: LIMITS.NewListPrice.from_quantity,
      }),
    };
  }

  add() {
    const row = this.newRow();
    this.rows.value = [...this.rows.value, row];
    return row;
  }

  remove(row) {
    this.rows.value = this.rows.value.filter((each) => each !== row);
  }

  fields() {
    return this.rows.value.flatMap(Object.values);
  }

  written() {
    const names = [...COLUMNS, ...TIERS];
    return this.rows.value.map((row) => Object.fromEntries(names.map((name) => [name, row[name].value.value])));
  }

  body() {
    const prices = this.rows.value.map((row) => ({
      kind: row.kind.read(),
      variant: row.variant.read(),
      description: row.description.read(),
      unit_price: row.unit_price.written(),
      recurrence: row.recurrence.read(),
      ...(row.valid_from.read() && { valid_from: row.valid_from.read() }),
      ...(row.from_quantity.read() && { from_quantity: row.from_quantity.read() }),
    }));
    return { prices };
  }

  /** Returns the field that a pointer of the API's leads to. */
  at(pointer) {
    const [, , index, name] = pointer.split("/");
    if (TIERS.includes(name)) this.hasTiers.value = true;
    return this.rows.value[Number(index)]?.[name ?? "kind"] ?? null;
  }
}

/** Returns the variant of a kind; to have none is one, too. */
class Variant extends FormField {
  ownFault() {
    return null;
  }
}

/** @param {{ context: import("screens").Context, currency: import("screens").Currency, whose: { account_id?: string, group?: string }, name?: string, loaded: any, vendors: any }} props */
function PriceList({ context, currency, whose, name, loaded, vendors }) {
  const { api, can, go, signal: left } = context;
  const mayChange = can("desk:prices");
  const path = { currency };
  const address = location.pathname + location.search;
  const { kept, found, form } = useMemo(() => {
    const place = unsaved(["prices", currency, ...Object.entries(whose).flat()].join("."));
    const before = place.read();
    const known = new Set(loaded.body.prices.map((price) => price.unit_price));
    return {
      kept: place,
      found: before,
      form: new PricesForm(before?.content ?? loaded.body.prices, known, currency, vendors),
    };
  }, []);
  const etag = found ? found.etag : loaded.etag; // what others have changed meanwhile must not be overwritten unseen
  const headers = etag ? { "If-Match": etag } : { "If-None-Match": "*" };
  const refusal = useSignal(null);
  const { isBusy, once } = useOnce();
  useKept(kept, found, etag, () => form.written());

  function saved(text) {
    kept.forget();
    toast(text);
    go(address, { replace: true });
  }

  const store = async () => {
    refusal.value = null;
    if (!checkFields(form.fields())) return;
    try {
      await api.put("/desk/price-lists/{currency}", { path, query: whose, body: form.body(), headers });
      saved(t("prices.saved"));
    } catch (error) {
      const faults = error.errors ?? [];
      const rest = showFaults(faults, (pointer) => form.at(pointer));
      refusal.value = isOutdated(error)
        ? html`<${Outdated} etag=${etag} beginAnew=${beginAnew} />`
        : html`<${Notice} kind="bad">${rest.length ? rest.map(faultText).join(" ") : faults.length ? t("editor.faulty") : errorText(error)}</${Notice}>`;
    }
  };

  function beginAnew() {
    kept.forget();
    go(address, { replace: true });
  }

  function submit(event) {
    event.preventDefault();
    return once(store);
  }

  function bringIn() {
    const send = (file) => api.putCsv("/desk/price-lists/{currency}", { path, query: whose, body: file, headers });
    const content = ({ close }) =>
      html`<${Import} etag=${etag} send=${send} close=${close} done=${() => saved(t("prices.imported"))} />`;
    openDialog({ className: "ask", title: t("prices.import"), content });
  }

  async function bringOut() {
    try {
      const csv = await api.getCsv("/desk/price-lists/{currency}", { path, query: whose }, currentLanguage());
      save(csv, `${["prices", ...Object.values(whose), currency].join("-")}.csv`);
    } catch (error) {
      toast(errorText(error));
    }
  }

  const versions = (query) =>
    api.get("/desk/price-lists/{currency}/versions", { path, query: { ...whose, ...query }, signal: left });
  const scope = Object.keys(whose)[0]?.replace("_id", "");
  const title = name
    ? t("prices.of_account", { name, currency: currencyName(currency) })
    : t("prices.of", { currency: currencyName(currency) });
  const up = scope ? [[t(`prices.scope.${scope}`), `/desk/price-lists?scope=${scope}`], [name]] : [];
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.prices"), "/desk/price-lists"], ...up, [currency]]} />
      <div class="title-row">
        <h1>${title}</h1>
        <div class="actions">
          ${mayChange && html`<button type="button" onClick=${bringIn}>${t("prices.import")}</button>`}
          ${loaded.etag && html`<${ActionButton} act=${bringOut}>${t("prices.export")}</${ActionButton}>`}
        </div>
      </div>
      ${!mayChange && html`<p class="hint">${t("forbidden.to_change")}</p>`}
      <form novalidate onSubmit=${submit}>
        <fieldset class="account-form" disabled=${!mayChange}>
          ${found && html`<${KeptNotice} beginAnew=${beginAnew} />`}
          <${Prices} form=${form} />
          <div>${refusal.value}</div>
          ${mayChange && html`<div class="actions sticky"><${BusyButton} type="submit" class="primary" isBusy=${isBusy.value}>${t("action.save")}</${BusyButton}></div>`}
        </fieldset>
      </form>
      ${loaded.etag && html`<${History} load=${versions} signal=${left} more=${({ prices: count }) => [t("history.prices", { count })]} />`}
    </div>`;
}

/** The message that somebody else has changed it first. */
const Outdated = ({ etag, beginAnew }) => html`
  <${Notice} kind="warn"><a href=${location.pathname + location.search} target="_blank">${t("prices.see_it")}</a></${Notice}>
  <${KeptNotice} beginAnew=${beginAnew} />
  <${Notice} kind="bad">${outdatedText(etag)}</${Notice}>`;

const outdatedText = (etag) => t(etag ? "prices.changed_meanwhile" : "prices.begun_meanwhile");

function Prices({ form }) {
  const added = useRef(null);
  const rows = form.rows.value;
  useLayoutEffect(() => {
    added.current?.kind.focus();
    added.current = null;
  });
  function add() {
    added.current = form.add();
  }
  function showTiers() {
    form.hasTiers.value = true;
  }
  return html`
    <section class="card">
      <p class="hint">${t("prices.list_text")}${form.hasTiers.value && ` ${t("prices.tiers_text")}`}</p>
      <div class="price-rows">
        ${rows.length === 0 && html`<p class="nothing">${t("prices.empty")}</p>`}
        ${rows.map((row) => html`<${Price} key=${row.kind.id} form=${form} row=${row} />`)}
      </div>
      <div class="actions">
        <button type="button" disabled=${rows.length >= MAX_PRICES} onClick=${add}>${t("prices.add")}</button>
        ${!form.hasTiers.value && html`<button class="plain" type="button" onClick=${showTiers}>${t("prices.tiers")}</button>`}
      </div>
    </section>`;
}

function Price({ form, row }) {
  const name = row.description.value.value || t("prices.new_price");
  const variants = form.variants[row.kind.value.value];
  const options = [["", t(variants ? "prices.any_variant" : "prices.no_variant")], ...(variants ?? [])];
  const clear = () => {
    row.variant.value.value = "";
  };
  return html`
    <fieldset class="price-row">
      <legend class="visually-hidden">${name}</legend>
      <${Field} of=${row.kind} attributes=${{ onChange: clear }} />
      <${Field} of=${row.variant} options=${options} attributes=${{ disabled: !variants, required: false }} />
      <${Field} of=${row.description} />
      <${Field} of=${row.unit_price} hasNotes=${false} />
      <${Field} of=${row.recurrence} />
      ${form.hasTiers.value && html`<div class="tiers"><${Field} of=${row.valid_from} /><${Field} of=${row.from_quantity} /></div>`}
      <button class="small" type="button" aria-label=${t("editor.remove_line", { line: name })} onClick=${() => form.remove(row)}>${t("action.remove")}</button>
      <${Notes} of=${row.unit_price} />
    </fieldset>`;
}

/** The import of a file, which replaces the whole list; its errors are shown by row. */
function Import({ etag, send, close, done }) {
  const file = useRef(null);
  const refusal = useSignal(null);
  const { isBusy, once } = useOnce();

  const attempt = async () => {
    const chosen = file.current.files[0];
    if (!chosen) {
      refusal.value = t("prices.choose_file");
      file.current.focus();
      return;
    }
    try {
      await send(chosen);
      close();
      done();
    } catch (error) {
      const faults = error.errors ?? [];
      if (isOutdated(error)) refusal.value = outdatedText(etag);
      else if (faults.length === 0) refusal.value = errorText(error);
      else
        refusal.value = html`${t("new.faulty", { count: faults.length })}<ul>${faults.map((each) => html`<li>${rowFault(each)}</li>`)}</ul>`;
    }
  };

  function submit(event) {
    event.preventDefault();
    return once(attempt);
  }

  return html`
    <form novalidate onSubmit=${submit}>
      <p>${t("prices.import_text")}</p>
      <code class="columns-named">${[...COLUMNS, ...TIERS].join(",")}</code>
      <div class="field">
        <label for="csv-file">${t("prices.file")}</label>
        <input id="csv-file" type="file" accept=".csv,text/csv" required autofocus ref=${file} />
      </div>
      ${refusal.value && html`<${Notice} kind="bad">${refusal.value}</${Notice}>`}
      <div class="actions">
        <${BusyButton} type="submit" class="primary" isBusy=${isBusy.value}>${t("prices.import")}</${BusyButton}>
        <button type="button" onClick=${close}>${t("action.cancel")}</button>
      </div>
    </form>`;
}

/** Returns "Row 7, unit_price: …", as a spreadsheet counts rows. */
function rowFault(fault) {
  const row = /^Row (\d+): /.exec(fault.detail);
  if (!row) return faultText(fault);
  const column = fault.pointer.split("/")[3];
  const said = tOr(`fault.${fault.code}`, fault.detail.slice(row[0].length));
  return `${t("prices.row", { row: row[1] })}${column ? `, ${column}` : ""}: ${said}`;
}
