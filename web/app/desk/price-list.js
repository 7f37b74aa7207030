/** One price list: its prices, to be read and written, or brought in and out as CSV. */

import { amountField } from "../amount-field.js";
import { Problem } from "../api.js";
import { fill, freshId, h, isBusy, save, setBusy } from "../dom.js";
import { checkFields, faultText, field, notice, openDialog, reasonOf, showFaults, toast } from "../forms.js";
import { bandwidth, kindLabel } from "../orders/describe.js";
import { RECURRENCES, recurrenceLabel } from "../orders/quote-view.js";
import { trail } from "../shell.js";
import { historyOf } from "./history.js";
import { keepTyping, keptNotice, unsaved } from "../unsaved.js";
import { currencyName, either, spoken, t } from "../words.js";

const MOST_PRICES = 500;

export async function showPriceList(context, currency) {
  const { api, catalog, go } = context;
  const path = `/desk/price-lists/${currency}`;
  const loaded = await load(api, path, catalog.currencies.some((each) => each.currency === currency));
  const kept = unsaved(`prices.${currency}`);
  const found = kept.read();
  const etag = found ? found.etag : loaded.etag; // what was changed meanwhile is not to be replaced unseen
  const variants = {
    site_bandwidth: catalog.bandwidth_steps.map((each) => [String(each), bandwidth(each)]),
    socket: catalog.socket_models.map((each) => [each, each]),
    sdp_users: catalog.regions.map(({ region, label }) => [region, either(`region.${region}`, label)]),
    accessory: catalog.accessory_types.map((each) => [each, either(`accessory_type.${each}`, each)]),
  };
  const known = new Set(loaded.body.prices.map((price) => price.unit_price));
  let prices = (found?.content ?? loaded.body.prices).map((each) => priceFields(each));
  const table = h("div.price-rows");
  const said = h("div");

  function priceFields(price = { kind: "", variant: null, description: "", unit_price: "", recurrence: "monthly" }) {
    const kinds = [["", t("form.choose")], ...catalog.item_kinds.map(({ kind }) => [kind, kindLabel(kind)])];
    const row = {
      kind: field({ name: "kind", label: t("prices.kind"), type: "select", required: true, value: price.kind, options: kinds }),
      variant: variantField(price.kind, price.variant),
      description: field({ name: "description", label: t("quote.description"), required: true, value: price.description, more: { maxlength: 100 } }),
      unit_price: amountField({ name: "unit_price", label: t("quote.unit_price"), required: true, value: price.unit_price, currency, known,
        judge: (units) => (units < 0n ? t("prices.negative") : null) }),
      recurrence: field({ name: "recurrence", label: t("quote.recurrence"), type: "select", required: true, value: price.recurrence, options: RECURRENCES.map((each) => [each, recurrenceLabel(each)]) }),
    };
    row.kind.control.addEventListener("change", () => {
      const before = row.variant;
      row.variant = variantField(row.kind.control.value, null);
      before.root.replaceWith(row.variant.root);
    });
    return row;
  }

  function variantField(kind, value) {
    const options = [["", t(variants[kind] ? "prices.any_variant" : "prices.no_variant")], ...(variants[kind] ?? [])];
    return field({ name: "variant", label: t("prices.variant"), type: "select", required: true, value: value ?? "", options, more: { disabled: !variants[kind], required: false } });
  }

  function draw() {
    fill(table, prices.length === 0 && h("p.nothing", {}, t("prices.empty")),
      prices.map((row) => h("fieldset.price-row", {},
        h("legend.visually-hidden", {}, row.description.control.value || t("prices.new_price")),
        ["kind", "variant", "description", "unit_price", "recurrence"].map((name) => row[name].root),
        h("button.small", { type: "button", "aria-label": t("editor.remove_line", { line: row.description.control.value || t("prices.new_price") }), onclick: () => { prices = prices.filter((each) => each !== row); draw(); } }, t("action.remove")),
        row.unit_price.notes)));
    add.disabled = prices.length >= MOST_PRICES;
  }

  const written = () => prices.map((row) => Object.fromEntries(Object.entries(row).map(([name, each]) => [name, each.control.value])));

  function beginAnew() {
    kept.forget();
    go(location.pathname, { replace: true });
  }

  const theOther = () => notice("warn", h("a", { href: location.pathname, target: "_blank" }, t("prices.see_it")));

  const bodyOf = () => ({
    prices: prices.map((row) => ({
      kind: row.kind.read(),
      variant: row.variant.read(),
      description: row.description.read(),
      unit_price: row.unit_price.written(),
      recurrence: row.recurrence.read(),
    })),
  });

  const guard = etag ? { "If-Match": etag } : { "If-None-Match": "*" };

  async function keep(event) {
    event.preventDefault();
    fill(said);
    if (isBusy(button) || !checkFields(prices.flatMap((row) => Object.values(row)))) return;
    setBusy(button, true);
    try {
      await api.put(path, bodyOf(), guard);
      kept.forget();
      toast(t("prices.saved"));
      go(location.pathname, { replace: true });
    } catch (error) {
      const rest = showFaults(error.errors ?? [], (pointer) => {
        const [, , index, name] = pointer.split("/");
        return prices[Number(index)]?.[name ?? "kind"] ?? null;
      });
      fill(said, changedMeanwhile(error, etag) && [theOther(), keptNotice(beginAnew)], notice("bad", changedMeanwhile(error, etag) ?? (rest.length ? rest.map(faultText).join(" ") : error.errors?.length ? t("editor.faulty") : reasonOf(error))));
    } finally {
      setBusy(button, false);
    }
  }

  /** A file takes the place of the whole list; what is wrong with it is said by its rows. */
  function bringIn() {
    const id = freshId("file");
    const file = h("input", { id, type: "file", accept: ".csv,text/csv", required: true });
    const answer = h("div");
    const submit = h("button.primary", { type: "submit" }, t("prices.import"));
    const form = h("form", { novalidate: true, onsubmit: async (event) => {
      event.preventDefault();
      if (isBusy(submit)) return;
      if (!file.files.length) {
        fill(answer, notice("bad", t("prices.choose_file")));
        file.focus();
        return;
      }
      setBusy(submit, true);
      try {
        await api.putCsv(path, file.files[0], guard);
        dialog.close();
        kept.forget();
        toast(t("prices.imported"));
        go(location.pathname, { replace: true });
      } catch (error) {
        fill(answer, notice("bad", changedMeanwhile(error, etag) ?? (error.errors?.length
          ? [t("new.faulty", { count: error.errors.length }), h("ul", {}, error.errors.map((each) => h("li", {}, rowFault(each))))]
          : reasonOf(error))));
      } finally {
        setBusy(submit, false);
      }
    } },
    h("p", {}, t("prices.import_text")),
    h("code.columns-named", {}, "kind,variant,description,unit_price,recurrence"),
    h("div.field", {}, h("label", { for: id }, t("prices.file")), file),
    answer,
    h("div.actions", {}, submit, h("button", { type: "button", onclick: () => dialog.close() }, t("action.cancel"))));
    const dialog = openDialog("dialog.ask", t("prices.import"), form);
    file.focus();
  }

  async function bringOut() {
    try {
      save(await api.getCsv(path, {}, spoken()), `prices-${currency}.csv`);
    } catch (error) {
      toast(reasonOf(error));
    }
  }

  const add = h("button", { type: "button", onclick: () => { prices.push(priceFields()); draw(); prices.at(-1).kind.control.focus(); } }, t("prices.add"));
  const button = h("button.primary", { type: "submit" }, t("action.save"));
  draw();
  const form = h("form.account-form", { novalidate: true, onsubmit: keep },
    found && keptNotice(beginAnew),
    h("section.card", {}, h("p.hint", {}, t("prices.list_text")), table, add),
    said,
    h("div.actions.sticky", {}, button));
  keepTyping(form, kept, found, etag, written);
  return h("div.screen", {},
    trail([t("nav.desk")], [t("nav.prices"), "/desk/price-lists"], [currency]),
    h("div.title-row", {}, h("h1", {}, t("prices.of", { currency: currencyName(currency) })),
      h("div.actions", {},
        h("button", { type: "button", onclick: bringIn }, t("prices.import")),
        loaded.etag && h("button", { type: "button", onclick: bringOut }, t("prices.export")))),
    form,
    loaded.etag && historyOf(context, path, ({ prices: count }) => [t("history.prices", { count })]));
}

/** The list and its version; an empty one, without a version, where there is none yet of a currency that there is. */
async function load(api, path, isCurrency) {
  try {
    return await api.getWithTag(path);
  } catch (error) {
    if (error instanceof Problem && error.status === 404 && isCurrency) return { body: { prices: [] }, etag: null };
    throw error;
  }
}

const changedMeanwhile = (error, etag) =>
  error instanceof Problem && error.code === "version_mismatch" ? t(etag ? "prices.changed_meanwhile" : "prices.begun_meanwhile") : null;

/** "Row 7, unit_price: …", as a spreadsheet counts rows. */
function rowFault(fault) {
  const row = /^Row (\d+): /.exec(fault.detail);
  if (!row) return faultText(fault);
  const column = fault.pointer.split("/")[3];
  const text = either(`fault.${fault.code}`, fault.detail.slice(row[0].length));
  return `${t("prices.row", { row: row[1] })}${column ? `, ${column}` : ""}: ${text}`;
}
