/** Which of a reseller's accounts is managed; it stands in the address. */

import { t } from "../../lib/i18n.js";
import { html } from "../../lib/view.js";

/**
 * Returns the account that the address names, if it is one of the reader's, else the own one.
 *
 * @param {import("screens").Context} context
 */
export function chosenAccount({ accounts, query }) {
  return accounts.find((each) => each.account_id === query.get("account")) ?? accounts[0];
}

/**
 * The choice; nothing where there is none.
 *
 * @param {{ context: import("screens").Context, account: string }} props
 */
export function AccountChoice({ context: { accounts, go }, account }) {
  if (accounts.length === 1) return null;
  const choose = (event) => go(`${location.pathname}?${new URLSearchParams({ account: event.currentTarget.value })}`);
  return html`
    <label class="account-choice">${t("order.account")}
      <select value=${account} onChange=${choose}>
        ${accounts.map((each) => html`<option key=${each.account_id} value=${each.account_id}>${each.name}</option>`)}
      </select>
    </label>`;
}
