/** A quote as the contact sees it. */

import { fill, h, isBusy, save, setBusy } from "../dom.js";
import { reasonOf, toast } from "../forms.js";
import { day, either, instant, money, number, t } from "../words.js";

export const RECURRENCES = ["once", "monthly", "yearly"];
export const recurrenceLabel = (recurrence) => either(`recurrence.${recurrence}`, recurrence);

/** `pdf()` answers the paper as a blob; without it, there is no button for it. */
export function quoteView(quote, { pdf, name } = {}) {
  return [
    h("div.quote-facts", {},
      h(`span.chip.quote-${quote.state}`, {}, either(`quote_state.${quote.state}`, quote.state)),
      h("span", {}, t("quote.revision", { revision: String(quote.revision) })),
      h("span", {}, t("quote.valid_until", { date: day(quote.valid_until) })),
      quote.offered_at && h("span.hint", {}, t("quote.offered_at", { at: instant(quote.offered_at) }))),
    quote.message && h("blockquote.said", {}, quote.message),
    h("table.lines", {},
      h("caption.visually-hidden", {}, t("quote.lines")),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("quote.description")), h("th.number", { scope: "col" }, t("quote.quantity")),
        h("th.number", { scope: "col" }, t("quote.unit_price")), h("th", { scope: "col" }, t("quote.recurrence")), h("th.number", { scope: "col" }, t("quote.amount")))),
      h("tbody", {}, quote.lines.map((line) => h("tr", {},
        h("td.what", {}, line.description),
        h("td.number", { "data-label": t("quote.quantity") }, number(line.quantity)),
        h("td.number", { "data-label": t("quote.unit_price") }, money(line.unit_price, quote.currency)),
        h("td", { "data-label": t("quote.recurrence") }, recurrenceLabel(line.recurrence)),
        h("td.number", { "data-label": t("quote.amount") }, money(line.amount, quote.currency)))))),
    totalsView(quote.totals, quote.currency),
    h("details.terms", {}, h("summary", {}, t("quote.terms")), h("p", {}, quote.terms)),
    pdf && h("button", { type: "button", "data-key": "pdf", onclick: (event) => download(event.currentTarget, pdf, name) }, t("quote.pdf")),
  ];
}

/** Totals that are not nought; all of them nought: the one-off one. */
export function totalsView(totals, currency) {
  const charged = [...new Set([...RECURRENCES, ...Object.keys(totals)])].filter((each) => !/^0(\.0+)?$/.test(totals[each]));
  const shown = charged.length ? charged : ["once"];
  return h("dl.totals", {}, shown.map((each) => h("div", {}, h("dt", {}, either(`total.${each}`, each)), h("dd", {}, money(totals[each], currency)))));
}

/** Taken back before its mail went, so that no paper was made of it; any other that was replaced is no order's present one. */
function isUndone(quote) {
  return quote.state === "superseded" && !quote.offered_at;
}

async function download(button, pdf, name) {
  if (isBusy(button)) return;
  setBusy(button, true);
  try {
    save(await pdf(), name);
  } catch (error) {
    toast(reasonOf(error));
  } finally {
    setBusy(button, false);
  }
}

/** The quote's place on an order's page, with its earlier revisions. `base` is "" or "/desk". */
export function quoteCard(context, order, base = "") {
  const { api } = context;
  const { quote } = order;
  const pdfOf = (revision) => () => api.getPdf(`${base}/orders/${order.order_id}/quotes/${revision}`);
  const nameOf = (revision) => `quote-${order.order_id}-${revision}.pdf`;
  if (!quote) return h("section.card", {}, h("h2", {}, t("quote.title")), h("p.nothing", {}, t(order.closed ? "quote.never" : "quote.not_yet")));
  const old = h("div.older");

  async function showEarlier(revision) {
    try {
      const earlier = await api.get(`${base}/orders/${order.order_id}/quotes/${revision}`);
      fill(old, h("h3", { tabindex: "-1" }, t("quote.earlier", { revision: String(revision) })), quoteView(earlier, { pdf: pdfOf(revision), name: nameOf(revision) }));
      old.querySelector("h3").focus();
    } catch (error) {
      toast(reasonOf(error));
    }
  }

  const waits = order.status === "pending_confirmation" && quote.state === "offered";
  return h("section.card.quote", {},
    h("h2", {}, t("quote.title")),
    waits && h("p.waits", {}, t("quote.waits_for", { name: order.contact.name })),
    !base && order.status === "pending_confirmation" && ["expired", "undeliverable"].includes(quote.state) && h("p.waits", {}, t(`quote.why.${quote.state}`, { name: order.contact.name })),
    quoteView(quote, { pdf: quote.state !== "sending" && !isUndone(quote) && pdfOf(quote.revision), name: nameOf(quote.revision) }),
    quote.revision > 1 && h("p.earlier", {}, t("quote.earlier_ones"), " ",
      Array.from({ length: quote.revision - 1 }, (_, index) => h("button.small", { type: "button", onclick: () => showEarlier(index + 1) }, String(index + 1)))),
    old);
}
