/** A list that grows page by page (pagination). */

import { errorText } from "../../lib/problems.js";
import { toast } from "../../lib/ui/toast.js";
import { useSignal } from "../../lib/view.js";

/** Returns the `items` so far, the `cursor` of the page after them, and `loadMore()`. `load(query)` requests a page. */
export function useMore(first, load) {
  const items = useSignal(first.items);
  const cursor = useSignal(first.next_cursor);
  async function loadMore() {
    try {
      const page = await load({ limit: 100, cursor: cursor.value });
      items.value = [...items.value, ...page.items];
      cursor.value = page.next_cursor;
    } catch (error) {
      toast(errorText(error));
    }
  }
  return { items, cursor, loadMore };
}
