/** The letterhead of papers: who the vendor is, the logo, a color, and what stands at the foot in each language. */

import { checkFields, FormField, showFaults } from "../../lib/fields.js";
import { openBlob } from "../../lib/files.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { LANGUAGES, t } from "../../lib/i18n.js";
import { errorText, faultText } from "../../lib/problems.js";
import { SignedOut } from "../../lib/session.js";
import { ActionButton } from "../../lib/ui/button.js";
import { Field } from "../../lib/ui/field.js";
import { Empty, Facts, Trail } from "../../lib/ui/status.js";
import { announce, toast } from "../../lib/ui/toast.js";
import { html, useMemo, useRef, useSignal } from "../../lib/view.js";
import { SavingFoot, useSaving } from "./settings-form.js";

const limits = LIMITS.LetterheadRequest;
const ACCENT = "#1d5fa8";
/** The members in the order of the form: whether they have several lines, and what a browser may fill in. */
const MEMBERS = {
  legal_name: { required: true, autocomplete: "organization" },
  address: { isText: true, required: true },
  register_entry: {},
  tax_numbers: { isText: true },
  bank: { isText: true },
  email: { type: "email" },
  phone: { type: "tel" },
  website: {},
};
/** What may differ by the language. */
const IN_LANGUAGE = ["footer", "address", "register_entry", "bank"];
const TYPES = { "image/png": 200 * 1024, "image/svg+xml": 100 * 1024 };

/** @param {import("screens").Context} context */
export async function showLetterhead(context) {
  const { api, can, go, signal } = context;
  const { body, etag } = await api.getWithTag("/desk/letterhead", { signal });
  const page = can("desk:papers")
    ? html`<${LetterheadForm} api=${api} letterhead=${body} etag=${etag} reload=${() => go("/desk/letterhead", { replace: true })} />`
    : html`<${Shown} letterhead=${body} />`;
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.letterhead")]]} />
      <div class="title-row"><h1>${t("nav.letterhead")}</h1></div>
      <p class="hint">${t("letterhead.text")}</p>
      ${page}
    </div>`;
}

const lines = (text) => html`<span class="said">${text}</span>`;

/** What somebody reads who may not change it. */
function Shown({ letterhead }) {
  if (!letterhead.legal_name) return html`<${Empty} title=${t("letterhead.none")} text=${t("letterhead.none_text")} />`;
  const { logo, texts = {}, tax_numbers: numbers = [], colors } = letterhead;
  const pairs = Object.keys(MEMBERS).map((name) => {
    const value = name === "tax_numbers" ? numbers.join("\n") : letterhead[name];
    return [t(`letterhead.${name}`), value ? lines(value) : null];
  });
  return html`
    <div class="letterhead">
    <section class="card facts">
      ${logo && html`<${Picture} logo=${logo} name=${letterhead.legal_name} />`}
      <${Facts} pairs=${[...pairs, [t("letterhead.accent"), colors ? html`<code>${colors.accent}</code>` : null]]} />
    </section>
    ${Object.entries(texts).map(
      ([language, own]) => html`
      <section key=${language} class="card facts">
        <h2>${LANGUAGES[language] ?? language}</h2>
        <${Facts} pairs=${IN_LANGUAGE.map((name) => [t(`letterhead.${name}`), own[name] ? lines(own[name]) : null])} />
      </section>`,
    )}
    </div>`;
}

const Picture = ({ logo, name }) =>
  html`<img class="logo" alt=${t("letterhead.logo_of", { name })} src="data:${logo.media_type};base64,${logo.data}" />`;

/** Returns the fields of all members, and of the texts by language. */
function fieldsOf(letterhead) {
  const { texts = {}, tax_numbers: numbers = [], colors } = letterhead;
  const members = Object.fromEntries(
    Object.entries(MEMBERS).map(([name, { isText, required, type, autocomplete }]) => [
      name,
      new FormField({
        name,
        label: t(`letterhead.${name}`),
        type: isText ? "textarea" : (type ?? "text"),
        required,
        value: name === "tax_numbers" ? numbers.join("\n") : letterhead[name],
        hint: name === "tax_numbers" ? t("letterhead.tax_numbers_hint") : "",
        limits: name === "tax_numbers" ? {} : limits[name],
        attributes: { autocomplete: autocomplete ?? "off" },
      }),
    ]),
  );
  members.accent = new FormField({
    name: "accent",
    label: t("letterhead.accent"),
    type: "color",
    required: true,
    value: colors?.accent ?? ACCENT,
    hint: t("letterhead.accent_hint"),
  });
  const languages = [...new Set([...Object.keys(LANGUAGES), ...Object.keys(texts)])];
  const inLanguages = languages.map((language) => [language, textsOf(language, texts[language] ?? {})]);
  return { members, texts: Object.fromEntries(inLanguages) };
}

const textsOf = (language, own) =>
  Object.fromEntries(
    IN_LANGUAGE.map((name) => [
      name,
      new FormField({
        name: `${language}-${name}`,
        label: t(`letterhead.${name}`),
        type: name === "register_entry" ? "text" : "textarea",
        value: own[name],
        hint: name === "footer" ? t("letterhead.footer_hint") : "",
        limits: LIMITS["LetterheadTexts-Input"][name],
        attributes: { lang: language, autocomplete: "off" },
      }),
    ]),
  );

const filled = (fields) =>
  Object.fromEntries(
    Object.entries(fields)
      .map(([name, field]) => [name, field.read()])
      .filter(([, value]) => value !== null),
  );

/** @param {{ api: import("screens").Api, letterhead: import("screens").Letterhead, etag: string | null, reload: () => void }} props */
function LetterheadForm({ api, letterhead, etag, reload }) {
  const { members, texts } = useMemo(() => fieldsOf(letterhead), []);
  const logo = useSignal(/** @type {{ media_type: string, data: string } | null} */ (letterhead.logo ?? null));
  const logoFault = useSignal(/** @type {string | null} */ (null));
  const file = useRef(/** @type {HTMLInputElement | null} */ (null));
  const fields = () => [...Object.values(members), ...Object.values(texts).flatMap(Object.values)];

  function content() {
    const { accent, tax_numbers: numbers, ...others } = members;
    const inLanguages = Object.entries(texts).map(([language, own]) => [language, filled(own)]);
    return {
      ...filled(others),
      tax_numbers: numbers.text.split("\n").flatMap((each) => each.trim() || []),
      colors: { accent: accent.text },
      logo: logo.value,
      texts: Object.fromEntries(inLanguages.filter(([, own]) => Object.keys(own).length)),
    };
  }

  /** The place of the logo's fault, which is no field of a form. */
  const logoPlace = {
    show: (fault) => {
      logoFault.value = fault;
    },
    focus: () => file.current?.focus(),
  };
  function fieldAt(pointer) {
    const [, member, second, third] = pointer.split("/");
    if (member === "logo") return logoPlace;
    if (member === "texts") return texts[second]?.[third] ?? Object.values(texts[second] ?? {})[0];
    return member === "colors" ? members.accent : members[member];
  }

  const saving = useSaving({
    etag,
    fields,
    send: (version) => {
      logoFault.value = null;
      return api.putWithTag("/desk/letterhead", { body: content(), headers: { "If-Match": version ?? "" } });
    },
    fieldAt,
  });

  async function preview(locale) {
    if (!checkFields(fields())) return;
    logoFault.value = null;
    try {
      openBlob(await api.postForPdf("/desk/letterhead/preview", { query: { locale }, body: content() }));
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      const rest = showFaults(error.errors ?? [], fieldAt);
      if (rest.length) toast(rest.map(faultText).join(" "));
      else if (!error.errors?.length) toast(errorText(error));
    }
  }

  async function choose() {
    const chosen = file.current?.files?.[0];
    if (!chosen) return;
    const type = chosen.type || (chosen.name.toLowerCase().endsWith(".svg") ? "image/svg+xml" : "image/png");
    const most = TYPES[type];
    logoFault.value = null;
    if (most === undefined) logoFault.value = t("fault.logo_wrong_type");
    else if (chosen.size > most) logoFault.value = t("fault.logo_too_large");
    else logo.value = { media_type: type, data: await base64Of(chosen) };
  }
  function remove() {
    logo.value = null;
    logoFault.value = null;
    if (file.current) file.current.value = "";
    file.current?.focus();
    announce(t("letterhead.logo_removed"));
  }

  const named = members.legal_name.text;
  return html`
    <form novalidate class="letterhead" onSubmit=${saving.submit}>
      <section class="card">
        <h2>${t("letterhead.vendor")}</h2>
        <div class="fields">${Object.keys(MEMBERS).map((name) => html`<${Field} key=${name} of=${members[name]} />`)}</div>
      </section>
      <section class="card">
        <h2>${t("letterhead.look")}</h2>
        <div class="fields">
          <div class="field">
            <label for="letterhead-logo">${t("letterhead.logo")}<span class="optional"> ${t("form.optional")}</span></label>
            <input id="letterhead-logo" type="file" accept=".png,.svg,image/png,image/svg+xml" ref=${file} aria-describedby="letterhead-logo-notes" aria-invalid=${logoFault.value ? "true" : undefined} onChange=${choose} />
            <span class="notes" id="letterhead-logo-notes">
              ${logoFault.value && html`<span class="fault">${logoFault.value}</span>`}
              <span class="hint">${t("letterhead.logo_hint")}</span>
            </span>
            ${logo.value && html`<div class="chosen"><${Picture} logo=${logo.value} name=${named} /><button class="small plain" type="button" onClick=${remove}>${t("letterhead.remove_logo")}</button></div>`}
          </div>
          <${Field} of=${members.accent} />
        </div>
      </section>
      <p class="hint">${t("letterhead.texts_text")}</p>
      <div class="languages">
        ${Object.entries(texts).map(
          ([language, own]) => html`
          <fieldset key=${language} class="card">
            <legend>${LANGUAGES[language] ?? language}</legend>
            <div class="fields">${Object.values(own).map((each) => html`<${Field} key=${each.id} of=${each} />`)}</div>
            <${ActionButton} class="small" act=${() => preview(language)}>${t("letterhead.preview", { language: LANGUAGES[language] ?? language })}</${ActionButton}>
          </fieldset>`,
        )}
      </div>
      <${SavingFoot} saving=${saving} reload=${reload} />
    </form>`;
}

/** Returns the content of a file in base64. */
const base64Of = (file) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
