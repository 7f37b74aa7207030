/** Amounts as whole minor units in BigInt, so that sums are exact. */

const WRITTEN = /^(-?)(\d{1,12})(?:[.,](\d{0,6}))?$/;

const NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(" ");
const THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND".split(" ");

/** How many decimals amounts of a currency have by ISO 4217, as the API has it; browsers go by what is used in shops. */
export function minorDigits(currency) {
  if (NO_DECIMALS.includes(currency)) return 0;
  return THREE_DECIMALS.includes(currency) ? 3 : 2;
}

/** What was written, in minor units; null if it is no amount, or has more decimals than the currency. */
export function read(text, digits) {
  const match = WRITTEN.exec(text.trim());
  if (!match) return null;
  const [, sign, whole, decimals = ""] = match;
  if (decimals.replace(/0+$/, "").length > digits) return null;
  const units = BigInt(whole + decimals.slice(0, digits).padEnd(digits, "0"));
  return sign ? -units : units;
}

/** The decimal string of an amount in minor units. */
export function write(units, digits) {
  const sign = units < 0n ? "-" : "";
  const text = String(units < 0n ? -units : units).padStart(digits + 1, "0");
  return digits ? `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}` : sign + text;
}
