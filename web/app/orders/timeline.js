/** What happened to an order. */

import { h } from "../dom.js";
import { either, instant, t } from "../words.js";

const QUIET = new Set(["quote.mailed"]);

export function timelineView(entries) {
  const shown = entries.filter((entry) => !QUIET.has(entry.event));
  return h("ol.timeline", {}, shown.toReversed().map((entry) =>
    h(`li.by-${entry.actor.kind}${entry.internal ? ".internal" : ""}${entry.event === "order.commented" ? ".comment" : ""}`, {},
      h("div.entry-head", {},
        h("strong", {}, either(`event.${entry.event}`, entry.event, { revision: String(entry.data.revision ?? "") })),
        entry.internal && h("span.tag", {}, t("timeline.internal"))),
      textOf(entry) && h("p.said", {}, textOf(entry)),
      entry.data.asked_email && h("p.hint", {}, t("timeline.asked", { name: entry.data.asked_name, email: entry.data.asked_email })),
      entry.data.recipient && h("p.hint", {}, t("timeline.recipient", { email: entry.data.recipient })),
      entry.data.former_recipient && h("p.hint", {}, t("timeline.former_recipient", { email: entry.data.former_recipient })),
      h("p.hint", {}, entry.actor.name ?? either(`actor.${entry.actor.kind}`, entry.actor.kind), " · ", h("time", { datetime: entry.at }, instant(entry.at))))));
}

/** What a person wrote, or why the system did something, in the reader's words where it has a code. */
const textOf = ({ data }) => data.text ?? either(`reason.${data.code}`, data.reason ?? null);
