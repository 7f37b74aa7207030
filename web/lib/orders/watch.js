/** Who watches an order, and the button to watch it oneself. */

import { t } from "../i18n.js";
import { errorText } from "../problems.js";
import { ActionButton } from "../ui/button.js";
import { html, useEffect, useSignal } from "../view.js";

/**
 * `base`: the routes of the desk or, if empty, those of customers.
 *
 * @param {{ context: import("screens").Context, orderId: string, base?: "" | "/desk" }} props
 */
export function Watching({ context, orderId, base = "" }) {
  const { api, me, signal } = context;
  const watchers = useSignal(/** @type {import("screens").Watcher[] | null} */ (null));
  const refusal = useSignal(/** @type {string | null} */ (null));
  const path = { order_id: orderId };

  /** Runs a request and shows who watches then, or why that is not known. */
  async function follow(request) {
    try {
      await request?.();
      const found = await api.get(`${base}/orders/{order_id}/watchers`, { path, signal });
      watchers.value = found.items;
      refusal.value = null;
    } catch (error) {
      if (!signal.aborted) refusal.value = errorText(error);
    }
  }
  useEffect(() => void follow(), []);

  const isMine = watchers.value?.some(({ user_id }) => user_id === me.user_id);
  const act = () =>
    follow(() =>
      api.post(isMine ? `${base}/orders/{order_id}/unwatch` : `${base}/orders/{order_id}/watch`, { path, body: {} }),
    );
  const others = watchers.value?.map(({ email }) => email).join(", ");
  return html`
    <div class="watching">
      ${watchers.value && html`<${ActionButton} act=${act}>${t(isMine ? "watch.stop" : "watch.start")}</${ActionButton}>`}
      <p class="hint" role="status">${refusal.value ?? (others ? t("watch.watched_by", { people: others }) : "")}</p>
    </div>`;
}
