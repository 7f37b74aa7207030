/** A quote as the contact sees it. */

import { save } from "../files.js";
import { currentLanguage, day, instant, money, number, t, tOr } from "../i18n.js";
import { errorText } from "../problems.js";
import { ActionButton } from "../ui/button.js";
import { Chip, Facts } from "../ui/status.js";
import { Table } from "../ui/table.js";
import { toast } from "../ui/toast.js";
import { html, useEffect, useRef, useSignal } from "../view.js";
import { charged, lineNotes, optionText, recurrenceLabel, taxText, totalRows } from "./quote-text.js";

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
    ${quote.common_end_on && html`<span>${t("quote.common_end", { date: day(quote.common_end_on) })}</span>`}
    ${quote.offered_at && html`<span class="hint">${t("quote.offered_at", { at: instant(quote.offered_at) })}</span>`}
  </div>
  <${QuoteContent} quote=${quote} />
  ${pdf && html`<${ActionButton} act=${() => download(pdf, name)}>${t("quote.pdf")}</${ActionButton}>`}`;

/**
 * What a quote offers, and what was accepted of it, without its number and state.
 *
 * @param {{ quote: import("screens").Quote }} props
 */
export function QuoteContent({ quote }) {
  const { currency, lines, accepted, buyer } = quote;
  const taxes = new Set(lines.map((line) => line.tax && taxText(line.tax)));
  const idOf = (line) => String(lines.indexOf(line) + 1);
  const notesOf = (line) => [...lineNotes(line, currency), ...(line.tax && taxes.size > 1 ? [taxText(line.tax)] : [])];
  const columns = [
    {
      head: t("quote.description"),
      className: "what",
      isName: true,
      cell: (line) => html`
        ${line.description}
        ${line.optional && html`<span class="option-mark">${optionText(line, idOf(line), accepted?.options)}</span>`}
        ${notesOf(line).map((note) => html`<span key=${note} class="hint note">${note}</span>`)}
        ${line.message && html`<span class="said note">${line.message}</span>`}`,
    },
    { head: t("quote.quantity"), className: "number", cell: (line) => number(line.quantity) },
    {
      head: t("quote.unit_price"),
      className: "number",
      cell: (line) => html`
        ${money(line.unit_price, currency)}
        ${line.prorate && html`<span class="hint note">${recurrenceLabel(line.recurrence)}</span>`}`,
    },
    { head: t("quote.recurrence"), cell: (line) => recurrenceLabel(charged(line)) },
    {
      head: t("quote.amount"),
      className: "number",
      cell: (line) => html`
        ${
          line.list_amount &&
          html`<del class="hint note"><span class="visually-hidden">${t("quote.list_amount")} </span>${money(line.list_amount, currency)}</del>`
        }
        ${money(line.amount, currency)}`,
    },
  ];
  const isLeft = (line) => line.optional && (accepted ? !accepted.options.includes(idOf(line)) : !line.selected);
  const hasOptions = lines.some((line) => line.optional);
  const offered = html`<${QuoteTotals} priced=${quote} quote=${quote} />`;
  return html`
    ${quote.message && html`<blockquote class="said">${quote.message}</blockquote>`}
    <${Table} class="lines" caption=${t("quote.lines")} columns=${columns} rows=${lines} keyOf=${idOf} classOf=${(line) => (isLeft(line) ? "left" : undefined)} />
    ${accepted ? html`<${Accepted} quote=${quote} />` : offered}
    ${accepted && hasOptions && html`<details class="terms"><summary>${t("quote.as_offered")}</summary>${offered}</details>`}
    ${!accepted && hasOptions && html`<p class="hint">${t("quote.options_hint")}</p>`}
    ${quote.tax_sentences?.map((each) => html`<p key=${each} class="said">${each}</p>`)}
    ${
      buyer &&
      html`
      <div class="facts"><${Facts} pairs=${[
        [t("quote.buyer_address"), buyer.billing_address && html`<span class="said">${buyer.billing_address}</span>`],
        [t("quote.tax_number"), buyer.tax_number],
      ]} /></div>`
    }
    <details class="terms">
      <summary>${t("quote.terms")}</summary>
      <p>${quote.terms}</p>
      ${quote.terms_version && html`<p class="hint">${versionText(quote.terms_version)}</p>`}
    </details>`;
}

/**
 * Returns which of the installation's texts the terms are.
 *
 * @param {{ locale: string, version: number }} terms
 */
function versionText({ locale, version }) {
  const language = new Intl.DisplayNames([currentLanguage()], { type: "language" }).of(locale);
  return t("quote.terms_version", { version: String(version), language });
}

/** What the contact person has accepted, where that is not the whole as it was offered. */
function Accepted({ quote }) {
  const { accepted, lines } = quote;
  const hasOptions = lines.some((line) => line.optional);
  const chosen = accepted.options.map((id) => lines[Number(id) - 1]?.description ?? id);
  const options = chosen.length
    ? html`<ul class="chosen">${chosen.map((each, index) => html`<li key=${index}>${each}</li>`)}</ul>`
    : t("quote.accepted_no_options");
  return html`
    <section class="accepted">
      <h3>${t("quote.accepted")}</h3>
      <${QuoteTotals} priced=${accepted} quote=${quote} />
      <div class="facts"><${Facts} pairs=${[
        [t("quote.accepted_options"), hasOptions && options],
        [t("order.purchase_order_number"), accepted.purchase_order_number],
        [t("quote.accepted_sha256"), html`<span class="hash">${accepted.sha256}</span>`],
      ]} /></div>
    </section>`;
}

/**
 * The totals of a quote, or of what was accepted of it, with what leads to each; with `isShort`, what is to be paid stands
 * alone, and the rest is to be opened.
 *
 * @param {{ priced: any, quote: any, isShort?: boolean }} props
 */
export function QuoteTotals({ priced, quote, isShort = false }) {
  const rows = totalRows(priced, quote);
  const finals = rows.filter(([, , , isFinal]) => isFinal);
  if (finals.length === rows.length) return html`<${Rows} rows=${rows} currency=${quote.currency} />`;
  const whole = html`<${Rows} class="listed" rows=${rows} currency=${quote.currency} />`;
  if (!isShort) return whole;
  return html`
    <${Rows} rows=${finals} currency=${quote.currency} />
    <details class="sum-parts"><summary>${t("quote.sum_parts")}</summary>${whole}</details>`;
}

const Rows = ({ rows, currency, class: kind = "" }) => html`
  <dl class="totals ${kind}">
    ${rows.map(
      ([key, label, amount, isFinal]) => html`
      <div key=${key} class=${isFinal ? undefined : "part"}><dt>${label}</dt><dd>${money(amount, currency)}</dd></div>`,
    )}
  </dl>`;

async function download(pdf, name) {
  try {
    save(await pdf(), name);
  } catch (error) {
    toast(errorText(error));
  }
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

  const confirmation = base ? "/desk/orders/{order_id}/confirmation" : "/orders/{order_id}/confirmation";
  const confirmed = () => api.getPdf(confirmation, { path: { order_id: order.order_id } });

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
        quote.state === "approved" &&
        html`<${ActionButton} act=${() => download(confirmed, `confirmation-${order.order_id}.pdf`)}>${t("quote.confirmation")}</${ActionButton}>`
      }
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
