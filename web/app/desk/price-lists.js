/** The price lists, one a currency. */

import { fill, h } from "../dom.js";
import { ask, field, reasonOf, toast } from "../forms.js";
import { trail } from "../shell.js";
import { currencyName, instant, t } from "../words.js";

export async function showPriceLists({ api, signal, go, catalog }) {
  let { items: lists, next_cursor: cursor } = await api.get("/desk/price-lists", { limit: 100 }, signal);
  const table = h("div.results");
  const more = h("div.pages");

  function draw() {
    fill(table, lists.length ? rows(lists) : h("div.empty", {}, h("h2", {}, t("prices.none")), h("p", {}, t("prices.none_text"))));
    fill(more, cursor && h("button", { type: "button", onclick: loadMore }, t("accounts.more")));
  }

  async function loadMore() {
    try {
      const page = await api.get("/desk/price-lists", { limit: 100, cursor }, signal);
      lists = [...lists, ...page.items];
      cursor = page.next_cursor;
      draw();
    } catch (error) {
      toast(reasonOf(error));
    }
  }

  function begin() {
    const known = new Set(lists.map((each) => each.currency));
    const left = catalog.currencies.map((each) => each.currency).filter((each) => !known.has(each));
    const options = left.map((each) => [each, `${each} · ${currencyName(each)}`]);
    ask({
      title: t("prices.new"),
      fields: [field({ name: "currency", label: t("account.currency"), type: "select", required: true, value: left.includes("EUR") ? "EUR" : left[0], options })],
      action: t("prices.begin"),
      act: async ({ currency }) => go(`/desk/price-lists/${currency}`),
    });
  }

  draw();
  return h("div.screen", {},
    trail([t("nav.desk")], [t("nav.prices")]),
    h("div.title-row", {}, h("h1", {}, t("nav.prices")),
      h("div.actions", {}, h("button.primary", { type: "button", onclick: begin }, t("prices.new")))),
    h("p.hint", {}, t("prices.text")),
    table, more);
}

function rows(lists) {
  return h("table.orders", {},
    h("caption.visually-hidden", {}, t("nav.prices")),
    h("thead", {}, h("tr", {}, [t("account.currency"), t("prices.count"), t("prices.changed")].map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, lists.map((list) => h("tr", {},
      h("td.what", {}, h("a.order-link", { href: `/desk/price-lists/${list.currency}` }, list.currency), h("span.hint", {}, currencyName(list.currency))),
      h("td", { "data-label": t("prices.count") }, String(list.prices)),
      h("td", { "data-label": t("prices.changed") }, instant(list.updated_at))))));
}
