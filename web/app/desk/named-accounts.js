/** The accounts of the orders that are shown, asked for once each, so that orders carry names and not ids alone. */

import { SignedOut } from "../session.js";

export function namedAccounts(api, signal) {
  const known = new Map();

  /** Learns the accounts of these orders; what cannot be learned goes by its id. */
  async function learn(orders) {
    const missing = [...new Set(orders.map((order) => order.account_id))].filter((id) => !known.has(id));
    const found = await Promise.allSettled(missing.map((id) => api.get(`/desk/accounts/${encodeURIComponent(id)}`, {}, signal)));
    for (const { status, value, reason } of found) {
      if (status === "fulfilled") known.set(value.account_id, value);
      else if (reason instanceof SignedOut) throw reason;
    }
  }

  return { learn, get: (id) => known.get(id) };
}
