/** A quote whose discount waits for the approval of a lead. */

import { FormField } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { instant, money, t, tOr } from "../../lib/i18n.js";
import { may } from "../../lib/orders/describe.js";
import { QuoteContent } from "../../lib/orders/quote-view.js";
import { ask } from "../../lib/ui/dialog.js";
import { Facts } from "../../lib/ui/status.js";
import { toast } from "../../lib/ui/toast.js";
import { html } from "../../lib/view.js";

/** @param {{ context: import("screens").Context, order: import("screens").DeskOrder, path: { order_id: string }, again: () => Promise<void> }} props */
export function Proposal({ context: { api }, order, path, again }) {
  const waiting = order.proposal;
  if (!waiting) return null;
  const { quote, figures, asked_by: asker } = waiting;
  const percent = t("discounts.share", { percent: figures.percent });
  // On the shown version: nobody approves a quote that a colleague has written meanwhile.
  const headers = { "If-Match": `"${order.version}"` };

  const approve = () =>
    ask({
      title: t("proposal.approve"),
      text: t("proposal.approve_text", { contact: order.contact.name, percent }),
      action: t("proposal.approve"),
      act: async () => {
        await api.post("/desk/orders/{order_id}/proposal/approve", { path, body: {}, headers });
        toast(t("desk.quote_on_its_way", { name: order.contact.name }));
        again();
      },
    });
  const refuse = () =>
    ask({
      title: t("proposal.refuse"),
      text: t("proposal.refuse_text"),
      fields: [
        new FormField({
          name: "reason",
          label: t("order.reason"),
          type: "textarea",
          required: true,
          limits: LIMITS.NeededReason.reason,
        }),
      ],
      action: t("proposal.refuse"),
      danger: true,
      act: async ({ reason }) => {
        await api.post("/desk/orders/{order_id}/proposal/refuse", { path, body: { reason }, headers });
        toast(t("proposal.refused"));
        again();
      },
    });

  const amount = (value) => money(value, figures.currency);
  const pairs = [
    [t("proposal.asked_by"), asker.name ?? asker.email],
    [t("proposal.asked_at"), html`<time datetime=${waiting.asked_at}>${instant(waiting.asked_at)}</time>`],
    [t("proposal.reasons"), waiting.reasons.map((each) => tOr(`proposal.reason.${each}`, each)).join(", ")],
    [t("proposal.discount"), `${percent} · ${amount(figures.discount)}`],
    [t("proposal.list_total"), amount(figures.list_total)],
    [t("proposal.net_total"), amount(figures.net_total)],
    ...(figures.cost_total === undefined ? [] : [[t("proposal.cost_total"), amount(figures.cost_total)]]),
    ...(figures.margin_percent === undefined
      ? []
      : [[t("proposal.margin"), t("discounts.share", { percent: figures.margin_percent })]]),
  ];
  return html`
    <section class="card facts">
      <h2>${t("proposal.title")}</h2>
      <p class="hint">${t(order.quote ? "proposal.text_beside" : "proposal.text")}</p>
      <${Facts} pairs=${pairs} />
      <p class="hint">${t("proposal.first_year")}</p>
      <details><summary>${t("proposal.quote")}</summary><${QuoteContent} quote=${quote} /></details>
      ${
        may(order, "approve_discount") &&
        html`
        <div class="actions">
          <button class="primary" type="button" onClick=${approve}>${t("proposal.approve")}</button>
          <button type="button" onClick=${refuse}>${t("proposal.refuse")}</button>
        </div>`
      }
    </section>`;
}
