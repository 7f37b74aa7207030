/** How the desk handles an order: its team, how urgent it is, when to follow up, and a note. */

import { FormField } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { day, t } from "../../lib/i18n.js";
import { may } from "../../lib/orders/describe.js";
import { errorText } from "../../lib/problems.js";
import { SignedOut } from "../../lib/session.js";
import { ActionButton } from "../../lib/ui/button.js";
import { ask } from "../../lib/ui/dialog.js";
import { Facts } from "../../lib/ui/status.js";
import { toast } from "../../lib/ui/toast.js";
import { html } from "../../lib/view.js";
import { colleagues, personLabel, teamsOf } from "./colleagues.js";

export const PRIORITIES = ["high", "normal", "low"];

export const priorityLabel = (priority) => t(`handling.priority.${priority}`);

export const teamName = (teams, id) => teams.find((each) => each.team === id)?.name ?? id;

/** Marks of a row: a priority that is not the normal one, the team, and the day to follow up while it is to come. */
export const HandlingTags = ({ order: { flags, handling }, teams }) => html`
  ${handling.priority !== "normal" && html`<span class="tag priority-${handling.priority}">${t(`handling.priority_tag.${handling.priority}`)}</span>`}
  ${handling.team && html`<span class="tag">${teamName(teams, handling.team)}</span>`}
  ${handling.follow_up_on && !flags.includes("follow_up_due") && html`<span class="tag">${t("handling.follow_up_tag", { date: day(handling.follow_up_on) })}</span>`}`;

/**
 * The panel of an order's page.
 *
 * @param {{ context: import("screens").Context, order: import("screens").DeskOrder, teams: import("screens").Team[], path: { order_id: string }, again: () => Promise<void> }} props
 */
export function Handling({ context: { api, signal }, order, teams, path, again }) {
  const { team, priority, follow_up_on, note } = order.handling;

  async function change() {
    try {
      const present = await teamsOf(api, signal);
      const fields = [
        new FormField({
          name: "team",
          label: t("handling.team"),
          type: "select",
          value: team,
          options: [["", t("handling.no_team")], ...present.map((each) => [each.team, each.name])],
        }),
        new FormField({
          name: "priority",
          label: t("handling.priority"),
          type: "select",
          required: true,
          value: priority,
          options: PRIORITIES.map((each) => [each, priorityLabel(each)]),
        }),
        new FormField({ name: "follow_up_on", label: t("handling.follow_up_on"), type: "date", value: follow_up_on }),
        new FormField({
          name: "note",
          label: t("handling.note"),
          type: "textarea",
          value: note,
          limits: LIMITS.HandlingRequest.note,
        }),
      ];
      ask({
        title: t("handling.title"),
        text: t("handling.text"),
        fields,
        action: t("action.save"),
        act: async (values) => {
          // What was left as it is may be another's by now.
          const changes = Object.entries(values).filter(([name, value]) => value !== order.handling[name]);
          await api.post("/desk/orders/{order_id}/handling", { path, body: Object.fromEntries(changes) });
          toast(t("handling.saved"));
          again();
        },
      });
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      if (!signal.aborted) toast(errorText(error));
    }
  }

  const pairs = [
    [t("handling.priority"), priorityLabel(priority)],
    [t("handling.team"), team ? teamName(teams, team) : "–"],
    [t("handling.follow_up_on"), follow_up_on ? day(follow_up_on) : "–"],
    [t("handling.note"), note && html`<span class="said">${note}</span>`],
  ];
  return html`
    <section class="card facts">
      <div class="section-head">
        <h2>${t("handling.title")}</h2>
        ${may(order, "handling") && html`<${ActionButton} class="small" act=${change}>${t("handling.change")}</${ActionButton}>`}
      </div>
      <${Facts} pairs=${pairs} />
    </section>`;
}

/**
 * Asks to which colleague the order goes; `act(headers, body)` gives it to that one.
 *
 * @param {import("screens").Context} context
 * @param {import("screens").DeskOrder} order
 * @param {(assignee: string) => Promise<void>} act
 */
export async function askForAssignee({ api, signal }, order, act) {
  const people = await colleagues(api, signal);
  const others = people.filter((each) => each.user_id !== order.assignee?.user_id);
  ask({
    title: t("handling.assign"),
    text: t("handling.assign_text"),
    fields: [assigneeField(others)],
    action: t("handling.assign"),
    act: ({ assignee }) => act(assignee),
  });
}

export const assigneeField = (people) =>
  new FormField({
    name: "assignee",
    label: t("handling.colleague"),
    type: "select",
    required: true,
    options: [["", t("form.choose")], ...people.map((each) => [each.user_id, personLabel(each)])],
  });
