/** What the decisions by link rest on: who was asked, and what the page behind the link could know. */

import { h } from "../dom.js";
import { either, instant, t } from "../words.js";

const DECISIONS = new Set(["order.completed", "order.canceled", "order.change_requested"]);

export const isDecisionByLink = (entry) => entry.actor.kind === "contact" && DECISIONS.has(entry.event);

export function evidenceCard(evidence) {
  return h("section.card.facts.evidence", {},
    h("h2", {}, t("evidence.title")),
    h("p.hint", {}, t("evidence.text")),
    evidence.toReversed().map(decisionFacts));
}

function decisionFacts(found) {
  const pairs = [
    [t("evidence.decision"), either(`evidence.${found.decision}`, found.decision)],
    [t("evidence.recipient"), found.recipient],
    [t("evidence.name"), found.name],
    [t("evidence.at"), h("time", { datetime: found.at }, instant(found.at))],
    [t("evidence.revision"), found.revision === null ? null : String(found.revision)],
    [t("evidence.sha256"), found.sha256 && h("span.hash", {}, found.sha256)],
    [t("evidence.address"), found.address],
    [t("evidence.agent"), found.agent],
  ];
  return h("dl", {}, pairs.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}
