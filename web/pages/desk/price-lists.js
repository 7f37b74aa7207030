/** The price lists, one a currency. */

import { FormField } from "../../lib/fields.js";
import { currencyName, instant, t } from "../../lib/i18n.js";
import { ActionButton } from "../../lib/ui/button.js";
import { ask } from "../../lib/ui/dialog.js";
import { Empty, Trail } from "../../lib/ui/status.js";
import { Table } from "../../lib/ui/table.js";
import { html } from "../../lib/view.js";
import { useMore } from "./more.js";

/** @param {import("screens").Context} context */
export async function showPriceLists({ api, can, signal, go, catalog }) {
  const load = (query) => api.get("/desk/price-lists", { query, signal });
  const first = await load({ limit: 100 });
  return html`<${PriceLists} first=${first} load=${load} go=${go} catalog=${catalog} mayAdd=${can("desk:prices")} />`;
}

function PriceLists({ first, load, go, catalog, mayAdd }) {
  const { items: lists, cursor, loadMore } = useMore(first, load);

  function begin() {
    const known = new Set(lists.value.map((each) => each.currency));
    const left = catalog.currencies.map((each) => each.currency).filter((each) => !known.has(each));
    const options = left.map((each) => [each, `${each} · ${currencyName(each)}`]);
    const value = left.includes("EUR") ? "EUR" : left[0];
    ask({
      title: t("prices.new"),
      fields: [
        new FormField({
          name: "currency",
          label: t("account.currency"),
          type: "select",
          required: true,
          value,
          options,
        }),
      ],
      action: t("prices.begin"),
      act: async ({ currency }) => go(`/desk/price-lists/${currency}`),
    });
  }

  const columns = [
    {
      head: t("account.currency"),
      className: "what",
      isName: true,
      cell: ({ currency }) =>
        html`<a class="order-link" href="/desk/price-lists/${currency}">${currency}</a><span class="hint">${currencyName(currency)}</span>`,
    },
    { head: t("prices.count"), cell: (list) => String(list.prices) },
    { head: t("prices.changed"), cell: (list) => instant(list.updated_at) },
  ];
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.prices")]]} />
      <div class="title-row">
        <h1>${t("nav.prices")}</h1>
        ${mayAdd && html`<div class="actions"><button class="primary" type="button" onClick=${begin}>${t("prices.new")}</button></div>`}
      </div>
      <p class="hint">${t("prices.text")}</p>
      <div class="results">
        ${
          lists.value.length > 0
            ? html`<${Table} class="orders" caption=${t("nav.prices")} columns=${columns} rows=${lists.value} keyOf=${(list) => list.currency} />`
            : html`<${Empty} title=${t("prices.none")} text=${t("prices.none_text")} />`
        }
      </div>
      <div class="pages">${cursor.value && html`<${ActionButton} act=${loadMore}>${t("accounts.more")}</${ActionButton}>`}</div>
    </div>`;
}
