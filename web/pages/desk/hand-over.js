/** The wish of the contact person that a colleague decides, which waits for Customer Success. */

import { FormField } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { instant, t } from "../../lib/i18n.js";
import { may } from "../../lib/orders/describe.js";
import { ask } from "../../lib/ui/dialog.js";
import { Facts } from "../../lib/ui/status.js";
import { toast } from "../../lib/ui/toast.js";
import { html } from "../../lib/view.js";

/** @param {{ context: import("screens").Context, order: import("screens").DeskOrder, path: { order_id: string }, again: () => Promise<void> }} props */
export function HandOver({ context: { api }, order, path, again }) {
  const waiting = order.hand_over;
  if (!waiting) return null;
  const person = `${waiting.name} <${waiting.email}>`;

  const decide = async (body, text) => {
    await api.post("/desk/orders/{order_id}/hand-over", {
      path,
      body,
      headers: { "If-Match": `"${order.version}"` },
    });
    toast(text);
    again();
  };
  const approve = () =>
    ask({
      title: t("hand_over.approve"),
      text: t("hand_over.approve_text", { person, contact: order.contact.name }),
      action: t("hand_over.approve"),
      act: () => decide({ decision: "approve" }, t("hand_over.approved", { name: waiting.name })),
    });
  const refuse = () =>
    ask({
      title: t("hand_over.refuse"),
      text: t("hand_over.refuse_text", { contact: order.contact.name }),
      fields: [
        new FormField({
          name: "reason",
          label: t("order.reason"),
          type: "textarea",
          limits: LIMITS.HandOverDecision.reason,
        }),
      ],
      action: t("hand_over.refuse"),
      danger: true,
      act: ({ reason }) => decide({ decision: "refuse", ...(reason && { reason }) }, t("hand_over.refused")),
    });

  const pairs = [
    [t("hand_over.colleague"), html`${waiting.name}<br />${waiting.email}`],
    [t("hand_over.instead_of"), html`${order.contact.name}<br />${order.contact.email}`],
    [t("hand_over.asked_by"), waiting.asked_by],
    [t("hand_over.at"), html`<time datetime=${waiting.at}>${instant(waiting.at)}</time>`],
  ];
  return html`
    <section class="card facts">
      <h2>${t("hand_over.title")}</h2>
      <p class="hint">${t("hand_over.text")}</p>
      <${Facts} pairs=${pairs} />
      ${
        may(order, "hand_over") &&
        html`
        <div class="actions">
          <button class="primary" type="button" onClick=${approve}>${t("hand_over.approve")}</button>
          <button type="button" onClick=${refuse}>${t("hand_over.refuse")}</button>
        </div>`
      }
    </section>`;
}
