/** The accounts of the orders that are shown, loaded once each, so that orders show names and not only ids. */

import { SignedOut } from "../../lib/session.js";

/**
 * @param {import("screens").Api} api
 * @param {AbortSignal} signal
 */
export function namedAccounts(api, signal) {
  /** @type {Map<string, import("screens").Account>} */
  const known = new Map();

  /** Loads the accounts of these orders; an account that cannot be loaded is shown by its id. */
  async function learn(orders) {
    const missing = [...new Set(orders.map((order) => order.account_id))].filter((id) => !known.has(id));
    const asked = missing.map((id) => api.get("/desk/accounts/{account_id}", { path: { account_id: id }, signal }));
    for (const result of await Promise.allSettled(asked)) {
      if (result.status === "fulfilled") known.set(result.value.account_id, result.value);
      else if (result.reason instanceof SignedOut) throw result.reason;
    }
  }

  return { learn, get: (id) => known.get(id) };
}
