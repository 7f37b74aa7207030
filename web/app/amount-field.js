/** A field for an amount of money, which says what it reads and never guesses. */

import { field } from "./forms.js";
import { minorDigits, parseAmount, write } from "./money.js";
import { money, t } from "./words.js";

const LONGEST_QUOTED = 32;
const EXAMPLE = 1250n;

/**
 * Returns a `field` whose control takes an amount in `currency`; `units()` is that in minor units, null for anything
 * else, and `written()` the decimal string for the API. `judge(units)` answers what else is wrong with it, or null.
 * `known` are amounts as the API has them: such a text was not typed but shown, and is read as what it is.
 */
export function amountField({ currency, known, judge = () => null, ...how }) {
  const digits = minorDigits(currency);
  const made = field({ ...how, more: { inputmode: "decimal", autocomplete: "off" } });
  const { control } = made;
  const parsed = () => parseAmount(control.value, digits, known);

  function ownFault() {
    const { units, fault, readings } = parsed();
    return fault ? faultOf(control.value.trim(), fault, readings, currency) : judge(units);
  }

  /** Three digits after a separator look like thousands to those who write decimals otherwise. */
  function sayUnderstood() {
    const typed = control.value.trim();
    const { units } = parsed();
    const amount = units !== undefined && /[.,]\d{3}$/.test(typed) ? money(write(units, digits), currency) : typed;
    made.sayHint(amount.includes(typed) ? null : t("amount.understood", { typed, amount }));
  }

  control.addEventListener("input", sayUnderstood);
  sayUnderstood();
  const units = () => parsed().units ?? null;
  return { ...made, ownFault, units, written: () => write(units(), digits) };
}

function inFull(written, digits) {
  const [whole, decimals = ""] = written.replace(/^(-?)0+(?=\d)/, "$1").split(".");
  return digits === 0 ? whole : `${whole}.${decimals.padEnd(digits, "0")}`;
}

/** What is wrong with what was typed, and how to write what it may mean. */
function faultOf(typed, fault, readings, currency) {
  const digits = minorDigits(currency);
  if (fault === "required") return t("fault.required");
  const quoted = typed.length > LONGEST_QUOTED ? `${typed.slice(0, LONGEST_QUOTED)}…` : typed;
  const example = write(EXAMPLE * 10n ** BigInt(digits), digits);
  const key = fault === "decimals" && digits === 0 ? "no_decimals" : fault;
  return [
    t(`amount.${key}`, { typed: quoted, currency, digits, example }),
    ...readings.map((written) => t("amount.write", { written, amount: money(inFull(written, digits), currency) })),
  ].join(" ");
}
