/** The price lists: one a currency for everybody, and those of accounts and groups. */

import { writeQuery } from "../../lib/address.js";
import { FormField } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { currencyName, inLanguage, instant, t } from "../../lib/i18n.js";
import { ActionButton } from "../../lib/ui/button.js";
import { ask } from "../../lib/ui/dialog.js";
import { Choices } from "../../lib/ui/pager.js";
import { Empty, Trail } from "../../lib/ui/status.js";
import { Table } from "../../lib/ui/table.js";
import { html } from "../../lib/view.js";
import { useMore } from "./more.js";

/** @type {("default" | "account" | "group")[]} */
const SCOPES = ["default", "account", "group"];

/** @param {import("screens").Context} context */
export async function showPriceLists(context) {
  const { api, query, signal } = context;
  const scope = SCOPES.find((each) => each === query.get("scope")) ?? "default";
  const load = (page) =>
    api.get("/desk/price-lists", { query: { ...page, scope: scope === "default" ? null : scope }, signal });
  const [first, { groups }] = await Promise.all([load({ limit: 100 }), api.get("/desk/catalog", { signal })]);
  return html`<${PriceLists} context=${context} scope=${scope} first=${first} load=${load} groups=${groups ?? []} />`;
}

/** Returns the address of a list. */
const pageOf = ({ currency, account_id, group }) => {
  const whose = Object.entries({ account_id, group }).filter(([, value]) => value);
  return `/desk/price-lists/${currency}${whose.length ? `?${new URLSearchParams(whose)}` : ""}`;
};

/** @param {{ context: import("screens").Context, scope: string, first: any, load: any, groups: any[] }} props */
function PriceLists({ context: { can, catalog, go }, scope, first, load, groups }) {
  const { items: lists, cursor, loadMore } = useMore(first, load);
  const mayAdd = can("desk:prices") && !(scope === "group" && groups.length === 0);
  const nameOf = (group) => inLanguage(groups.find((each) => each.group === group)?.labels) ?? group;

  function begin() {
    const known = new Set(scope === "default" ? lists.value.map((each) => each.currency) : []);
    const left = catalog.currencies.map((each) => each.currency).filter((each) => !known.has(each));
    const options = left.map((each) => [each, `${each} · ${currencyName(each)}`]);
    const value = left.includes("EUR") ? "EUR" : left[0];
    const whose = {
      default: [],
      account: [
        new FormField({
          name: "account_id",
          label: t("account.account_id"),
          required: true,
          limits: LIMITS.OrderRequest.account_id,
          attributes: { autocomplete: "off", spellcheck: false },
        }),
      ],
      group: [
        new FormField({
          name: "group",
          label: t("prices.group"),
          type: "select",
          required: true,
          value: groups[0]?.group,
          options: groups.map((each) => [each.group, inLanguage(each.labels)]),
        }),
      ],
    };
    ask({
      title: t("prices.new"),
      fields: [
        ...whose[scope],
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
      act: async (list) => go(pageOf(list)),
    });
  }

  function choose(wanted) {
    writeQuery({ scope: wanted === "default" ? "" : wanted }, { isStep: true });
    go(location.pathname + location.search, { replace: true });
  }

  const whose = {
    account: { head: t("order.account"), name: (list) => list.account_id },
    group: { head: t("prices.group"), name: (list) => nameOf(list.group) },
  }[scope];
  const currency = (list) =>
    html`<a class="order-link" href=${pageOf(list)}>${list.currency}</a><span class="hint">${currencyName(list.currency)}</span>`;
  const columns = [
    ...(whose
      ? [
          {
            head: whose.head,
            className: "what",
            isName: true,
            cell: (list) => html`<a class="order-link" href=${pageOf(list)}>${whose.name(list)} · ${list.currency}</a>`,
          },
        ]
      : [{ head: t("account.currency"), className: "what", isName: true, cell: currency }]),
    { head: t("prices.count"), cell: (list) => String(list.prices) },
    { head: t("prices.changed"), cell: (list) => instant(list.updated_at) },
  ];
  const scopes = SCOPES.map((each) => [each, t(`prices.scope.${each}`)]);
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.prices")]]} />
      <div class="title-row">
        <h1>${t("nav.prices")}</h1>
        ${mayAdd && html`<div class="actions"><button class="primary" type="button" onClick=${begin}>${t("prices.new")}</button></div>`}
      </div>
      <div class="filters"><${Choices} label=${t("prices.scope")} options=${scopes} value=${scope} choose=${choose} /></div>
      <p class="hint">${t(scope === "default" ? "prices.text" : `prices.text.${scope}`)}</p>
      <div class="results">
        ${
          lists.value.length > 0
            ? html`<${Table} class="orders" caption=${t("nav.prices")} columns=${columns} rows=${lists.value} keyOf=${pageOf} />`
            : html`<${Empty} title=${t("prices.none")} text=${t(scope === "default" ? "prices.none_text" : scope === "group" && groups.length === 0 ? "prices.no_groups" : `prices.text.${scope}`)} />`
        }
      </div>
      <div class="pages">${cursor.value && html`<${ActionButton} act=${loadMore}>${t("accounts.more")}</${ActionButton}>`}</div>
    </div>`;
}
