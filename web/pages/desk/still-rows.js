/** Rows that stay where they are while a list is polled, so that nobody loses the place, or presses another row's button. */

import { useRef, useSignal } from "../../lib/view.js";

/**
 * Returns the `rows` to show of a polled page: those that were shown, as they are now; `gone`, the ids of those that the
 * page no longer has; `news`, how many it has besides; and `catchUp()`, which shows the page as it is. So does whatever
 * the reader asks for, during which the page `isBusy`.
 */
export function useStill(page, isBusy) {
  const kept = useRef({ rows: page.items, isAsked: false });
  const drawn = useSignal(0);
  const still = kept.current;
  if (isBusy || still.isAsked) still.rows = page.items;
  still.isAsked = isBusy;

  const present = new Map(page.items.map((order) => [order.order_id, order]));
  still.rows = still.rows.map((order) => present.get(order.order_id) ?? order);
  const shown = new Set(still.rows.map((order) => order.order_id));
  return {
    rows: still.rows,
    gone: new Set([...shown].filter((id) => !present.has(id))),
    news: page.items.filter((order) => !shown.has(order.order_id)).length,
    catchUp: () => {
      still.isAsked = true;
      drawn.value += 1;
    },
    drawn: drawn.value,
  };
}
