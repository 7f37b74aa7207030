/** A field for an amount of money, which shows how it reads the text and never guesses. */

import { FormField } from "./fields.js";
import { money, t } from "./i18n.js";
import { minorDigits, parseAmount, write } from "./money.js";
import { computed } from "./view.js";

const MAX_QUOTED = 32;
const EXAMPLE = 1250n;

export class AmountField extends FormField {
  /**
   * Takes an amount in `currency`. `judge(units)` returns any further error, or null. `known` are amounts as the API
   * has them: such a text was shown and not typed, and is read as it is.
   *
   * @param {import("./fields.js").Spec & { currency: string, known: Set<string>, judge?: (units: bigint) => string | null }} spec
   */
  constructor({ currency, known, judge = () => null, ...spec }) {
    super({ ...spec, attributes: { inputmode: "decimal", autocomplete: "off" } });
    this.currency = currency;
    this.known = known;
    this.judge = judge;
    this.digits = minorDigits(currency);
    this.hint = computed(() => this.#understood());
  }

  /** Returns the amount in minor units, null for an invalid one. */
  get units() {
    return this.#parsed().units ?? null;
  }

  /** Returns the decimal string for the API; null for an empty field that may be empty. */
  written() {
    return !this.required && this.text === "" ? null : write(this.units, this.digits);
  }

  ownFault() {
    if (!this.required && this.text === "") return null;
    const { units, fault, readings } = this.#parsed();
    return fault ? errorOf(this.text, fault, readings, this.currency) : this.judge(units);
  }

  #parsed() {
    return parseAmount(this.value.value, this.digits, this.known);
  }

  /** Three digits after a separator look like thousands to people who write decimals otherwise. */
  #understood() {
    const { units, text } = this;
    const amount = units !== null && /[.,]\d{3}$/.test(text) ? money(write(units, this.digits), this.currency) : text;
    return amount.includes(text) ? "" : t("amount.understood", { typed: text, amount });
  }
}

function inFull(written, digits) {
  const [whole, decimals = ""] = written.replace(/^(-?)0+(?=\d)/, "$1").split(".");
  return digits === 0 ? whole : `${whole}.${decimals.padEnd(digits, "0")}`;
}

/** Returns the error of what was typed, with the ways to write what it may mean. */
function errorOf(typed, fault, readings, currency) {
  const digits = minorDigits(currency);
  if (fault === "required") return t("fault.required");
  const quoted = typed.length > MAX_QUOTED ? `${typed.slice(0, MAX_QUOTED)}…` : typed;
  const example = write(EXAMPLE * 10n ** BigInt(digits), digits);
  const key = fault === "decimals" && digits === 0 ? "no_decimals" : fault;
  return [
    t(`amount.${key}`, { typed: quoted, currency, digits, example }),
    ...readings.map((written) => t("amount.write", { written, amount: money(inFull(written, digits), currency) })),
  ].join(" ");
}
