/** The mails about orders that somebody gets: as whoever placed them, as their assignee, and as a watcher. */

import { FormField } from "../../lib/fields.js";
import { t, tOr } from "../../lib/i18n.js";
import { errorText } from "../../lib/problems.js";
import { BusyButton, useOnce } from "../../lib/ui/button.js";
import { Field } from "../../lib/ui/field.js";
import { Notice, Trail } from "../../lib/ui/status.js";
import { toast } from "../../lib/ui/toast.js";
import { html, useMemo, useSignal } from "../../lib/view.js";

/** @typedef {import("screens").Notifications["notifications"][number]} Choice */

/** @param {import("screens").Context} context */
export async function showNotifications(context) {
  const { api, signal } = context;
  const { notifications } = await api.get("/me/notifications", { signal });
  return html`<${Notifications} context=${context} choices=${notifications} />`;
}

/** @param {{ context: import("screens").Context, choices: readonly Choice[] }} props */
function Notifications({ context: { api, me }, choices }) {
  const refusal = useSignal(/** @type {string | null} */ (null));
  const { isBusy, once } = useOnce();
  const rows = useMemo(() => choices.map((choice) => ({ choice, field: fieldOf(choice) })), []);
  const roles = [...new Set(choices.map((each) => each.as))];

  async function save() {
    refusal.value = null;
    /** @type {any[]} */
    const notifications = rows.map(({ choice, field }) => ({ ...choice, wanted: field.value.value }));
    try {
      await api.put("/me/notifications", { body: { notifications } });
      toast(t("notifications.saved"));
    } catch (error) {
      refusal.value = errorText(error);
    }
  }
  function submit(event) {
    event.preventDefault();
    return once(save);
  }
  return html`
    <div class="screen">
      <${Trail} steps=${[[t(me.account_id === null ? "nav.desk" : "nav.administration")], [t("nav.notifications")]]} />
      <h1>${t("nav.notifications")}</h1>
      <form class="card notifications" novalidate onSubmit=${submit}>
        <p>${t("notifications.text", { email: me.email })}</p>
        ${roles.map(
          (as) => html`
            <fieldset key=${as}>
              <legend>${tOr(`notifications.as.${as}`, as)}</legend>
              ${rows.filter(({ choice }) => choice.as === as).map(({ field }) => html`<${Field} key=${field.name} of=${field} />`)}
            </fieldset>`,
        )}
        ${refusal.value && html`<${Notice} kind="bad">${refusal.value}</${Notice}>`}
        <div class="actions"><${BusyButton} class="primary" type="submit" isBusy=${isBusy.value}>${t("notifications.save")}</${BusyButton}></div>
      </form>
    </div>`;
}

/** @param {Choice} choice */
const fieldOf = ({ event, as, wanted }) =>
  new FormField({
    name: `${as}-${event}`,
    label: tOr(`notifications.event.${event}`, event),
    type: "checkbox",
    value: wanted,
  });
