/** The evidence of decisions by link: who was asked, and what the page behind the link could know. */

import { instant, t, tOr } from "../../lib/i18n.js";
import { Facts } from "../../lib/ui/status.js";
import { html } from "../../lib/view.js";

const DECISIONS = new Set([
  "order.completed",
  "order.canceled",
  "order.change_requested",
  "order.handed_over",
  "order.hand_over_asked",
]);

export const isDecisionByLink = (entry) => entry.actor.kind === "contact" && DECISIONS.has(entry.event);

export const Evidence = ({ evidence }) => html`
  <section class="card facts evidence">
    <h2>${t("evidence.title")}</h2>
    <p class="hint">${t("evidence.text")}</p>
    ${evidence.toReversed().map((each) => html`<${Facts} key=${each.sequence} pairs=${factsOf(each)} />`)}
  </section>`;

/** @param {import("screens").Evidence} found */
const factsOf = (found) => [
  [t("evidence.decision"), tOr(`evidence.${found.decision}`, found.decision)],
  [t("evidence.recipient"), found.recipient],
  [t("evidence.name"), found.name],
  [t("evidence.at"), html`<time datetime=${found.at}>${instant(found.at)}</time>`],
  [t("evidence.revision"), found.revision === null ? null : String(found.revision)],
  [t("evidence.sha256"), found.sha256 && html`<span class="hash">${found.sha256}</span>`],
  [t("evidence.address"), found.address],
  [t("evidence.agent"), found.agent],
];
