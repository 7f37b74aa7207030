/** The evidence of decisions by link: who was asked, and what the page behind the link could know. */

import { save } from "../../lib/files.js";
import { instant, t, tOr } from "../../lib/i18n.js";
import { errorText } from "../../lib/problems.js";
import { SignedOut } from "../../lib/session.js";
import { ActionButton } from "../../lib/ui/button.js";
import { Facts } from "../../lib/ui/status.js";
import { toast } from "../../lib/ui/toast.js";
import { html } from "../../lib/view.js";

const DECISIONS = new Set([
  "order.completed",
  "order.canceled",
  "order.change_requested",
  "order.handed_over",
  "order.hand_over_asked",
]);

export const isDecisionByLink = (entry) => entry.actor.kind === "contact" && DECISIONS.has(entry.event);

/** @param {{ api: import("screens").Api, path: { order_id: string }, evidence: import("screens").Evidence[] }} props */
export const Evidence = ({ api, path, evidence }) => html`
  <section class="card facts evidence">
    <h2>${t("evidence.title")}</h2>
    <p class="hint">${t("evidence.text")}</p>
    ${
      evidence.some(({ decision }) => decision !== "hand_over") &&
      html`
      <div class="actions">
        <${ActionButton} act=${() => download(api, path, "pdf")}>${t("evidence.certificate")}</${ActionButton}>
        <${ActionButton} act=${() => download(api, path, "json")}>${t("evidence.certificate_json")}</${ActionButton}>
      </div>`
    }
    ${evidence.toReversed().map((each) => html`<${Facts} key=${each.sequence} pairs=${factsOf(each)} />`)}
  </section>`;

/** Saves the certificate of the newest decision. JSON is canonical, so written again it has the bytes that are signed. */
async function download(api, path, form) {
  const route = "/desk/orders/{order_id}/certificate";
  try {
    const blob =
      form === "pdf"
        ? await api.getPdf(route, { path })
        : new Blob([JSON.stringify(await api.get(route, { path }))], { type: "application/json" });
    save(blob, `certificate-${path.order_id}.${form}`);
  } catch (error) {
    if (error instanceof SignedOut) throw error;
    toast(errorText(error));
  }
}

/** @param {import("screens").Evidence} found */
const factsOf = (found) => [
  [t("evidence.decision"), tOr(`evidence.${found.decision}`, found.decision)],
  [t("evidence.recipient"), found.recipient],
  [t("evidence.name"), found.name],
  [t("evidence.at"), html`<time datetime=${found.at}>${instant(found.at)}</time>`],
  [t("evidence.revision"), found.revision === null ? null : String(found.revision)],
  [t("evidence.sha256"), found.sha256 && html`<span class="hash">${found.sha256}</span>`],
  [t("evidence.accepted_sha256"), found.accepted_sha256 && html`<span class="hash">${found.accepted_sha256}</span>`],
  [t("evidence.attachment"), found.attachment?.name],
  [t("evidence.address"), found.address],
  [t("evidence.agent"), found.agent],
];
