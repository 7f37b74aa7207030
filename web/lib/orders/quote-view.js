/** A quote as the contact sees it. */

import { save } from "../files.js";
import { LIMITS } from "../generated/limits.js";
import { day, instant, money, number, t, tOr } from "../i18n.js";
import { errorText } from "../problems.js";
import { ActionButton } from "../ui/button.js";
import { Chip } from "../ui/status.js";
import { Table } from "../ui/table.js";
import { toast } from "../ui/toast.js";
import { html, useEffect, useRef, useSignal } from "../view.js";

export const RECURRENCES = LIMITS.NewLine.recurrence.enum;
export const recurrenceLabel = (recurrence) => tOr(`recurrence.${recurrence}`, recurrence);

/**
 * A quote. `pdf()` returns the PDF as a blob; without it, there is no button for it.
 *
 * @param {{ quote: import("screens").Quote, pdf?: () => Promise<Blob>, name?: string }} props
 */
const Quote = ({ quote, pdf, name }) => html`
  <div class="quote-facts">
    <${Chip} of="quote" state=${quote.state} label=${tOr(`quote_state.${quote.state}`, quote.state)} />
    <span>${t("quote.revision", { revision: String(quote.revision) })}</span>
    <span>${t("quote.valid_until", { date: day(quote.valid_until) })}</span>
    ${quote.offered_at && html`<span class="hint">${t("quote.offered_at", { at: instant(quote.offered_at) })}</span>`}
  </div>
  <${QuoteContent} quote=${quote} />
  ${pdf && html`<${ActionButton} act=${() => download(pdf, name)}>${t("quote.pdf")}</${ActionButton}>`}`;

/**
 * What a quote offers, without its number and state.
 *
 * @param {{ quote: import("screens").Quote }} props
 */
export function QuoteContent({ quote }) {
  const { currency } = quote;
  const columns = [
    { head: t("quote.description"), className: "what", isName: true, cell: (line) => line.description },
    { head: t("quote.quantity"), className: "number", cell: (line) => number(line.quantity) },
    { head: t("quote.unit_price"), className: "number", cell: (line) => money(line.unit_price, currency) },
    { head: t("quote.recurrence"), cell: (line) => recurrenceLabel(line.recurrence) },
    { head: t("quote.amount"), className: "number", cell: (line) => money(line.amount, currency) },
  ];
  return html`
    ${quote.message && html`<blockquote class="said">${quote.message}</blockquote>`}
    <${Table} class="lines" caption=${t("quote.lines")} columns=${columns} rows=${quote.lines} keyOf=${(line) => quote.lines.indexOf(line)} />
    <${Totals} totals=${quote.totals} currency=${currency} />
    <details class="terms"><summary>${t("quote.terms")}</summary><p>${quote.terms}</p></details>`;
}

async function download(pdf, name) {
  try {
    save(await pdf(), name);
  } catch (error) {
    toast(errorText(error));
  }
}

/** The totals that are not zero; the one-off one if all are zero. */
export function Totals({ totals, currency }) {
  const charged = [...new Set([...RECURRENCES, ...Object.keys(totals)])].filter(
    (each) => !/^0(\.0+)?$/.test(totals[each]),
  );
  const shown = charged.length ? charged : ["once"];
  return html`
    <dl class="totals">
      ${shown.map((each) => html`<div key=${each}><dt>${tOr(`total.${each}`, each)}</dt><dd>${money(totals[each], currency)}</dd></div>`)}
    </dl>`;
}

/** Returns whether the revision was undone before its mail went, so that it has no PDF. */
const isUndone = (quote) => quote.state === "superseded" && !quote.offered_at;

/**
 * The quote on an order's page, with its earlier revisions. `base` is "" or "/desk".
 *
 * @param {{ api: import("screens").Api, order: import("screens").Order, base?: string }} props
 */
export function QuoteCard({ api, order, base = "" }) {
  const earlier = useSignal(null);
  const { quote } = order;
  if (!quote) {
    return html`<section class="card"><h2>${t("quote.title")}</h2><p class="nothing">${t(order.closed ? "quote.never" : "quote.not_yet")}</p></section>`;
  }
  const path = (revision) => ({ path: { order_id: order.order_id, revision } });
  const route = base ? "/desk/orders/{order_id}/quotes/{revision}" : "/orders/{order_id}/quotes/{revision}";
  const pdfProps = (revision) => ({
    pdf: () => api.getPdf(route, path(revision)),
    name: `quote-${order.order_id}-${revision}.pdf`,
  });

  async function showEarlier(revision) {
    try {
      earlier.value = await api.get(route, path(revision));
    } catch (error) {
      toast(errorText(error));
    }
  }

  const isPending = order.status === "pending_confirmation";
  const why = !base && isPending && ["expired", "undeliverable"].includes(quote.state) && `quote.why.${quote.state}`;
  const older = Array.from({ length: quote.revision - 1 }, (_, index) => index + 1);
  return html`
    <section class="card quote">
      <h2>${t("quote.title")}</h2>
      ${isPending && quote.state === "offered" && html`<p class="waits">${t("quote.waits_for", { name: order.contact.name })}</p>`}
      ${why && html`<p class="waits">${t(why, { name: order.contact.name })}</p>`}
      <${Quote} quote=${quote} ...${quote.state !== "sending" && !isUndone(quote) && pdfProps(quote.revision)} />
      ${
        older.length > 0 &&
        html`
        <p class="earlier">${t("quote.earlier_ones")} ${older.map(
          (revision) => html`
          <button key=${revision} class="small" type="button" onClick=${() => showEarlier(revision)}>${String(revision)}</button>`,
        )}</p>`
      }
      ${earlier.value && html`<${Earlier} key=${earlier.value.revision} quote=${earlier.value} pdf=${pdfProps(earlier.value.revision)} />`}
    </section>`;
}

function Earlier({ quote, pdf }) {
  const heading = useRef(null);
  useEffect(() => heading.current.focus(), []);
  return html`
    <div class="older">
      <h3 tabindex="-1" ref=${heading}>${t("quote.earlier", { revision: String(quote.revision) })}</h3>
      <${Quote} quote=${quote} ...${pdf} />
    </div>`;
}
