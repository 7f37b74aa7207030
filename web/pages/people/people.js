/** The people of an account, or of the desk: who they are, what they may do, and invitations. */

import { accountPage } from "../../lib/address.js";
import { Problem } from "../../lib/api.js";
import { FormField } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { day, t, tOr } from "../../lib/i18n.js";
import { Listing, useListing } from "../../lib/listing.js";
import { errorText } from "../../lib/problems.js";
import { roleLabel, roleText } from "../../lib/roles.js";
import { ActionButton } from "../../lib/ui/button.js";
import { ask } from "../../lib/ui/dialog.js";
import { Pager } from "../../lib/ui/pager.js";
import { Chip, Empty, Notice, Trail } from "../../lib/ui/status.js";
import { Table } from "../../lib/ui/table.js";
import { toast } from "../../lib/ui/toast.js";
import { computed, html } from "../../lib/view.js";
import { AccountChoice, chosenAccount } from "./account-choice.js";

const PAGE = 25;

/**
 * Shows the people of the reader's own account, or of a sub-account.
 *
 * @param {import("screens").Context} context
 */
export async function showPeople(context) {
  const { api, signal } = context;
  const account = chosenAccount(context);
  const query = { account_id: account.account_id };
  return shown(context, {
    roles: LIMITS.PersonRequest.role.enum,
    mayChange: true,
    accountId: account.account_id,
    text: t("people.text"),
    trail: [[t("nav.administration")], [t("nav.people")]],
    title: t("nav.people"),
    list: (page) => api.get("/people", { query: { ...page, ...query }, signal }),
    invite: (body) => api.post("/people", { body: { ...body, ...query } }),
    change: (user_id, body) => api.put("/people/{user_id}", { path: { user_id }, query, body }),
    inviteAgain: (user_id) => api.post("/people/{user_id}/invite", { path: { user_id }, query, body: {} }),
  });
}

/**
 * Shows the people of an account at the desk.
 *
 * @param {import("screens").Context} context
 */
export async function showPeopleOf(context, account_id) {
  const { api, can, signal } = context;
  const account = await api.get("/desk/accounts/{account_id}", { path: { account_id }, signal });
  return shown(context, {
    roles: LIMITS.PersonRequest.role.enum,
    mayChange: can("desk:people"),
    text: t("people.text_account", { account: account.name }),
    trail: [
      [t("nav.desk")],
      [t("nav.accounts"), "/desk/accounts"],
      [account.name, accountPage(account_id)],
      [t("nav.people")],
    ],
    title: t("people.of", { account: account.name }),
    list: (query) => api.get("/desk/accounts/{account_id}/people", { path: { account_id }, query, signal }),
    invite: (body) => api.post("/desk/accounts/{account_id}/people", { path: { account_id }, body }),
    change: (user_id, body) =>
      api.put("/desk/accounts/{account_id}/people/{user_id}", { path: { account_id, user_id }, body }),
    inviteAgain: (user_id) =>
      api.post("/desk/accounts/{account_id}/people/{user_id}/invite", { path: { account_id, user_id }, body: {} }),
  });
}

/**
 * Shows the people of the desk.
 *
 * @param {import("screens").Context} context
 */
export async function showStaff(context) {
  const { api, can, signal } = context;
  return shown(context, {
    roles: LIMITS.StaffPersonRequest.role.enum,
    mayChange: can("desk:people"),
    text: t("people.text_staff"),
    trail: [[t("nav.desk")], [t("nav.people")]],
    title: t("people.staff"),
    list: (query) => api.get("/desk/people", { query, signal }),
    invite: (body) => api.post("/desk/people", { body }),
    change: (user_id, body) => api.put("/desk/people/{user_id}", { path: { user_id }, body }),
    inviteAgain: (user_id) => api.post("/desk/people/{user_id}/invite", { path: { user_id }, body: {} }),
  });
}

/**
 * What the page needs of a team: texts, roles, and the routes. `accountId` is given where the reader can choose another.
 *
 * @typedef {object} Team
 * @property {string[]} roles
 * @property {boolean} mayChange
 * @property {string} [accountId]
 * @property {string} text
 * @property {string[][]} trail
 * @property {string} title
 * @property {(query: { limit: number, cursor: string | null }) => Promise<any>} list
 * @property {(body: any) => Promise<import("screens").Person>} invite
 * @property {(userId: string, body: any) => Promise<import("screens").Person>} change
 * @property {(userId: string) => Promise<import("screens").Person>} inviteAgain
 */

/**
 * @param {import("screens").Context} context
 * @param {Team} team
 */
async function shown(context, team) {
  const list = new People(context, team);
  const first = await list.load();
  return html`<${PeoplePage} context=${context} team=${team} list=${list} first=${first} />`;
}

class People extends Listing {
  /** @param {Team} team */
  constructor(context, team) {
    super(context, {});
    this.team = team;
  }

  async ask(cursor) {
    return this.team.list({ limit: PAGE, cursor });
  }

  address() {
    return { account: this.context.query.get("account") };
  }
}

/** @param {{ context: import("screens").Context, team: Team, list: People, first: any }} props */
function PeoplePage({ context, team, list, first }) {
  const { page, isBusy, stale, turn, again } = useListing(list, first, { pauseMilliseconds: 0 });

  function invite() {
    const email = new FormField({
      name: "email",
      label: t("people.email"),
      type: "email",
      required: true,
      limits: LIMITS.StaffInvitationRequest.email,
      attributes: { autocomplete: "off" },
    });
    ask({
      title: t("people.invite"),
      text: t("people.invite_text"),
      fields: [email, nameField(), roleField(team.roles)],
      places: { already_member: email, too_many_accounts: email },
      action: t("people.send"),
      act: async (body) => {
        await team.invite(body);
        toast(t("people.invited", { email: body.email }));
        again();
      },
    });
  }

  return html`
    <div class="screen">
      <${Trail} steps=${team.trail} />
      <div class="title-row">
        <h1>${team.title}</h1>
        ${team.accountId && html`<${AccountChoice} context=${context} account=${team.accountId} />`}
        ${team.mayChange && html`<div class="actions"><button class="primary" type="button" onClick=${invite}>${t("people.invite")}</button></div>`}
      </div>
      <p class="hint">${team.text}${!team.mayChange && ` ${t("forbidden.to_change")}`}</p>
      <div class="freshness">${stale && html`<${Notice} kind="warn">${stale}</${Notice}>`}</div>
      <div class="results" aria-busy=${isBusy ? "true" : undefined}>
        ${
          page.items.length > 0
            ? html`<${Rows} context=${context} team=${team} people=${page.items} again=${again} />`
            : html`<${Empty} title=${t("people.none")} text=${t("people.none_text")} />`
        }
      </div>
      <${Pager} pages=${list.pages} page=${page} turn=${turn} back=${t("queue.previous")} on=${t("queue.next")} />
    </div>`;
}

const nameField = (value = "") =>
  new FormField({
    name: "name",
    label: t("people.name"),
    required: true,
    value,
    limits: LIMITS.StaffInvitationRequest.name,
    attributes: { autocomplete: "off" },
  });

/** The choice of a role, with what the chosen one may do. */
function roleField(roles, value = roles[0]) {
  const options = roles.map((role) => [role, roleLabel(role)]);
  const field = new FormField({
    name: "role",
    label: t("people.role"),
    type: "select",
    required: true,
    value,
    options,
  });
  field.hint = computed(() => roleText(field.value.value));
  return field;
}

/** @param {{ context: import("screens").Context, team: Team, people: import("screens").Person[], again: () => Promise<void> }} props */
function Rows({ context, team, people, again }) {
  /** @type {{ head: string, cell: (person: import("screens").Person) => unknown, className?: string, isName?: boolean }[]} */
  const columns = [
    {
      head: t("people.person"),
      className: "what",
      isName: true,
      cell: (person) =>
        html`<strong class="order-link">${person.name}</strong>${person.name !== person.email && html`<span class="hint person">${person.email}</span>`}`,
    },
    { head: t("people.role"), cell: (person) => roleLabel(person.role) },
    {
      head: t("people.state"),
      cell: ({ state }) => html`<${Chip} of="person" state=${state} label=${tOr(`person.${state}`, state)} />`,
    },
    {
      head: t("people.last_seen"),
      cell: (person) =>
        html`<span class="day">${person.last_seen_on ? day(person.last_seen_on) : t("people.never")}</span>`,
    },
  ];
  if (team.mayChange)
    columns.push({
      head: t("queue.actions"),
      className: "actions",
      isName: true,
      cell: (person) =>
        html`<${Actions} person=${person} team=${team} isOwn=${person.user_id === context.me.user_id} again=${again} />`,
    });
  return html`<${Table} class="orders" caption=${team.title} columns=${columns} rows=${people} keyOf=${(person) => person.user_id} />`;
}

/** @param {{ person: import("screens").Person, team: Team, isOwn: boolean, again: () => Promise<void> }} props */
function Actions({ person, team, isOwn, again }) {
  const { email, name, state, user_id } = person;

  async function changed(text) {
    toast(text);
    await again();
  }

  function change() {
    const own = nameField(name);
    ask({
      title: t("people.change_of", { name }),
      fields: [own, roleField(team.roles, person.role)],
      places: { name_is_own: own },
      action: t("action.save"),
      act: async ({ name: newName, role }) => {
        const body = { ...(newName !== name && { name: newName }), ...(role !== person.role && { role }) };
        if (Object.keys(body).length === 0) return;
        await team.change(user_id, body);
        await changed(t("people.changed", { name: newName }));
      },
    });
  }

  const deactivate = () =>
    ask({
      title: t("people.deactivate_of", { name }),
      text: t("people.deactivate_text"),
      action: t("people.deactivate"),
      danger: true,
      act: async () => {
        await team.change(user_id, { state: "deactivated" });
        await changed(t("people.deactivated", { name }));
      },
    });

  const reactivate = () =>
    ask({
      title: t("people.reactivate_of", { name }),
      text: t("people.reactivate_text", { role: roleLabel(person.role) }),
      action: t("people.reactivate"),
      act: async () => {
        await team.change(user_id, { state: "active" });
        await changed(t("people.reactivated", { name }));
      },
    });

  async function resend() {
    try {
      await team.inviteAgain(user_id);
      await changed(t("people.invited", { email }));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      toast(errorText(error));
      await again();
    }
  }

  if (isOwn) {
    const reason = `own-${user_id}`;
    const disabled = { "aria-disabled": "true", "aria-describedby": reason };
    return html`
      <div class="actions">
        <button class="small" type="button" ...${disabled}>${t("people.change")}</button>
        <button class="small danger" type="button" ...${disabled}>${t("people.deactivate")}</button>
      </div>
      <span class="hint" id=${reason}>${t("people.own")}</span>`;
  }
  const named = (text) => ({ "aria-label": `${text}: ${name}` });
  if (state === "deactivated")
    return html`<div class="actions"><button class="small" type="button" ...${named(t("people.reactivate"))} onClick=${reactivate}>${t("people.reactivate")}</button></div>`;
  return html`
    <div class="actions">
      <button class="small" type="button" ...${named(t("people.change"))} onClick=${change}>${t("people.change")}</button>
      ${state === "invited" && html`<${ActionButton} class="small" ...${named(t("people.resend"))} act=${resend}>${t("people.resend")}</${ActionButton}>`}
      <button class="small danger" type="button" ...${named(t("people.deactivate"))} onClick=${deactivate}>${t("people.deactivate")}</button>
    </div>`;
}
