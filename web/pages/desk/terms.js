/** The standard terms of quotes: a text for each language, and texts for groups of accounts. */

import { checkFields, FormField, showFaults } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { inLanguage, instant, LANGUAGES, t } from "../../lib/i18n.js";
import { errorText, faultText, isOutdated } from "../../lib/problems.js";
import { BusyButton, useOnce } from "../../lib/ui/button.js";
import { ask } from "../../lib/ui/dialog.js";
import { Field } from "../../lib/ui/field.js";
import { Notice, Trail } from "../../lib/ui/status.js";
import { Table } from "../../lib/ui/table.js";
import { toast } from "../../lib/ui/toast.js";
import { KeptNotice, unsaved, useKept } from "../../lib/unsaved.js";
import { html, useMemo, useSignal } from "../../lib/view.js";
import { History } from "./history.js";

const PATH = "/desk/terms";
const languageName = (locale) => LANGUAGES[locale] ?? locale;

/** Returns the address of the terms of a language or, in that, of a group. */
const pageOf = ({ locale, group }) => `${PATH}?${new URLSearchParams({ locale, ...(group && { group }) })}`;

/**
 * Shows all terms, or those that the address names.
 *
 * @param {import("screens").Context} context
 */
export async function showTerms(context) {
  const { api, query, signal } = context;
  const [{ terms, defaults }, vendors] = await Promise.all([
    api.get("/desk/terms", { signal }),
    api.get("/desk/catalog", { signal }),
  ]);
  const groups = vendors.groups ?? [];
  const nameOf = (group) => inLanguage(groups.find((each) => each.group === group)?.labels) ?? group;
  const locale = query.get("locale");
  if (!locale)
    return html`<${AllTerms} context=${context} terms=${terms} defaults=${defaults} groups=${groups} nameOf=${nameOf} />`;
  const group = query.get("group");
  const stored = terms.find((each) => each.locale === locale && each.group === group);
  const fallback = terms.find((each) => each.locale === locale && each.group === null)?.text ?? defaults[locale];
  return html`<${Terms} context=${context} locale=${locale} group=${group} stored=${stored} name=${group && nameOf(group)} fallback=${group ? fallback : defaults[locale]} />`;
}

/** @param {{ context: import("screens").Context, terms: any[], defaults: any, groups: any[], nameOf: (group: string) => string }} props */
function AllTerms({ context: { can, go }, terms, defaults, groups, nameOf }) {
  const ofLanguages = Object.keys(defaults).map(
    (locale) =>
      terms.find((each) => each.locale === locale && each.group === null) ?? {
        locale,
        group: null,
        version: null,
        text: defaults[locale],
        updated_at: null,
      },
  );
  const rows = [...ofLanguages, ...terms.filter((each) => each.group !== null)];

  function begin() {
    ask({
      title: t("terms.new"),
      fields: [
        select(
          "group",
          t("prices.group"),
          groups.map((each) => [each.group, inLanguage(each.labels)]),
        ),
        select(
          "locale",
          t("terms.language"),
          Object.keys(defaults).map((each) => [each, languageName(each)]),
        ),
      ],
      action: t("terms.begin"),
      act: async (chosen) => go(pageOf(chosen)),
    });
  }

  const columns = [
    {
      head: t("terms.for"),
      className: "what",
      isName: true,
      cell: (row) => html`
        <a class="order-link" href=${pageOf(row)}>${languageName(row.locale)}${row.group && ` · ${nameOf(row.group)}`}</a>
        <span class="hint">${row.text.split("\n", 1)[0].slice(0, 80)}</span>`,
    },
    { head: t("terms.version"), cell: (row) => (row.version === null ? t("terms.default") : String(row.version)) },
    { head: t("prices.changed"), cell: (row) => row.updated_at && instant(row.updated_at) },
  ];
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.terms")]]} />
      <div class="title-row">
        <h1>${t("nav.terms")}</h1>
        ${can("desk:papers") && groups.length > 0 && html`<div class="actions"><button class="primary" type="button" onClick=${begin}>${t("terms.new")}</button></div>`}
      </div>
      <p class="hint">${t("terms.text")}</p>
      <div class="results"><${Table} class="orders" caption=${t("nav.terms")} columns=${columns} rows=${rows} keyOf=${pageOf} /></div>
    </div>`;
}

const select = (name, label, options) =>
  new FormField({ name, label, type: "select", required: true, value: options[0]?.[0], options });

/** @param {{ context: import("screens").Context, locale: any, group: string | null, stored: any, name: string, fallback: string }} props */
function Terms({ context, locale, group, stored, name, fallback }) {
  const { api, can, go, signal: left } = context;
  const mayChange = can("desk:papers");
  const scope = { locale, ...(group && { group }) };
  const { kept, found, field } = useMemo(() => {
    const place = unsaved(`terms.${locale}.${group ?? ""}`);
    const before = place.read();
    const text = new FormField({
      name: "text",
      label: t("terms.label"),
      type: "textarea",
      required: true,
      value: before?.content.text ?? stored?.text,
      isWide: true,
      limits: LIMITS.TermsRequest.text,
      attributes: { lang: locale, rows: 16 },
    });
    return { kept: place, found: before, field: text };
  }, []);
  const etag = found ? found.etag : stored ? `"${stored.version}"` : null;
  const refusal = useSignal(null);
  const { isBusy, once } = useOnce();
  useKept(kept, found, etag, () => ({ text: field.read() ?? "" }));

  const send = async (text) => {
    const headers = etag === null ? { "If-None-Match": "*" } : { "If-Match": etag };
    await api.put("/desk/terms", { body: { locale, group, text }, headers });
    kept.forget();
  };

  const save = async () => {
    refusal.value = null;
    if (!checkFields([field])) return;
    try {
      await send(field.read());
      toast(t("settings.saved"));
      go(pageOf(scope), { replace: true });
    } catch (error) {
      const rest = showFaults(error.errors ?? [], (pointer) => (pointer === "/text" ? field : undefined));
      if (isOutdated(error)) refusal.value = t("settings.outdated");
      else if (rest.length) refusal.value = rest.map(faultText).join(" ");
      else if (!error.errors?.length) refusal.value = errorText(error);
    }
  };

  function submit(event) {
    event.preventDefault();
    return once(save);
  }
  function beginAnew() {
    kept.forget();
    go(pageOf(scope), { replace: true });
  }
  const remove = () =>
    ask({
      title: t("terms.remove"),
      text: t(group ? "terms.remove_text.group" : "terms.remove_text"),
      action: t("action.remove"),
      danger: true,
      act: async () => {
        await send(null);
        toast(t("terms.removed"));
        go(PATH);
      },
    });
  const versions = async (query) => {
    const page = await api.get("/desk/terms/versions", { query: { ...query, ...scope }, signal: left });
    const changed = ({ version, text }) => (text === null ? ["/removed"] : version === 1 ? [] : ["/text"]);
    return { ...page, items: page.items.map((each) => ({ ...each, changed: changed(each) })) };
  };

  const title = group ? `${languageName(locale)} · ${name}` : languageName(locale);
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.terms"), PATH], [title]]} />
      <div class="title-row">
        <h1>${title}</h1>
        ${mayChange && stored && html`<div class="actions"><button type="button" onClick=${remove}>${t("terms.remove")}</button></div>`}
      </div>
      ${!mayChange && html`<p class="hint">${t("forbidden.to_change")}</p>`}
      <form novalidate onSubmit=${submit}>
        <fieldset class="account-form" disabled=${!mayChange}>
          ${found && html`<${KeptNotice} beginAnew=${beginAnew} />`}
          <section class="card">
            <p class="hint">${t("terms.kept")}</p>
            <div class="fields"><${Field} of=${field} /></div>
          </section>
          <div>${refusal.value && html`<${Notice} kind="bad">${refusal.value} <button class="small" type="button" onClick=${beginAnew}>${t("settings.reload")}</button></${Notice}>`}</div>
          ${mayChange && html`<div class="actions sticky"><${BusyButton} type="submit" class="primary" isBusy=${isBusy.value}>${t("action.save")}</${BusyButton}></div>`}
        </fieldset>
      </form>
      ${
        !stored &&
        html`
        <section class="card">
          <h2>${t("terms.until_then")}</h2>
          <p class="said" lang=${locale}>${fallback}</p>
        </section>`
      }
      <${History} load=${versions} signal=${left} more=${({ text }) => [text]} />
    </div>`;
}
