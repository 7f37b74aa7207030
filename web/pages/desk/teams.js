/** The teams of the desk: their names, and who is in them. */

import { FormField } from "../../lib/fields.js";
import { t } from "../../lib/i18n.js";
import { Field } from "../../lib/ui/field.js";
import { Empty, Trail } from "../../lib/ui/status.js";
import { announce } from "../../lib/ui/toast.js";
import { html, useMemo, useSignal } from "../../lib/view.js";
import { personLabel } from "./colleagues.js";
import { idFrom, SavingFoot, useSaving } from "./settings-form.js";

/** @param {import("screens").Context} context */
export async function showTeams(context) {
  const { api, can, go, signal } = context;
  const [{ body, etag }, people] = await Promise.all([
    api.getWithTag("/desk/teams", { signal }),
    api.getAll("/desk/people", { signal }),
  ]);
  const names = new Map(people.map((each) => [each.user_id, each.name || each.email]));
  const page = can("desk:people")
    ? html`<${TeamsForm} api=${api} teams=${body.teams} etag=${etag} people=${people} reload=${() => go("/desk/teams", { replace: true })} />`
    : html`<${TeamsList} teams=${body.teams} names=${names} />`;
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.teams")]]} />
      <div class="title-row"><h1>${t("nav.teams")}</h1></div>
      <p class="hint">${t("teams.text")}</p>
      ${page}
    </div>`;
}

/** @param {{ teams: import("screens").Team[], names: Map<string, string> }} props */
function TeamsList({ teams, names }) {
  if (teams.length === 0) return html`<${Empty} title=${t("teams.none")} text=${t("teams.ask_lead")} />`;
  return html`
    <ul class="setting-cards">
      ${teams.map(
        ({ team, name, members }) => html`
        <li key=${team} class="card"><h2>${name}</h2><p>${members.map((each) => names.get(each) ?? each).join(", ") || t("teams.nobody")}</p></li>`,
      )}
    </ul>`;
}

let made = 0;

/** A team while it is changed. */
function editable(team, name, members) {
  made += 1;
  const field = new FormField({
    name: "name",
    label: t("teams.name"),
    required: true,
    value: name,
    limits: { maxLength: 200 },
  });
  return { key: made, team, name: field, members: new Set(members) };
}

/** @param {{ api: import("screens").Api, teams: import("screens").Team[], etag: string | null, people: import("screens").Person[], reload: () => void }} props */
function TeamsForm({ api, teams, etag, people, reload }) {
  const edited = useSignal(useMemo(() => teams.map(({ team, name, members }) => editable(team, name, members)), []));
  const listed = useMemo(() => peopleFor(people, teams), []);

  function content() {
    const taken = edited.value.map((each) => each.team).filter(Boolean);
    for (const each of edited.value.filter(({ team }) => !team)) {
      each.team = idFrom(each.name.text, taken);
      taken.push(each.team);
    }
    return edited.value.map((each) => ({ team: each.team, name: each.name.read(), members: [...each.members] }));
  }
  const saving = useSaving({
    etag,
    fields: () => edited.value.map((each) => each.name),
    send: (version) =>
      api.putWithTag("/desk/teams", { body: { teams: content() }, headers: { "If-Match": version ?? "" } }),
    fieldAt: (pointer) => edited.value[Number(/^\/teams\/(\d+)\/(team|name)$/.exec(pointer)?.[1] ?? -1)]?.name,
  });

  function add() {
    const team = editable("", "", []);
    edited.value = [...edited.value, team];
    setTimeout(() => team.name.focus());
  }
  function remove(team) {
    edited.value = edited.value.filter((each) => each !== team);
    announce(t("teams.removed"));
  }
  function change(team, userId) {
    if (!team.members.delete(userId)) team.members.add(userId);
    edited.value = [...edited.value];
  }

  return html`
    <form novalidate onSubmit=${saving.submit}>
      ${edited.value.length === 0 && html`<${Empty} title=${t("teams.none")} text=${t("teams.none_text")} />`}
      <ul class="setting-cards">
        ${edited.value.map(
          (team) => html`
          <li key=${team.key} class="card">
            <${Field} of=${team.name} />
            <fieldset class="members">
              <legend>${t("teams.members")}</legend>
              ${listed.map(
                ({ user_id, label }) => html`
                <label key=${user_id} class="check"><input type="checkbox" checked=${team.members.has(user_id)} onInput=${() => change(team, user_id)} /> ${label}</label>`,
              )}
            </fieldset>
            <button class="small plain" type="button" aria-label=${t("teams.remove_of", { team: team.name.text })} onClick=${() => remove(team)}>${t("teams.remove")}</button>
          </li>`,
        )}
      </ul>
      <${SavingFoot} saving=${saving} reload=${reload} add=${add} addText=${t("teams.add")} />
    </form>`;
}

/** Returns who can be chosen: staff who are not deactivated, and whoever is in a team already. */
function peopleFor(people, teams) {
  const members = new Set(teams.flatMap((team) => team.members));
  const staff = people.filter(({ state, user_id }) => state !== "deactivated" || members.delete(user_id));
  for (const { user_id } of staff) members.delete(user_id);
  const known = staff.map((each) => ({ user_id: each.user_id, label: personLabel(each) }));
  return [
    ...known.toSorted((one, other) => one.label.localeCompare(other.label)),
    ...[...members].map((user_id) => ({ user_id, label: user_id })),
  ];
}
