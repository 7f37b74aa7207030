/** Who else has an order open. */

import { Problem, Unreachable } from "../../lib/api.js";
import { instant, t } from "../../lib/i18n.js";
import { html, useEffect, useSignal } from "../../lib/view.js";

const EVERY_MILLISECONDS = 30_000;

/** @param {{ context: import("screens").Context, path: { order_id: string } }} props */
export function PresenceLine({ context: { api, signal }, path }) {
  const people = useSignal(/** @type {import("screens").PresentPerson[]} */ ([]));

  async function say() {
    if (document.hidden || !navigator.onLine || signal.aborted) return;
    try {
      people.value = (await api.post("/desk/orders/{order_id}/presence", { path, body: {}, signal })).people;
    } catch (error) {
      // Who else is here is good to know, and no reason to disturb anybody when it is not known.
      if (signal.aborted || error instanceof Problem || error instanceof Unreachable) return;
      throw error;
    }
  }

  useEffect(() => {
    say();
    const timer = setInterval(say, EVERY_MILLISECONDS);
    document.addEventListener("visibilitychange", say, { signal });
    signal.addEventListener("abort", () => clearInterval(timer));
    return () => clearInterval(timer);
  }, []);
  return html`
    <p class="presence" role="status">
      ${people.value.map(({ user_id, email, since }) => html`<span key=${user_id} class="tag">${t("handling.present", { email, at: instant(since) })}</span>`)}
    </p>`;
}
