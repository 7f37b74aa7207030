/** Addresses of pages: what a list shows is kept in its own, so that back, reload and a shared link lead to the same. */

/**
 * Writes `values` to the query, without those that are empty. `isStep` makes a step for the browser's back button;
 * otherwise the present one is changed. `state` is kept with the step, for this tab alone.
 */
export function writeQuery(values, { isStep = false, state = null } = {}) {
  const kept = Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const address = location.pathname + (kept.length ? `?${new URLSearchParams(kept)}` : "");
  if (address === location.pathname + location.search) history.replaceState(state, "", address);
  else history[isStep ? "pushState" : "replaceState"](state, "", address);
}

/**
 * The pages of a list, by their cursors, of which the address has the present one. The ones before are known as far as
 * this tab came by them; a shared link leads back to the first.
 */
export class Pages {
  constructor(query) {
    this.cursor = query.get("cursor");
    this.earlier = this.cursor ? (history.state?.earlier ?? [null]) : [];
  }

  older(cursor) {
    this.earlier = [...this.earlier, this.cursor];
    this.cursor = cursor;
  }

  newer() {
    this.cursor = this.earlier.at(-1) ?? null;
    this.earlier = this.earlier.slice(0, -1);
  }

  first() {
    this.cursor = null;
    this.earlier = [];
  }
}

/** The page of an account. The one whose id is `new` is not where a new one begins, and any other id is as it is. */
export const accountPage = (accountId) =>
  `/desk/accounts/${accountId === "new" ? "%6Eew" : encodeURIComponent(accountId)}`;
