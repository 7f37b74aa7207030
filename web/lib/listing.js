/** A list whose filters and page are in the address. */

import { Pages, writeQuery } from "./address.js";
import { Problem } from "./api.js";
import { t } from "./i18n.js";
import { usePolled } from "./polled.js";
import { announce } from "./ui/toast.js";
import { useRef, useSignal } from "./view.js";

/** The state of a list, from the address and the reader's choices; subclasses define `ask` and `address`. */
export class Listing {
  /** @param {import("screens").Context} context */
  constructor(context, filters) {
    this.context = context;
    this.filters = filters;
    this.pages = new Pages(context.query);
  }

  /**
   * Requests the page at a cursor, or the first one.
   *
   * @param {string | null} _cursor
   * @returns {Promise<any>}
   */
  async ask(_cursor) {
    throw new TypeError("Each list has its own.");
  }

  /**
   * Returns the parameters of the address besides the page.
   *
   * @returns {Record<string, string>}
   */
  address() {
    return this.filters;
  }

  async load() {
    const page = await this.asked();
    return { ...page, isFirst: this.pages.earlier.length === 0 };
  }

  async asked() {
    try {
      return await this.ask(this.pages.cursor);
    } catch (error) {
      // A shared link may have another reader's cursor, or one that has expired.
      if (!(error instanceof Problem) || error.code !== "invalid_cursor") throw error;
      this.pages.first();
      this.write();
      return this.ask(null);
    }
  }

  /** Writes the address of what is shown; a new history entry where the reader chose, none while typing. */
  write(isStep = false) {
    writeQuery({ ...this.address(), cursor: this.pages.cursor }, { isStep, state: { earlier: this.pages.earlier } });
  }

  /** Starts at the first page, with other filters. */
  startOver(changes, isStep) {
    Object.assign(this.filters, changes);
    this.pages.first();
    this.write(isStep);
  }
}

/**
 * Shows a listing: `filters` and `page` as they are now, whether it `isBusy` getting others, and why it may be `stale`.
 * `choose(changes)` shows it by other filters, `type(changes)` once its reader has paused, `turn(how)` another page of it,
 * and `again()` the same anew. `keyOf(page)` says what counts as a change.
 *
 * @template {Listing} L
 * @param {L} listing
 */
export function useListing(listing, first, { keyOf = undefined, pauseMilliseconds }) {
  const { signal } = listing.context;
  const { found, stale, again } = usePolled(first, () => listing.load(), { signal, keyOf });
  const filters = useSignal({ ...listing.filters });
  const isBusy = useSignal(false);
  const typing = useRef(null);

  /** The filters may have changed by now. */
  function redraw() {
    filters.value = { ...listing.filters };
  }

  /** Marks the page as busy until it shows what was requested. */
  async function lookAnew() {
    redraw();
    isBusy.value = true;
    await again();
    isBusy.value = false;
  }

  function choose(changes, { isStep = true } = {}) {
    clearTimeout(typing.current);
    listing.startOver(changes, isStep);
    return lookAnew();
  }

  function type(changes) {
    Object.assign(listing.filters, changes);
    redraw();
    clearTimeout(typing.current);
    typing.current = setTimeout(() => !signal.aborted && choose({}, { isStep: false }), pauseMilliseconds);
  }

  async function turn(how) {
    how();
    listing.write(true);
    await lookAnew();
    scrollTo(0, 0);
    announce(t("list.turned"));
  }

  const shown = { filters: filters.value, page: found.value, isBusy: isBusy.value, stale: stale.value };
  return { ...shown, choose, type, turn, again, redraw };
}
