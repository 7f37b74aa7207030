/** The addresses of pages. A list keeps its filters and page there, for back, reload and shared links. */

/**
 * Writes `values` to the query, without empty ones. `isStep` adds an entry to the history; otherwise the present one is
 * replaced. `state` is kept with the entry, for this tab only.
 */
export function writeQuery(values, { isStep = false, state = null } = {}) {
  const kept = Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const address = location.pathname + (kept.length ? `?${new URLSearchParams(kept)}` : "");
  if (address === location.pathname + location.search) history.replaceState(state, "", address);
  else history[isStep ? "pushState" : "replaceState"](state, "", address);
}

/**
 * The pages of a list, by their cursors (pagination). The address has the present cursor. The earlier ones are known
 * only if this tab has shown them; a shared link leads back to the first page.
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

/** Returns the address of an account's page. An account with the id `new` must not get the address of a new one. */
export const accountPage = (accountId) =>
  `/desk/accounts/${accountId === "new" ? "%6Eew" : encodeURIComponent(accountId)}`;
