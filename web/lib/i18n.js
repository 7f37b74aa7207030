/** Texts, dates and numbers in the reader's language (i18n). Texts come from `locales/`, one file a language. */

import { Unreachable } from "./api.js";
import { batch, signal } from "./view.js";

/** The languages of the screens, each by its own name. */
export const LANGUAGES = {};
const CHOSEN = "online-orders.language";

const language = signal("en");
/** Whatever shows a text is drawn again when these change. */
const texts = signal({});
let zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Sets the languages that can be chosen; each has a file in `locales/`. */
export function setLanguages(names) {
  for (const name of names) LANGUAGES[name] = new Intl.DisplayNames([name], { type: "language" }).of(name);
}

/** Returns the language that the reader has chosen, else the account's, else the browser's. */
export function preferredLanguage(ofAccount) {
  const wanted = [localStorage.getItem(CHOSEN), ofAccount, ...navigator.languages.map((each) => each.slice(0, 2))];
  return wanted.find((each) => each in LANGUAGES) ?? "en";
}

export function chooseLanguage(name) {
  localStorage.setItem(CHOSEN, name);
}

export async function loadLocale(name) {
  const response = await fetch(new URL(`../locales/${name}.json`, import.meta.url)).catch((error) => {
    throw new Unreachable(error.message, { cause: error });
  });
  if (!response.ok) throw new Unreachable(`no texts: ${response.status}`);
  const found = await response.json();
  batch(() => {
    texts.value = found;
    language.value = name;
  });
  document.documentElement.lang = name;
}

export const currentLanguage = () => language.value;

/**
 * Returns what `words`, {language: text}, have in the reader's language, else in English, else in any; undefined for none.
 *
 * @template T
 * @param {Record<string, T> | null | undefined} words
 */
export const inLanguage = (words) => words && (words[language.value] ?? words.en ?? Object.values(words)[0]);

/** Sets the IANA time zone in which instants are shown. */
export function setTimeZone(timeZone) {
  zone = timeZone;
}

export const hasText = (key) => key in texts.value;

/**
 * Returns the text `key`, with each `{name}` replaced by its value; with a `count`, its plural form.
 *
 * @param {string} key
 * @param {Record<string, any>} values
 */
export function t(key, values = {}) {
  let found = texts.value[key];
  if ("count" in values) {
    const form = new Intl.PluralRules(language.value).select(values.count);
    found = texts.value[`${key}.${form}`] ?? texts.value[`${key}.other`] ?? found;
  }
  return (found ?? key).replace(/\{(\w+)\}/g, (whole, name) =>
    name in values ? (typeof values[name] === "number" ? number(values[name]) : values[name]) : whole,
  );
}

/** Returns the text `key` if there is one, else `otherwise`. */
export const tOr = (key, otherwise, values) => (hasText(key) ? t(key, values) : otherwise);

export const number = (value) => new Intl.NumberFormat(language.value).format(value);

/** Returns a decimal string as people write the number, with the decimals that it has. */
export function decimal(text) {
  const digits = text.split(".")[1]?.length ?? 0;
  /** @type {any} */
  const exact = text; // which TypeScript's own types do not know to be taken
  return new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(exact);
}

/** Returns a calendar day, YYYY-MM-DD, as people write it. */
export function day(iso) {
  const at = new Date(`${iso}T00:00:00Z`);
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeZone: "UTC" }).format(at);
}

const DATE = { year: "numeric", month: "short", day: "numeric" };
const TIME = { hour: "numeric", minute: "2-digit" };

/**
 * Returns a format in the reader's zone; if the browser does not know that, in the browser's own, which is then named.
 */
const inZone = (styles, spelledOut) =>
  new Intl.DateTimeFormat(
    language.value,
    isKnownZone(zone) ? { ...styles, timeZone: zone } : { ...spelledOut, timeZoneName: "short" },
  );

/** Returns the IANA zone in which days and times are shown. */
export const shownZone = () => (isKnownZone(zone) ? zone : Intl.DateTimeFormat().resolvedOptions().timeZone);

export function instant(iso) {
  return inZone({ dateStyle: "medium", timeStyle: "short" }, { ...DATE, ...TIME }).format(new Date(iso));
}

export function dayOf(iso) {
  return inZone({ dateStyle: "medium" }, DATE).format(new Date(iso));
}

/** Returns a duration as text: "3 hours". */
export function age(seconds) {
  const [amount, unit] =
    seconds < 3_600
      ? [Math.max(1, Math.floor(seconds / 60)), "minute"]
      : seconds < 172_800
        ? [Math.floor(seconds / 3_600), "hour"]
        : [Math.floor(seconds / 86_400), "day"];
  return new Intl.NumberFormat(language.value, { style: "unit", unit, unitDisplay: "long" }).format(amount);
}

/** Returns an amount, a decimal string, in its currency; it is never converted to binary floating point. */
export function money(amount, currency) {
  const digits = amount.split(".")[1]?.length ?? 0;
  /** @type {Intl.NumberFormatOptions} */
  const format = { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(language.value, format).format(amount);
}

export const currencyName = (code) => new Intl.DisplayNames(language.value, { type: "currency" }).of(code);

const knownZones = new Map();

/** Returns whether the browser knows an IANA zone. */
function isKnownZone(timeZone) {
  if (!knownZones.has(timeZone)) {
    let isKnown = true;
    try {
      Intl.DateTimeFormat("en", { timeZone });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      isKnown = false;
    }
    knownZones.set(timeZone, isKnown);
  }
  return knownZones.get(timeZone);
}

/** Returns today, YYYY-MM-DD, in an IANA zone, or in the browser's if it does not know that; plus `after` days. */
export function today(timeZone, after = 0) {
  const own = isKnownZone(timeZone) ? { timeZone } : {};
  const parts = new Intl.DateTimeFormat("en-CA", { ...own, year: "numeric", month: "2-digit", day: "2-digit" });
  const at = new Date(`${parts.format(new Date())}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + after);
  return at.toISOString().slice(0, 10);
}
