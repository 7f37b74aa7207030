/** One account: its enrollment, its contact and its sites, to be read and changed. */

import { accountPage } from "../../lib/address.js";
import { checkFields, FormField, readAll, showFaults } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { inLanguage, LANGUAGES, number, t, tOr } from "../../lib/i18n.js";
import { errorText, faultText, isOutdated } from "../../lib/problems.js";
import { formOf } from "../../lib/schema-form.js";
import { BusyButton, useOnce } from "../../lib/ui/button.js";
import { Field } from "../../lib/ui/field.js";
import { SchemaNode } from "../../lib/ui/schema-form.js";
import { Notice, Trail } from "../../lib/ui/status.js";
import { toast } from "../../lib/ui/toast.js";
import { KeptNotice, unsaved, useKept } from "../../lib/unsaved.js";
import { html, signal, useLayoutEffect, useMemo, useRef, useSignal } from "../../lib/view.js";
import { openNewOrder } from "../customer/new-order.js";
import { History, namedIn } from "./history.js";

const {
  AccountRequest,
  Contact,
  Deputy,
  "Enrollment-Input": Enrollment,
  License,
  "Site-Input": Site,
  "Tax-Input": Tax,
} = LIMITS;
const MAX_DEPUTIES = Enrollment.deputies.maxItems;
const OWN = ["name", "locale", "currency", "time_zone", "parent_account_id"];
const SITE = ["site_id", "name", "country", "address"];
const NO_SITE = { site_id: "", name: "", country: "", address: null, license: null, sockets: [] };
const CREATE = { "If-None-Match": "*" };
const GROUPS = { type: "array", items: { type: "string" }, maxItems: AccountRequest.groups.maxItems };

/**
 * Shows the page; `accountId` is undefined for a new account.
 *
 * @param {import("screens").Context} context
 */
export async function showAccount(context, accountId) {
  const isNew = accountId === undefined;
  const time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const blank = {
    account_id: "",
    name: "",
    locale: "en",
    currency: "EUR",
    time_zone,
    parent_account_id: null,
    enrollment: null,
    sites: [],
  };
  const path = { account_id: accountId };
  const [loaded, vendors] = await Promise.all([
    isNew ? { body: blank, etag: null } : context.api.getWithTag("/desk/accounts/{account_id}", { path }),
    context.api.get("/desk/catalog"),
  ]);
  return html`<${Account} context=${context} accountId=${accountId} loaded=${loaded} vendors=${vendors} />`;
}

/** A percentage, with a point or a comma before its decimals. */
class RateField extends FormField {
  get text() {
    return super.text.replace(",", ".");
  }
}

/** The fields of an account, and the account that they make. */
class AccountForm {
  constructor(account, { currencies }, { equipment, groups }, isNew) {
    const { enrollment } = account;
    this.account = account;
    this.models = equipment;
    const named = (groups ?? []).map(({ group, labels }) => [group, inLanguage(labels)]);
    /** In an order, which decides where two groups have a price. */
    this.groups = formOf(
      { schema: GROUPS, words: "account", name: "groups", references: { "groups.groups": () => named } },
      account.groups,
    );
    this.hasGroups = named.length > 0 || this.groups.items.value.length > 0;
    this.ownId =
      isNew &&
      text("account_id", t("account.account_id"), {
        required: true,
        value: account.account_id,
        hint: t("account.id_hint"),
        limits: Site.site_id,
        attributes: { autocomplete: "off" },
      });
    this.own = {
      name: text("name", t("account.name"), { required: true, value: account.name, limits: AccountRequest.name }),
      locale: select(
        "locale",
        t("account.locale"),
        account.locale,
        AccountRequest.locale.enum.map((each) => [each, LANGUAGES[each] ?? each]),
      ),
      currency: select(
        "currency",
        t("account.currency"),
        account.currency,
        currencies.map((each) => [each.currency, each.currency]),
      ),
      time_zone: select("time_zone", t("account.time_zone"), account.time_zone, zones()),
      parent_account_id: text("parent_account_id", t("account.parent"), {
        value: account.parent_account_id,
        limits: AccountRequest.parent_account_id,
        attributes: { autocomplete: "off" },
      }),
    };
    this.letter = {
      letter_received_on: text("letter_received_on", t("account.letter"), {
        type: "date",
        value: enrollment?.letter_received_on,
        hint: t("account.letter_hint"),
      }),
      state: select(
        "state",
        t("accounts.enrollment"),
        enrollment?.state ?? "active",
        Enrollment.state.enum.map((each) => [each, tOr(`enrollment.${each}`, each)]),
      ),
      contact_name: text("contact_name", t("contact.name"), { value: enrollment?.contact?.name, limits: Contact.name }),
      contact_email: text("contact_email", t("contact.email"), {
        type: "email",
        value: enrollment?.contact?.email,
        hint: t("account.contact_hint"),
        limits: Contact.email,
      }),
    };
    this.handOver = select(
      "hand_over",
      t("hand_over.policy"),
      account.hand_over ?? "desk",
      AccountRequest.hand_over.enum.map((each) => [each, tOr(`hand_over.policy.${each}`, each)]),
    );
    this.billing = {
      billing_address: text("billing_address", t("billing.address"), {
        type: "textarea",
        value: account.billing_address,
        limits: AccountRequest.billing_address,
        isWide: true,
      }),
      tax_number: text("tax_number", t("billing.tax_number"), {
        value: account.tax_number,
        limits: AccountRequest.tax_number,
        attributes: { autocomplete: "off" },
      }),
    };
    this.tax = taxFields(account.tax);
    this.policies = {
      purchase_order: policy("purchase_order", account),
      signed_order: policy("signed_order", account),
    };
    this.deputies = signal((enrollment?.deputies ?? []).map(deputyFields));
    this.sites = signal(account.sites.map((site) => this.siteFields(site)));
  }

  /** Returns a site from its fields; `stored` is the site as it is, with what no field shows. */
  siteFields(site) {
    const missing = this.models.filter((model) => !site.sockets.some((each) => each.model === model));
    const sockets = [...site.sockets, ...missing.map((model) => ({ model, quantity: null }))];
    const number = (name, label, value, limits) => text(name, label, { type: "integer", value, limits });
    return {
      stored: site,
      site_id: text("site_id", t("site.site_id"), { required: true, value: site.site_id, limits: Site.site_id }),
      name: text("name", t("site.name"), { required: true, value: site.name, limits: Site.name }),
      country: text("country", t("site.country"), { required: true, value: site.country }),
      address: text("address", t("site.address"), { value: site.address, limits: Site.address, isWide: true }),
      bandwidth_mbps: number(
        "bandwidth_mbps",
        t("site.bandwidth"),
        site.license?.bandwidth_mbps,
        License.bandwidth_mbps,
      ),
      starts_on: text("starts_on", t("site.starts_on"), { type: "date", value: site.license?.starts_on }),
      // A model may be listed twice, as it was delivered in two lots; an emptied or zero one is removed.
      sockets: sockets.map(({ model, quantity }) => ({
        model,
        quantity: number(model, t("site.sockets", { model }), quantity),
      })),
    };
  }

  fields() {
    const first = this.ownId ? [this.ownId] : [];
    return [
      ...first,
      ...Object.values(this.own),
      ...Object.values(this.letter),
      this.handOver,
      ...Object.values(this.billing),
      ...this.shownTax(),
      ...Object.values(this.policies),
      ...this.deputies.value.flatMap(Object.values),
      ...this.sites.value.flatMap(fieldsOf),
    ];
  }

  /** Returns the fields of the tax that its treatment has. */
  shownTax() {
    const { treatment, label, rate, sentence } = this.tax;
    if (!treatment.read()) return [treatment];
    return treatment.read() === "rate" ? [treatment, label, rate, sentence] : [treatment, label, sentence];
  }

  /** Returns the account from the form; what has no field stays as it was. */
  body() {
    const { account, letter } = this;
    const own = readAll(this.own);
    const { contact_name: name, contact_email: email, letter_received_on: received, state } = readAll(letter);
    const contact = name || email ? { name: name ?? "", email: email ?? "" } : null;
    const deputies = this.deputies.value.map(readAll);
    const isEnrolled = received || contact || deputies.length > 0;
    const groups = this.groups.read()?.filter(Boolean);
    return {
      ...account,
      ...(groups && { groups }),
      ...Object.fromEntries(OWN.map((each) => [each, own[each]])),
      enrollment: isEnrolled ? { ...account.enrollment, letter_received_on: received, state, contact, deputies } : null,
      hand_over: this.handOver.read(),
      ...readAll(this.billing),
      tax: this.tax.treatment.read()
        ? Object.fromEntries(this.shownTax().map((each) => [each.name, each.read()]))
        : null,
      ...readAll(this.policies),
      sites: this.sites.value.map(siteOf),
    };
  }

  /** Returns the field that a pointer of the API's leads to. */
  at(pointer) {
    const [, first, second, third, fourth] = pointer.split("/");
    if (first === "hand_over") return this.handOver;
    if (first === "tax") return this.tax[second] ?? this.tax.treatment;
    if (first === "groups") return this.groups.path(second === undefined ? "" : `/${second}`).at(-1);
    const site = this.sites.value[Number(second)];
    if (first === "sites" && third === "sockets") return site && lotsOf(site)[Number(fourth)]?.quantity;
    if (first === "sites") return site?.[third === "license" ? (fourth ?? "bandwidth_mbps") : third];
    if (first === "enrollment" && second === "deputies") return this.deputies.value[Number(third)]?.[fourth ?? "name"];
    if (first === "enrollment")
      return second === "contact"
        ? this.letter[`contact_${third ?? "name"}`]
        : this.letter[second ?? "letter_received_on"];
    const named = { ...this.own, ...this.billing, ...this.policies };
    return (first === "account_id" ? this.ownId : named[first]) || null;
  }
}

const text = (name, label, how) => new FormField({ name, label, ...how });
const select = (name, label, value, options) =>
  new FormField({ name, label, type: "select", required: true, value, options });
const zones = () => [...new Set(["UTC", ...Intl.supportedValuesOf("timeZone")])].map((each) => [each, each]);

function policy(name, account) {
  const options = AccountRequest[name].enum.map((each) => [each, tOr(`billing.${name}.${each}`, each)]);
  return select(name, t(`billing.${name}`), account[name] ?? "optional", options);
}

/** Returns the fields of a tax by its members; no treatment means no tax. */
const taxFields = (tax) => ({
  treatment: text("treatment", t("billing.tax"), {
    type: "select",
    value: tax?.treatment,
    options: [
      ["", t("billing.tax.none")],
      ...Tax.treatment.enum.map((each) => [each, tOr(`billing.tax.${each}`, each)]),
    ],
  }),
  label: text("label", t("billing.tax_label"), {
    required: true,
    value: tax?.label,
    hint: t("billing.tax_label_hint"),
    limits: Tax.label,
  }),
  rate: new RateField({
    name: "rate",
    label: t("billing.tax_rate"),
    required: true,
    value: tax?.rate === undefined ? "" : number(Number(tax.rate)),
    limits: Tax.rate,
    attributes: { inputmode: "decimal", autocomplete: "off" },
  }),
  sentence: text("sentence", t("billing.tax_sentence"), {
    value: tax?.sentence,
    hint: t("billing.tax_sentence_hint"),
    limits: Tax.sentence,
    isWide: true,
  }),
});

const deputyFields = (deputy = {}) => ({
  name: text("deputy_name", t("deputy.name"), { required: true, value: deputy.name, limits: Deputy.name }),
  email: text("deputy_email", t("deputy.email"), {
    type: "email",
    required: true,
    value: deputy.email,
    limits: Deputy.email,
  }),
  from: text("deputy_from", t("deputy.from"), { type: "date", required: true, value: deputy.from }),
  until: text("deputy_until", t("deputy.until"), { type: "date", required: true, value: deputy.until }),
});

const fieldsOf = (site) => [
  ...SITE.map((name) => site[name]),
  site.bandwidth_mbps,
  site.starts_on,
  ...site.sockets.map((each) => each.quantity),
];

/** Returns the lots of sockets with a quantity. */
const lotsOf = (site) => site.sockets.filter((each) => each.quantity.read());

function siteOf(site) {
  const { bandwidth_mbps, starts_on } = readAll({ bandwidth_mbps: site.bandwidth_mbps, starts_on: site.starts_on });
  const license =
    bandwidth_mbps !== null || starts_on !== null ? { ...site.stored.license, bandwidth_mbps, starts_on } : null;
  const sockets = lotsOf(site).map(({ model, quantity }) => ({ model, quantity: quantity.read() }));
  return { ...site.stored, ...Object.fromEntries(SITE.map((name) => [name, site[name].read()])), license, sockets };
}

/** @param {{ context: import("screens").Context, accountId?: string, loaded: any, vendors: any }} props */
function Account({ context, accountId, loaded, vendors }) {
  const { api, can, catalog, go, signal: left } = context;
  const isNew = accountId === undefined;
  const mayChange = can("desk:accounts");
  const { kept, found, form } = useMemo(() => {
    const place = unsaved(isNew ? "account" : `account.${accountId}`);
    const before = place.read();
    return {
      kept: place,
      found: before,
      form: new AccountForm({ ...loaded.body, ...before?.content }, catalog, vendors, isNew),
    };
  }, []);
  const etag = found ? found.etag : loaded.etag; // what others have changed meanwhile must not be overwritten unseen
  const refusal = useSignal(null);
  const { isBusy, once } = useOnce();
  useKept(kept, found, etag, () => ({ ...form.body(), ...(form.ownId && { account_id: form.ownId.read() ?? "" }) }));

  const save = async () => {
    refusal.value = null;
    form.groups.clear();
    if (!checkFields(form.fields())) return;
    const id = form.ownId ? form.ownId.read() : accountId;
    try {
      await api.put("/desk/accounts/{account_id}", {
        path: { account_id: id },
        body: form.body(),
        headers: isNew ? CREATE : { "If-Match": etag },
      });
      kept.forget();
      toast(t("account.saved"));
      go(accountPage(id), { replace: true });
    } catch (error) {
      const faults = error.errors ?? [];
      const rest = showFaults(faults, (pointer) => form.at(pointer));
      refusal.value = isOutdated(error)
        ? html`<${Outdated} id=${id} isNew=${isNew} beginAnew=${beginAnew} />`
        : html`<${Notice} kind="bad">${rest.length ? rest.map(faultText).join(" ") : faults.length ? t("editor.faulty") : errorText(error)}</${Notice}>`;
      if (isOutdated(error) && form.ownId) {
        form.ownId.show(t("account.exists_here"));
        form.ownId.focus();
      }
    }
  };

  function beginAnew() {
    kept.forget();
    go(location.pathname, { replace: true });
  }

  function submit(event) {
    event.preventDefault();
    return once(save);
  }

  const order = () => openNewOrder({ ...context, query: new URLSearchParams() }, accountId, { base: "/desk" });
  const versions = (query) =>
    api.get("/desk/accounts/{account_id}/versions", { path: { account_id: accountId }, query, signal: left });
  const name = isNew ? t("accounts.new") : loaded.body.name;
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.accounts"), "/desk/accounts"], [name]]} />
      <div class="title-row">
        <h1>${name}</h1>
        ${
          !isNew &&
          html`
          <div class="actions">
            <a class="button" href="${accountPage(accountId)}/people">${t("nav.people")}</a>
            <a class="button" href="/desk/service-users?account=${encodeURIComponent(accountId)}">${t("nav.service_users")}</a>
            ${can("desk:orders") && html`<button type="button" onClick=${order}>${t("account.place_order")}</button>`}
          </div>`
        }
      </div>
      ${!mayChange && html`<p class="hint">${t("forbidden.to_change")}</p>`}
      <form novalidate onSubmit=${submit}>
        <fieldset class="account-form" disabled=${!mayChange}>
          ${found && html`<${KeptNotice} beginAnew=${beginAnew} />`}
          <section class="card">
            <h2>${t("account.account")}</h2>
            <div class="fields">${form.ownId && html`<${Field} of=${form.ownId} />`}<${Fields} of=${Object.values(form.own)} /></div>
            ${form.hasGroups && html`<${SchemaNode} of=${form.groups} />`}
          </section>
          <section class="card">
            <h2>${t("accounts.enrollment")}</h2>
            <p class="hint">${t("account.enrollment_text")}</p>
            <div class="fields"><${Fields} of=${Object.values(form.letter)} /></div>
            <h3>${t("deputy.title")}</h3>
            <p class="hint">${t("deputy.text")}</p>
            <${Deputies} deputies=${form.deputies} />
            <h3>${t("hand_over.policy_title")}</h3>
            <p class="hint">${t("hand_over.policy_text")}</p>
            <div class="fields"><${Field} of=${form.handOver} /></div>
          </section>
          <section class="card">
            <h2>${t("billing.title")}</h2>
            <p class="hint">${t("billing.text")}</p>
            <div class="fields"><${Fields} of=${Object.values(form.billing)} /><${Fields} of=${form.shownTax()} /></div>
            <h3>${t("billing.approval")}</h3>
            <p class="hint">${t("billing.approval_text")}</p>
            <div class="fields"><${Fields} of=${Object.values(form.policies)} /></div>
          </section>
          <${Sites} form=${form} />
          <div>${refusal.value}</div>
          ${mayChange && html`<div class="actions sticky"><${BusyButton} type="submit" class="primary" isBusy=${isBusy.value}>${t("action.save")}</${BusyButton}></div>`}
        </fieldset>
      </form>
      ${!isNew && html`<${History} load=${versions} signal=${left} more=${namedIn} />`}
    </div>`;
}

const Fields = ({ of }) => of.map((field) => html`<${Field} key=${field.id} of=${field} />`);

/** The message that somebody else has changed it first. */
const Outdated = ({ id, isNew, beginAnew }) => html`
  <${Notice} kind="bad">
    ${isNew ? t("account.exists", { id }) : t("account.changed_meanwhile")} <a href=${accountPage(id)} target="_blank">${t("account.see_it")}</a>
  </${Notice}>
  ${!isNew && html`<${KeptNotice} beginAnew=${beginAnew} />`}`;

/** Remembers what was added last, whose first field gets the focus once it is shown. */
function useAdded() {
  const added = useRef(null);
  useLayoutEffect(() => {
    added.current?.focus();
    added.current = null;
  });
  return added;
}

function Deputies({ deputies }) {
  const added = useAdded();
  function add() {
    const deputy = deputyFields();
    added.current = deputy.name;
    deputies.value = [...deputies.value, deputy];
  }
  function remove(deputy) {
    deputies.value = deputies.value.filter((each) => each !== deputy);
  }
  return html`
    <div class="sites">
      ${deputies.value.map(
        (deputy) => html`
        <div key=${deputy.name.id} class="site">
          <div class="fields"><${Fields} of=${Object.values(deputy)} /></div>
          <button class="small" type="button" onClick=${() => remove(deputy)}>${t("deputy.remove")}</button>
        </div>`,
      )}
      ${deputies.value.length < MAX_DEPUTIES && html`<button class="small" type="button" onClick=${add}>${t("deputy.add")}</button>`}
    </div>`;
}

function Sites({ form }) {
  const added = useAdded();
  const { sites } = form;
  function add() {
    const site = form.siteFields(NO_SITE);
    added.current = site.site_id;
    sites.value = [...sites.value, site];
  }
  function remove(site) {
    sites.value = sites.value.filter((each) => each !== site);
  }
  return html`
    <section class="card">
      <div class="section-head"><h2>${t("accounts.sites")}</h2><button type="button" onClick=${add}>${t("site.add")}</button></div>
      <div class="sites">
        ${sites.value.map((site) => html`<${SiteFields} key=${site.site_id.id} site=${site} remove=${() => remove(site)} />`)}
        ${sites.value.length === 0 && html`<p class="nothing">${t("site.none")}</p>`}
      </div>
    </section>`;
}

function SiteFields({ site, remove }) {
  const isOpen = useMemo(() => site.stored === NO_SITE || !site.site_id.value.value, []);
  return html`
    <details class="site" open=${isOpen}>
      <summary>${site.name.value.value || t("site.new")}</summary>
      <div class="fields"><${Fields} of=${fieldsOf(site)} /></div>
      <button class="small" type="button" onClick=${remove}>${t("site.remove")}</button>
    </details>`;
}
