/** The accounts and their enrollments. */

import { accountPage } from "../../lib/address.js";
import { day, t, tOr } from "../../lib/i18n.js";
import { ActionButton } from "../../lib/ui/button.js";
import { Chip, Empty, Trail } from "../../lib/ui/status.js";
import { Table } from "../../lib/ui/table.js";
import { html, useSignal } from "../../lib/view.js";
import { useMore } from "./more.js";

/** @param {import("screens").Context} context */
export async function showAccounts({ api, can, signal }) {
  const load = (query) => api.get("/desk/accounts", { query, signal });
  const first = await load({ limit: 100 });
  return html`<${Accounts} first=${first} load=${load} mayAdd=${can("desk:accounts")} />`;
}

function Accounts({ first, load, mayAdd }) {
  const { items, cursor, loadMore } = useMore(first, load);
  const wanted = useSignal("");
  const textOf = (account) =>
    `${account.name} ${account.account_id} ${account.enrollment?.contact?.email ?? ""}`.toLowerCase();
  const found = items.value.filter((each) => textOf(each).includes(wanted.value.trim().toLowerCase()));
  const search = (event) => {
    wanted.value = event.currentTarget.value;
  };
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.accounts")]]} />
      <div class="title-row">
        <h1>${t("nav.accounts")}</h1>
        ${mayAdd && html`<div class="actions"><a class="button primary" href="/desk/accounts/new">${t("accounts.new")}</a></div>`}
      </div>
      <div class="filters" role="search">
        <label class="grow">${t("accounts.search")}<input type="search" value=${wanted.value} onInput=${search} /></label>
      </div>
      <div class="results">
        ${found.length > 0 ? html`<${Rows} accounts=${found} />` : html`<${Empty} title=${t("accounts.none")} text=${t("accounts.none_text")} />`}
      </div>
      <div class="pages">${cursor.value && html`<${ActionButton} act=${loadMore}>${t("accounts.more")}</${ActionButton}>`}</div>
    </div>`;
}

function Rows({ accounts }) {
  const columns = [
    {
      head: t("order.account"),
      className: "what",
      isName: true,
      cell: (account) => html`
        <a class="order-link" href=${accountPage(account.account_id)}>${account.name}</a><code class="order-id">${account.account_id}</code>
        ${account.parent_account_id && html`<span class="hint">${t("accounts.under", { parent: account.parent_account_id })}</span>`}`,
    },
    {
      head: t("accounts.enrollment"),
      cell: ({ enrollment }) => html`
        <${EnrollmentChip} enrollment=${enrollment} />
        ${enrollment && html`<span class="hint">${t("accounts.letter_of", { date: day(enrollment.letter_received_on) })}</span>`}`,
    },
    {
      head: t("order.contact"),
      cell: ({ enrollment }) =>
        enrollment?.contact
          ? html`${enrollment.contact.name}<span class="hint person">${enrollment.contact.email}</span>`
          : "–",
    },
    { head: t("accounts.sites"), cell: (account) => String(account.sites.length) },
    {
      head: t("accounts.settings"),
      cell: (account) =>
        html`<span class="person">${[account.currency, account.locale, account.time_zone].join(" · ")}</span>`,
    },
  ];
  return html`<${Table} class="orders" caption=${t("nav.accounts")} columns=${columns} rows=${accounts} keyOf=${(account) => account.account_id} />`;
}

function EnrollmentChip({ enrollment }) {
  const state = !enrollment ? "none" : enrollment.contact ? enrollment.state : "no_contact";
  return html`<${Chip} of="enrollment" state=${state} label=${tOr(`enrollment.${state}`, state)} />`;
}
