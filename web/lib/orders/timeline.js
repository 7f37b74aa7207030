/** The timeline of an order. */

import { day, instant, t, tOr } from "../i18n.js";
import { html } from "../view.js";

const QUIET = new Set(["quote.mailed"]);

export const Timeline = ({ entries }) => html`
  <ol class="timeline">
    ${entries
      .filter((entry) => !QUIET.has(entry.event))
      .toReversed()
      .map((entry) => html`<${Entry} key=${entry.sequence} entry=${entry} />`)}
  </ol>`;

/** @param {{ entry: import("screens").Entry }} props */
function Entry({ entry }) {
  const { actor, at, data, event, internal } = entry;
  const text = textOf(entry);
  const classes = [`by-${actor.kind}`, internal && "internal", event === "order.commented" && "comment"];
  return html`
    <li class=${classes.filter(Boolean).join(" ")}>
      <div class="entry-head">
        <strong>${tOr(`event.${event}`, event, { revision: String(data.revision ?? "") })}</strong>
        ${internal && html`<span class="tag">${t("timeline.internal")}</span>`}
        ${data.by_mail && html`<span class="tag">${t("timeline.by_mail")}</span>`}
      </div>
      ${text && html`<p class="said">${text}</p>`}
      ${data.asked_email && html`<p class="hint">${t("timeline.asked", { name: data.asked_name, email: data.asked_email })}</p>`}
      ${data.files && html`<p class="hint">${t("timeline.files", { files: data.files })}</p>`}
      ${data.accepted_by && html`<p class="hint">${t("timeline.accepted_by", { email: data.accepted_by })}</p>`}
      ${data.recipient && html`<p class="hint">${t("timeline.recipient", { email: data.recipient })}</p>`}
      ${data.assignee_email && html`<p class="hint">${t("timeline.assigned", { email: data.assignee_email })}</p>`}
      ${data.reasons && html`<p class="hint">${discountText(data)}</p>`}
      ${event === "order.handling_changed" && html`<p class="hint">${handlingText(data)}</p>`}
      ${data.former_recipient && html`<p class="hint">${t("timeline.former_recipient", { email: data.former_recipient })}</p>`}
      <p class="hint">${actor.name ?? tOr(`actor.${actor.kind}`, actor.kind)} · <time datetime=${at}>${instant(at)}</time></p>
    </li>`;
}

/**
 * Returns what an entry says of a discount beyond the desk's policy, and who quoted it.
 *
 * @param {Record<string, any>} data
 */
const discountText = ({ percent, reasons, proposed_by_name: asker }) =>
  [
    t("timeline.discount", { percent }),
    reasons.map((each) => tOr(`proposal.reason.${each}`, each)).join(", "),
    asker && t("timeline.discount_by", { name: asker }),
  ]
    .filter(Boolean)
    .join(" · ");

/**
 * Returns what changed of how the desk handles the order; null means that it was removed.
 *
 * @param {Record<string, any>} data
 */
const handlingText = ({ priority, team, follow_up_on }) =>
  [
    priority && `${t("handling.priority")}: ${tOr(`handling.priority.${priority}`, priority)}`,
    team !== undefined && `${t("handling.team")}: ${team ?? "–"}`,
    follow_up_on !== undefined && `${t("handling.follow_up_on")}: ${follow_up_on ? day(follow_up_on) : "–"}`,
  ]
    .filter(Boolean)
    .join(" · ");

/** Returns what a person wrote, or the system's reason, in the reader's language where it has a code. */
const textOf = ({ data }) => data.text ?? data.note ?? tOr(`reason.${data.code}`, data.reason ?? null);
