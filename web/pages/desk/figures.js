/** The figures: how many orders there were, how they ended, how long each step took, and what was won. */

import { writeQuery } from "../../lib/address.js";
import { save } from "../../lib/files.js";
import { currentLanguage, money, number, t } from "../../lib/i18n.js";
import { kindLabel } from "../../lib/orders/describe.js";
import { errorText } from "../../lib/problems.js";
import { SignedOut } from "../../lib/session.js";
import { BarChart, LyingBars } from "../../lib/ui/bar-chart.js";
import { ActionButton } from "../../lib/ui/button.js";
import { Choices } from "../../lib/ui/pager.js";
import { Empty, Notice, Trail } from "../../lib/ui/status.js";
import { Table } from "../../lib/ui/table.js";
import { toast } from "../../lib/ui/toast.js";
import { html, useRef, useSignal } from "../../lib/view.js";

const DIMENSIONS = /** @type {const} */ (["all", "person", "kind", "group"]);
const OUTCOMES = ["won", "lost", "expired", "open"];
const STEPS = /** @type {const} */ (["claim", "quote", "answer"]);
const RECURRENCES = /** @type {const} */ (["once", "monthly", "yearly"]);
const MONTHS_SHOWN = 12;
/** The months that one answer has at most, and of which one can choose. */
const MONTHS_CHOSEN_FROM = 36;
const MONTH = /^20\d\d-(0[1-9]|1[0-2])$/;

/** @typedef {import("screens").Figures} Figures */
/** @typedef {Figures["rows"][number]} Row */
/** @typedef {{ from: string, to: string, by: Figures["by"] }} Wanted */

/** @param {import("screens").Context} context */
export async function showFigures(context) {
  const { api, query, signal } = context;
  const now = new Date().toISOString().slice(0, 7);
  const month = (name, otherwise) => (MONTH.test(query.get(name) ?? "") ? (query.get(name) ?? "") : otherwise);
  const to = month("to", now);
  const wanted = {
    from: month("from", monthsBefore(to, MONTHS_SHOWN - 1)),
    to,
    by: DIMENSIONS.find((each) => each === query.get("by")) ?? "all",
  };
  const ask = (asked) => api.get("/desk/figures", { query: asked, signal });
  return html`<${Page} context=${context} now=${now} wanted=${wanted} first=${await ask(wanted)} ask=${ask} />`;
}

/** @param {{ context: import("screens").Context, now: string, wanted: Wanted, first: Figures, ask: (wanted: Wanted) => Promise<Figures> }} props */
function Page({ context, now, wanted, first, ask }) {
  const { api, catalog, signal } = context;
  const shown = useSignal({ wanted, figures: first });
  const fault = useSignal("");
  const newest = useRef(0);

  async function choose(changes) {
    const asked = { ...shown.value.wanted, ...changes };
    if (asked.from > asked.to) asked[changes.from ? "to" : "from"] = changes.from ?? changes.to;
    newest.current += 1;
    const mine = newest.current;
    try {
      const figures = await ask(asked);
      if (mine !== newest.current) return; // something else has been chosen meanwhile
      shown.value = { wanted: asked, figures };
      fault.value = "";
      writeQuery(asked);
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      if (!signal.aborted) fault.value = errorText(error);
    }
  }

  async function download() {
    try {
      const blob = await api.getCsv("/desk/figures", { query: shown.value.wanted, signal }, currentLanguage());
      save(blob, `figures-${shown.value.wanted.by}.csv`);
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      toast(errorText(error));
    }
  }

  const { figures } = shown.value;
  const { by, from, to } = shown.value.wanted;
  const months = Array.from({ length: MONTHS_CHOSEN_FROM }, (_, index) => monthsBefore(now, index));
  const choice = (name, value) => html`
    <label>${t(`figures.${name}`)}
      <select value=${value} onChange=${(event) => choose({ [name]: event.currentTarget.value })}>
        ${[...new Set([value, ...months])]
          .sort()
          .toReversed()
          .map((each) => html`<option key=${each} value=${each}>${monthName(each, "long")}</option>`)}
      </select>
    </label>`;
  return html`
    <div class="screen wide figures">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.figures")]]} />
      <div class="title-row">
        <h1>${t("nav.figures")}</h1>
        <div class="actions">
          <button type="button" onClick=${() => print()}>${t("figures.print")}</button>
          <${ActionButton} act=${download}>${t("list.csv")}</${ActionButton}>
        </div>
      </div>
      <p class="hint">${t("figures.text")}</p>
      <form class="filters" onSubmit=${(event) => event.preventDefault()}>
        <${Choices} label=${t("figures.by")} options=${DIMENSIONS.map((each) => [each, t(`figures.by_${each}`)])} value=${by} choose=${(chosen) => choose({ by: chosen })} />
        <div class="search-row">${choice("from", from)}${choice("to", to)}</div>
      </form>
      <p class="printed">${monthName(from, "long")} – ${monthName(to, "long")}</p>
      <div class="freshness" aria-live="polite">${fault.value && html`<${Notice} kind="warn">${fault.value}</${Notice}>`}</div>
      ${
        figures.rows.length === 0
          ? html`<${Empty} title=${t("figures.none")} text=${t("figures.none_text")} />`
          : by === "all"
            ? html`<${OverTime} figures=${figures} />`
            : html`<${ByKey} figures=${figures} catalog=${catalog} />`
      }
    </div>`;
}

/** The figures of all orders, month by month. */
function OverTime({ figures }) {
  const { months } = figures;
  const row = (month) => figures.rows.find((each) => each.month === month);
  const labels = months.map((month) => monthName(month, "short"));
  const currencies = [...new Set(figures.rows.flatMap(({ value }) => value.map(({ currency }) => currency)))].sort();
  const outcomes = outcomeSeries();
  return html`
    <section class="card">
      <${BarChart} title=${t("figures.orders_by_month")} labels=${labels} isWhole write=${number}
        series=${outcomes.map((each, index) => ({ ...each, values: months.map((month) => outcomeCounts(row(month))[index]) }))} />
      <${Counts} rows=${figures.rows} caption=${t("figures.orders_by_month")} />
    </section>
    <section class="card">
      <h2>${t("figures.times")}</h2>
      <p class="hint">${t("figures.times_text")}</p>
      <div class="charts">
        ${STEPS.map(
          (step) => html`
          <${BarChart} key=${step} title=${t(`figures.to_${step}`)} labels=${labels} write=${hours}
            series=${[{ name: t("figures.median"), className: "busy", values: months.map((month) => hoursOf(row(month), step).median) }]}
            marks=${{ name: t("figures.p90"), className: "mark", values: months.map((month) => hoursOf(row(month), step).p90) }} />`,
        )}
      </div>
      <${Times} rows=${figures.rows} />
    </section>
    ${
      currencies.length > 0 &&
      html`
      <section class="card">
        <h2>${t("figures.value")}</h2>
        <div class="charts">
          ${currencies.map(
            (currency) => html`
            <${BarChart} key=${currency} title=${t("figures.value_in", { currency })} labels=${labels} isGrouped write=${short}
              series=${RECURRENCES.map((recurrence) => ({
                name: t(`figures.${recurrence}`),
                className: recurrence,
                values: months.map((month) => Number(amountsOf(row(month), currency)?.[recurrence] ?? 0)),
              }))} />`,
          )}
        </div>
        <${Values} rows=${figures.rows} />
      </section>`
    }`;
}

/** The figures by person, kind or group: all months in one chart, and each in the tables. */
function ByKey({ figures, catalog }) {
  const label = (row) => labelOf(row, figures.by, catalog);
  const keys = [...new Set(figures.rows.map(({ key }) => key))];
  const bars = keys.map((key) => {
    const rows = figures.rows.filter((row) => row.key === key);
    const counts = rows.map(outcomeCounts);
    return {
      key,
      label: label(rows[0]),
      values: counts[0].map((_, index) => counts.reduce((sum, each) => sum + each[index], 0)),
    };
  });
  bars.sort((one, other) => total(other.values) - total(one.values));
  return html`
    <section class="card">
      <${LyingBars} title=${t(`figures.orders_by_${figures.by}`)} rows=${bars} series=${outcomeSeries()} />
      ${figures.by !== "person" && html`<p class="hint">${t("figures.several")}</p>`}
      <${Counts} rows=${figures.rows} label=${label} caption=${t(`figures.orders_by_${figures.by}`)} />
    </section>
    <section class="card">
      <h2>${t("figures.times")}</h2>
      <p class="hint">${t("figures.times_text")}</p>
      <${Times} rows=${figures.rows} label=${label} />
    </section>
    ${
      figures.rows.some(({ value }) => value.length > 0) &&
      html`
      <section class="card">
        <h2>${t("figures.value")}</h2>
        <${Values} rows=${figures.rows} label=${label} />
      </section>`
    }`;
}

// -- tables ----------------------------------------------------------------------------------------------------------

const keyOf = (row) => `${row.month} ${row.key}`;

/** @param {undefined | ((row: Row) => string)} label */
const leading = (label) => [
  {
    head: t("figures.month"),
    className: "what",
    isName: true,
    cell: (row) => html`<strong>${monthName(row.month, "long")}</strong>`,
  },
  ...(label ? [{ head: t("figures.key"), cell: label }] : []),
];
const numeric = (head, cell) => ({ head, className: "number", cell });

const Counts = ({ rows, label, caption }) => html`
  <${Table} class="orders numbers" caption=${caption} rows=${rows} keyOf=${keyOf} columns=${[
    ...leading(label),
    numeric(t("figures.orders"), (row) => number(row.orders)),
    ...OUTCOMES.map((outcome) => numeric(t(`figures.${outcome}`), (row) => number(row[outcome]))),
    numeric(t("figures.withdrawn"), (row) => number(withdrawn(row))),
  ]} />`;

const Times = ({ rows, label }) => html`
  <${Table} class="orders numbers" caption=${t("figures.times")} rows=${rows} keyOf=${keyOf} columns=${[
    ...leading(label),
    ...STEPS.map((step) =>
      numeric(t(`figures.to_${step}`), (row) => {
        const found = hoursOf(row, step);
        return found.median === null
          ? "–"
          : t("figures.half_and_most", {
              median: hours(found.median),
              p90: hours(found.p90),
              orders: number(found.count),
            });
      }),
    ),
  ]} />`;

const Values = ({ rows, label }) => html`
  <${Table} class="orders numbers" caption=${t("figures.value")} rows=${rows.flatMap((row) => row.value.map((value) => ({ ...row, ...value })))} keyOf=${(row) => `${keyOf(row)} ${row.currency}`} columns=${[
    ...leading(label),
    ...RECURRENCES.map((recurrence) =>
      numeric(t(`figures.${recurrence}`), (row) => money(row[recurrence], row.currency)),
    ),
  ]} />`;

// -- numbers ---------------------------------------------------------------------------------------------------------

const withdrawn = (row) => row.orders - row.won - row.lost - row.expired - row.open;
const outcomeCounts = (row) => (row ? [...OUTCOMES.map((outcome) => row[outcome]), withdrawn(row)] : [0, 0, 0, 0, 0]);
const outcomeSeries = () => [...OUTCOMES, "withdrawn"].map((each) => ({ name: t(`figures.${each}`), className: each }));
const hoursOf = (row, step) => row?.[`hours_to_${step}`] ?? { median: null, p90: null, count: 0 };
const amountsOf = (row, currency) => row?.value.find((each) => each.currency === currency);
const total = (values) => values.reduce((sum, each) => sum + each, 0);

/** A duration of the clock: minutes, hours or, from two days on, days. */
function hours(count) {
  const [amount, unit] = count < 1 ? [count * 60, "minute"] : count < 48 ? [count, "hour"] : [count / 24, "day"];
  return new Intl.NumberFormat(currentLanguage(), {
    style: "unit",
    unit,
    unitDisplay: "short",
    maximumFractionDigits: 1,
  }).format(amount);
}

const short = (amount) =>
  new Intl.NumberFormat(currentLanguage(), { notation: "compact", maximumFractionDigits: 1 }).format(amount);

/** What a key is called; kinds and groups have words in each language. */
function labelOf({ key, label }, by, catalog) {
  if (by === "person" && key === "") return t("figures.nobody");
  if (by === "kind") return kindLabel(key, catalog);
  return label ?? (by === "person" ? t("figures.unknown") : key);
}

/** @param {string} month @param {"short" | "long"} style */
const monthName = (month, style) =>
  new Intl.DateTimeFormat(currentLanguage(), {
    month: style,
    year: style === "long" ? "numeric" : "2-digit",
    timeZone: "UTC",
  }).format(new Date(`${month}-01T00:00:00Z`));

function monthsBefore(month, count) {
  const index = Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1 - count;
  return `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, "0")}`;
}
