/** The mails about an order: to whom each went, and what became of it. */

import { instant, t, tOr } from "../../lib/i18n.js";
import { errorText } from "../../lib/problems.js";
import { SignedOut } from "../../lib/session.js";
import { BusyButton, useOnce } from "../../lib/ui/button.js";
import { Notice, Waiting } from "../../lib/ui/status.js";
import { html, useSignal } from "../../lib/view.js";

const PAGE = 25;

/**
 * A section that loads whenever it is opened, since states change.
 *
 * @param {{ context: import("screens").Context, path: { order_id: string } }} props
 */
export function Mails({ context, path }) {
  const { api, signal } = context;
  const mails = useSignal(/** @type {import("screens").Mail[] | null} */ (null));
  const cursor = useSignal(/** @type {string | null} */ (null));
  const refusal = useSignal(/** @type {string | null} */ (null));
  const { isBusy, once } = useOnce();

  /** Adds the page after `shown`, the mails that stay; all are read anew after none. */
  const load = (shown) =>
    once(async () => {
      refusal.value = null;
      try {
        const query = { limit: PAGE, cursor: shown.length ? cursor.value : null };
        const page = await api.get("/desk/orders/{order_id}/mails", { path, query, signal });
        mails.value = [...shown, ...page.items];
        cursor.value = page.next_cursor;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof SignedOut) throw error;
        refusal.value = errorText(error);
      }
    });

  const opened = (event) => event.currentTarget.open && load([]);
  const more = () => load(cursor.value ? (mails.value ?? []) : []);
  return html`
    <details class="card history mails" onToggle=${opened}>
      <summary><h2>${t("mails.title")}</h2></summary>
      <p class="hint">${t("mails.text")}</p>
      ${!mails.value && !refusal.value && html`<${Waiting} />`}
      ${mails.value?.length === 0 && html`<p>${t("mails.none")}</p>`}
      ${(mails.value ?? []).length > 0 && html`<ol class="timeline">${mails.value?.map((mail, index) => html`<${Mail} key=${index} mail=${mail} />`)}</ol>`}
      ${refusal.value && html`<${Notice} kind="bad">${refusal.value}</${Notice}>`}
      ${(cursor.value || refusal.value) && html`<${BusyButton} class="small" isBusy=${isBusy.value} onClick=${more}>${t(refusal.value ? "action.retry" : "mails.more")}</${BusyButton}>`}
    </details>`;
}

/** @param {{ mail: import("screens").Mail }} props */
const Mail = ({ mail }) => html`
  <li>
    <div class="entry-head"><strong>${tOr(`mails.kind.${mail.kind}`, mail.kind)}</strong></div>
    <p>${mail.recipient ?? t("mails.recipient_unknown")}</p>
    <p class="hint">
      ${tOr(`mails.state.${mail.state}`, mail.state)}${mail.state_at && html` · <time datetime=${mail.state_at}>${instant(mail.state_at)}</time>`}
    </p>
    ${
      mail.sent_at &&
      mail.sent_at !== mail.state_at &&
      html`<p class="hint">${t("mails.sent_at")} <time datetime=${mail.sent_at}>${instant(mail.sent_at)}</time></p>`
    }
  </li>`;
