/** Amounts as whole minor units in BigInt, so that sums are exact; and a parser for what people type. */

const PLAIN = /^([-\u2212]?)(\d{1,15})(?:([.,])(\d+))?$/;
/** Thousands in groups of three by one separator, and decimals after another one. */
const GROUPED = /^([-\u2212]?)(\d{1,3}(?:([.,'\u2019\s])\d{3})(?:\3\d{3})*)(?:(?!\3)[.,](\d+))?$/;
const WHOLE = /^\d{1,15}$/;

const digitsOf = new Map();

/** Stores how many decimals each currency has, as the catalog says. */
export function setCurrencies(currencies) {
  for (const { currency, minor_digits: digits } of currencies) digitsOf.set(currency, digits);
}

/** Returns how many decimals amounts of a currency have; browsers use those of cash. */
export const minorDigits = (currency) => digitsOf.get(currency) ?? 2;

/**
 * Returns what was typed as an amount in a currency of so many decimals: `units`, in minor units, or the `fault`, and
 * what the text could mean as `readings`, as they can be written: "12.500" in EUR is 12500 or 12.50, and is neither.
 *
 * One separator, a point or a comma, stands before decimals, of which there are no more than the currency has. Where
 * three decimals are in use, three digits after either may as well be thousands, unless the text is one of `known`, the
 * amounts as the API has them, which fields show. Where both stand in an amount, the second is before the decimals:
 * "1,234.56" is one thing only.
 */
export function parseAmount(typed, digits, known = new Set()) {
  const text = typed.trim();
  if (text === "") return { fault: "required", readings: [] };
  const plain = PLAIN.exec(text);
  if (plain) {
    const [, sign, whole, , decimals = ""] = plain;
    const readings = [thousands(sign, whole, decimals), fitting(sign, whole, decimals, digits)].filter(Boolean);
    if (decimals.length > digits) return { fault: "decimals", readings };
    if (readings.length > 1 && !known.has(text))
      return { fault: "ambiguous", readings: [readings[0], unmistakable(readings[1])] };
    const units = BigInt(whole + decimals.padEnd(digits, "0"));
    return { units: sign ? -units : units };
  }
  const grouped = GROUPED.exec(text);
  if (!grouped) return { fault: "malformed", readings: [] };
  const [, sign, groups, separator, decimals = ""] = grouped;
  const whole = groups.replace(/\D/g, "");
  if (decimals && ".,".includes(separator)) {
    if (decimals.length > digits)
      return { fault: "decimals", readings: [fitting(sign, whole, decimals, digits)].filter(Boolean) };
    const units = BigInt(whole + decimals.padEnd(digits, "0"));
    return { units: sign ? -units : units };
  }
  const reading = fitting(sign, whole, decimals, digits);
  return { fault: "grouped", readings: reading ? [reading] : [] };
}

/** Returns the amount in which a separator stands before thousands; null where none can. */
const thousands = (sign, whole, decimals) =>
  decimals.length === 3 && whole.length <= 3 && !whole.startsWith("0") ? `${sign && "-"}${whole}${decimals}` : null;

/** Returns the amount in which it stands before decimals, without zeros that the currency has no place for; or null. */
function fitting(sign, whole, decimals, digits) {
  const needed = decimals.replace(/0+$/, "");
  if (needed.length > digits) return null;
  const units = BigInt(whole + needed.padEnd(digits, "0"));
  return write(sign ? -units : units, digits);
}

/** Returns the same amount, written so that three digits do not look like thousands: "12.5", "012.555". */
const unmistakable = (written) =>
  written.endsWith("0") ? written.replace(/\.?0+$/, "") : written.replace(/^-?/, "$&0");

/** Returns a whole number that was typed in digits only, null for anything else: 1e3 and 1.0 are not accepted. */
export function parseWhole(typed) {
  const text = typed.trim();
  return WHOLE.test(text) ? Number(text) : null;
}

/** Returns the decimal string of an amount in minor units. */
export function write(units, digits) {
  const sign = units < 0n ? "-" : "";
  const text = String(units < 0n ? -units : units).padStart(digits + 1, "0");
  return digits ? `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}` : sign + text;
}
