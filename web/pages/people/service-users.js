/** Service users: programs that call the API in the name of an account or of the desk, each with its own secret. */

import { Problem } from "../../lib/api.js";
import { checkFields, FormField, showFaults } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { day, dayOf, t, tOr } from "../../lib/i18n.js";
import { Listing, useListing } from "../../lib/listing.js";
import { errorText, faultText } from "../../lib/problems.js";
import { CUSTOMER_SCOPES, DESK_SCOPES, scopeLabel } from "../../lib/roles.js";
import { BusyButton, useOnce } from "../../lib/ui/button.js";
import { ask, openDialog } from "../../lib/ui/dialog.js";
import { Field } from "../../lib/ui/field.js";
import { Pager } from "../../lib/ui/pager.js";
import { Chip, Empty, Notice, Trail } from "../../lib/ui/status.js";
import { Table } from "../../lib/ui/table.js";
import { toast } from "../../lib/ui/toast.js";
import { html, useMemo, useSignal } from "../../lib/view.js";

const PAGE = 25;

/**
 * The routes of the page. `isDesk`: its service users are the desk's or those of an account, which can be chosen.
 *
 * @typedef {object} Routes
 * @property {boolean} isDesk
 * @property {boolean} mayChange
 * @property {(query: { limit: number, cursor: string | null }, accountId: string) => Promise<any>} list
 * @property {(body: any) => Promise<import("screens").NewSecret>} create
 * @property {(userId: string, body: any) => Promise<import("screens").ServiceUser>} change
 * @property {(userId: string) => Promise<import("screens").NewSecret>} renew
 */

/**
 * Shows those of the reader's own account.
 *
 * @param {import("screens").Context} context
 */
export async function showServiceUsers(context) {
  const { api, signal } = context;
  return shown(context, {
    isDesk: false,
    mayChange: true,
    list: (query) => api.get("/service-users", { query, signal }),
    create: (body) => api.post("/service-users", { body }),
    change: (user_id, body) => api.put("/service-users/{user_id}", { path: { user_id }, body }),
    renew: (user_id) => api.post("/service-users/{user_id}/secret", { path: { user_id }, body: {} }),
  });
}

/**
 * Shows those of the desk, or of the account that the address names.
 *
 * @param {import("screens").Context} context
 */
export async function showDeskServiceUsers(context) {
  const { api, can, signal } = context;
  return shown(context, {
    isDesk: true,
    mayChange: can("desk:people"),
    list: (query, account_id) => api.get("/desk/service-users", { query: { ...query, account_id }, signal }),
    create: (body) => api.post("/desk/service-users", { body }),
    change: (user_id, body) => api.put("/desk/service-users/{user_id}", { path: { user_id }, body }),
    renew: (user_id) => api.post("/desk/service-users/{user_id}/secret", { path: { user_id }, body: {} }),
  });
}

/**
 * @param {import("screens").Context} context
 * @param {Routes} routes
 */
async function shown(context, routes) {
  const list = new ServiceUsers(context, routes);
  const first = await list.load();
  return html`<${ServiceUsersPage} routes=${routes} list=${list} first=${first} />`;
}

class ServiceUsers extends Listing {
  /** @param {Routes} routes */
  constructor(context, routes) {
    super(context, { account: (routes.isDesk && context.query.get("account")) || "" });
    this.routes = routes;
  }

  async ask(cursor) {
    try {
      return await this.routes.list({ limit: PAGE, cursor }, this.filters.account.trim());
    } catch (error) {
      // There is no such account.
      if (error instanceof Problem && error.status === 404) return { items: [], next_cursor: null };
      throw error;
    }
  }

  address() {
    return { account: this.filters.account.trim() };
  }
}

/** @param {{ routes: Routes, list: ServiceUsers, first: any }} props */
function ServiceUsersPage({ routes, list, first }) {
  const { filters, page, isBusy, stale, turn, type, choose, again } = useListing(list, first, {
    pauseMilliseconds: 400,
  });

  function create() {
    const content = ({ close }) =>
      html`<${Details} routes=${routes} account=${list.filters.account} close=${close} done=${async (made) => {
        showSecret(made);
        await again();
      }} />`;
    openDialog({ className: "ask", title: t("machines.new"), content });
  }

  return html`
    <div class="screen">
      <${Trail} steps=${[[t(routes.isDesk ? "nav.desk" : "nav.administration")], [t("nav.service_users")]]} />
      <div class="title-row">
        <h1>${t("nav.service_users")}</h1>
        ${routes.mayChange && html`<div class="actions"><button class="primary" type="button" onClick=${create}>${t("machines.new")}</button></div>`}
      </div>
      <p class="hint">${t("machines.text")}${!routes.mayChange && ` ${t("forbidden.to_change")}`}</p>
      ${routes.isDesk && html`<${AccountFilter} value=${filters.account} type=${type} choose=${choose} />`}
      <div class="freshness">${stale && html`<${Notice} kind="warn">${stale}</${Notice}>`}</div>
      <div class="results" aria-busy=${isBusy ? "true" : undefined}>
        ${
          page.items.length > 0
            ? html`<${Rows} routes=${routes} users=${page.items} again=${again} />`
            : html`<${Empty} title=${t("machines.none")} text=${t("machines.none_text")} />`
        }
      </div>
      <${Pager} pages=${list.pages} page=${page} turn=${turn} back=${t("queue.previous")} on=${t("queue.next")} />
    </div>`;
}

function AccountFilter({ value, type, choose }) {
  function submit(event) {
    event.preventDefault();
    choose({});
  }
  return html`
    <form class="filters" role="search" onSubmit=${submit}>
      <label>${t("machines.of_account")}
        <input type="search" placeholder=${t("queue.account_hint")} autocomplete="off" spellcheck=${false} value=${value} onInput=${(event) => type({ account: event.currentTarget.value })} />
      </label>
    </form>`;
}

/** @param {{ routes: Routes, users: import("screens").ServiceUser[], again: () => Promise<void> }} props */
function Rows({ routes, users, again }) {
  /** @type {{ head: string, cell: (user: import("screens").ServiceUser) => unknown, className?: string, isName?: boolean }[]} */
  const columns = [
    {
      head: t("machines.name"),
      className: "what",
      isName: true,
      cell: (user) =>
        html`<strong class="order-link">${user.name}</strong><code class="order-id">${user.user_id}</code>`,
    },
    {
      head: t("machines.scopes"),
      cell: ({ scopes }) =>
        html`<ul class="item-lines">${scopes.map((scope) => html`<li key=${scope}>${scopeLabel(scope)}</li>`)}</ul>`,
    },
    {
      head: t("people.state"),
      cell: ({ state }) => html`<${Chip} of="person" state=${state} label=${tOr(`person.${state}`, state)} />`,
    },
    {
      head: t("machines.last_used"),
      cell: (user) => html`<span class="day">${user.last_used_on ? day(user.last_used_on) : t("people.never")}</span>`,
    },
    {
      head: t("machines.created"),
      cell: (user) =>
        html`<span class="day">${dayOf(user.created_at)}</span><span class="hint person">${user.created_by.email}</span>`,
    },
  ];
  if (routes.mayChange)
    columns.push({
      head: t("queue.actions"),
      className: "actions",
      isName: true,
      cell: (user) => html`<${Actions} routes=${routes} user=${user} again=${again} />`,
    });
  return html`<${Table} class="orders" caption=${t("nav.service_users")} columns=${columns} rows=${users} keyOf=${(user) => user.user_id} />`;
}

/** @param {{ routes: Routes, user: import("screens").ServiceUser, again: () => Promise<void> }} props */
function Actions({ routes, user, again }) {
  const { name, user_id } = user;
  const named = (text) => ({ "aria-label": `${text}: ${name}` });

  function change() {
    const content = ({ close }) =>
      html`<${Details} routes=${routes} user=${user} close=${close} done=${async () => {
        toast(t("machines.changed", { name }));
        await again();
      }} />`;
    openDialog({ className: "ask", title: t("people.change_of", { name }), content });
  }

  const renew = () =>
    ask({
      title: t("machines.renew_of", { name }),
      text: t("machines.renew_text"),
      action: t("machines.renew"),
      danger: true,
      act: async () => showSecret(await routes.renew(user_id)),
    });

  const deactivate = () =>
    ask({
      title: t("people.deactivate_of", { name }),
      text: t("machines.deactivate_text"),
      action: t("people.deactivate"),
      danger: true,
      act: async () => {
        await routes.change(user_id, { state: "deactivated" });
        toast(t("machines.deactivated", { name }));
        await again();
      },
    });

  const reactivate = () =>
    ask({
      title: t("people.reactivate_of", { name }),
      text: t("machines.reactivate_text"),
      action: t("people.reactivate"),
      act: async () => {
        await routes.change(user_id, { state: "active" });
        toast(t("machines.reactivated", { name }));
        await again();
      },
    });

  if (user.state === "deactivated")
    return html`<div class="actions"><button class="small" type="button" ...${named(t("people.reactivate"))} onClick=${reactivate}>${t("people.reactivate")}</button></div>`;
  return html`
    <div class="actions">
      <button class="small" type="button" ...${named(t("people.change"))} onClick=${change}>${t("people.change")}</button>
      <button class="small" type="button" ...${named(t("machines.renew"))} onClick=${renew}>${t("machines.renew")}</button>
      <button class="small danger" type="button" ...${named(t("people.deactivate"))} onClick=${deactivate}>${t("people.deactivate")}</button>
    </div>`;
}

/**
 * The form of a service user: of a new one, at the desk at first for `account`, or of `user`. `done(answer)` is called
 * with the API's answer.
 *
 * @param {{ routes: Routes, user?: import("screens").ServiceUser, account?: string, close: () => void, done: (answer: any) => Promise<void> }} props
 */
function Details({ routes, user, account, close, done }) {
  const refusal = useSignal(null);
  const { isBusy, once } = useOnce();
  const isNew = user === undefined;
  const { name, accountId, scopes } = useMemo(() => fieldsOf(user, isNew && routes.isDesk, account), []);
  const isOfDesk = isNew ? routes.isDesk && accountId.text === "" : user.account_id === null;
  const offered = scopes.filter((each) => (isOfDesk ? DESK_SCOPES : CUSTOMER_SCOPES).includes(each.name));

  const attempt = async () => {
    refusal.value = null;
    if (!checkFields([name, accountId].filter(Boolean))) return;
    const chosen = offered.filter((each) => each.read()).map((each) => each.name);
    if (chosen.length === 0) {
      refusal.value = t("machines.no_scope");
      offered[0].focus();
      return;
    }
    const body = { name: name.read(), scopes: chosen, ...(accountId && { account_id: accountId.read() }) };
    try {
      const answer = isNew ? await routes.create(body) : await routes.change(user.user_id, body);
      close();
      await done(answer);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const at = { "/name": name, "/account_id": accountId };
      const rest = showFaults(error.errors, (pointer) => at[pointer]);
      if (rest.length) refusal.value = rest.map(faultText).join(" ");
      else if (!error.errors.length) refusal.value = errorText(error);
    }
  };
  function submit(event) {
    event.preventDefault();
    return once(attempt);
  }
  return html`
    <form novalidate onSubmit=${submit}>
      ${refusal.value && html`<${Notice} kind="bad">${refusal.value}</${Notice}>`}
      <${Field} of=${name} attributes=${{ autofocus: true }} />
      ${accountId && html`<${Field} of=${accountId} />`}
      <fieldset class="checks">
        <legend>${t("machines.scopes")}</legend>
        ${offered.map((each) => html`<${Field} key=${each.id} of=${each} />`)}
      </fieldset>
      <div class="actions">
        <${BusyButton} type="submit" class="primary" isBusy=${isBusy.value}>${t(isNew ? "machines.create" : "action.save")}</${BusyButton}>
        <button type="button" onClick=${close}>${t("action.cancel")}</button>
      </div>
    </form>`;
}

/** Returns the fields; a service user stays with its account, or with the desk. */
function fieldsOf(user, hasAccount, account) {
  const limits = LIMITS.NewServiceUser;
  return {
    name: new FormField({
      name: "name",
      label: t("machines.name"),
      required: true,
      value: user?.name,
      hint: t("machines.name_hint"),
      limits: limits.name,
      attributes: { autocomplete: "off" },
    }),
    accountId: hasAccount
      ? new FormField({
          name: "account_id",
          label: t("account.account_id"),
          value: account,
          hint: t("machines.account_hint"),
          limits: LIMITS.NewDeskServiceUser.account_id,
          attributes: { autocomplete: "off", spellcheck: false },
        })
      : null,
    scopes: [...CUSTOMER_SCOPES, ...DESK_SCOPES].map(
      (scope) =>
        new FormField({
          name: scope,
          label: scopeLabel(scope),
          type: "checkbox",
          value: user?.scopes.includes(/** @type {any} */ (scope)),
        }),
    ),
  };
}

/** Shows a secret, which nobody can read again; so the dialog stays until its reader closes it. */
function showSecret(made) {
  const content = ({ close }) => html`
    <div class="dialog-body">
      <${Notice} kind="warn">${t("machines.secret_text")}</${Notice}>
      <${Copied} name="client_id" label=${t("machines.client_id")} value=${made.client_id} />
      <${Copied} name="client_secret" label=${t("machines.client_secret")} value=${made.client_secret} />
      <${Copied} name="token_url" label=${t("machines.token_url")} value=${`${location.origin}/api/token`} />
      <div class="actions"><button class="primary" type="button" onClick=${close}>${t("machines.noted")}</button></div>
    </div>`;
  openDialog({ className: "ask", title: t("machines.secret_of", { name: made.name }), content, stays: true });
}

function Copied({ name, label, value }) {
  const isCopied = useSignal(false);
  const control = `copy-${name}`;
  async function copy() {
    try {
      await navigator.clipboard.writeText(value);
      isCopied.value = true;
    } catch (error) {
      // The browser forbids it here; the text is marked to be copied by hand.
      if (!(error instanceof DOMException)) throw error;
      /** @type {HTMLInputElement} */ (document.getElementById(control)).select();
    }
  }
  return html`
    <div class="field">
      <label for=${control}>${label}</label>
      <div class="copied">
        <input id=${control} name=${name} type="text" readonly value=${value} onFocus=${(event) => event.currentTarget.select()} />
        <button type="button" aria-label=${t("machines.copy_of", { what: label })} onClick=${copy}>${t(isCopied.value ? "machines.copied" : "machines.copy")}</button>
      </div>
      <span class="visually-hidden" role="status">${isCopied.value && t("machines.copied")}</span>
    </div>`;
}
