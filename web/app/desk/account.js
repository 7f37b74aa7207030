/** One account: its enrollment, its contact and its sites, to be read and written. */

import { accountPage } from "../address.js";
import { Problem } from "../api.js";
import { fill, h, isBusy, setBusy } from "../dom.js";
import { checkFields, faultText, field, notice, reasonOf, showFaults, toast } from "../forms.js";
import { openNewOrder } from "../orders/new-order.js";
import { trail } from "../shell.js";
import { historyOf, namedIn } from "./history.js";
import { keepTyping, keptNotice, unsaved } from "../unsaved.js";
import { LANGUAGES, t } from "../words.js";

const MOST_DEPUTIES = 5;
const ID = "[A-Za-z0-9][A-Za-z0-9_.\\-]{0,63}";
const SITE = ["site_id", "name", "country", "address"];
const CREATE = { "If-None-Match": "*" };

/** `accountId` is left out for one that is to be made. */
export async function showAccount(context, accountId) {
  const { api, catalog, go } = context;
  const isNew = accountId === undefined;
  const blank = { account_id: "", name: "", locale: "en", currency: "EUR", time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone, parent_account_id: null, enrollment: null, sites: [] };
  const loaded = isNew ? { body: blank, etag: null } : await api.getWithTag(`/desk/accounts/${encodeURIComponent(accountId)}`);
  const kept = unsaved(isNew ? "account" : `account.${accountId}`);
  const found = kept.read();
  const account = { ...loaded.body, ...found?.content };
  const etag = found ? found.etag : loaded.etag; // what was changed meanwhile is not to be replaced unseen
  const said = h("div");
  const sitesList = h("div.sites");

  const own = {
    account_id: isNew && field({ name: "account_id", label: t("account.account_id"), required: true, value: account.account_id, hint: t("account.id_hint"), more: { pattern: ID, autocomplete: "off" } }),
    name: field({ name: "name", label: t("account.name"), required: true, value: account.name, more: { maxlength: 200 } }),
    locale: field({ name: "locale", label: t("account.locale"), type: "select", required: true, value: account.locale, options: Object.entries(LANGUAGES) }),
    currency: field({ name: "currency", label: t("account.currency"), type: "select", required: true, value: account.currency, options: catalog.currencies.map((each) => [each.currency, each.currency]) }),
    time_zone: field({ name: "time_zone", label: t("account.time_zone"), type: "select", required: true, value: account.time_zone, options: zones() }),
    parent_account_id: field({ name: "parent_account_id", label: t("account.parent"), value: account.parent_account_id, more: { maxlength: 64, autocomplete: "off" } }),
  };
  const { enrollment } = account;
  const letter = {
    letter_received_on: field({ name: "letter_received_on", label: t("account.letter"), type: "date", value: enrollment?.letter_received_on, hint: t("account.letter_hint") }),
    state: field({ name: "state", label: t("accounts.enrollment"), type: "select", required: true, value: enrollment?.state ?? "active", options: ["active", "suspended"].map((each) => [each, t(`enrollment.${each}`)]) }),
    contact_name: field({ name: "contact_name", label: t("contact.name"), value: enrollment?.contact?.name, more: { maxlength: 200 } }),
    contact_email: field({ name: "contact_email", label: t("contact.email"), type: "email", value: enrollment?.contact?.email, more: { maxlength: 254 } }),
  };
  letter.contact_email.sayHint(t("account.contact_hint"));
  let deputies = (enrollment?.deputies ?? []).map(deputyFields);
  const deputiesList = h("div.sites");
  let sites = account.sites.map(siteFields);

  function deputyFields(deputy = {}) {
    return {
      name: field({ name: "deputy_name", label: t("deputy.name"), required: true, value: deputy.name, more: { maxlength: 200 } }),
      email: field({ name: "deputy_email", label: t("deputy.email"), type: "email", required: true, value: deputy.email, more: { maxlength: 254 } }),
      from: field({ name: "deputy_from", label: t("deputy.from"), type: "date", required: true, value: deputy.from }),
      until: field({ name: "deputy_until", label: t("deputy.until"), type: "date", required: true, value: deputy.until }),
    };
  }

  function drawDeputies() {
    fill(deputiesList,
      deputies.map((deputy) => h("div.site", {},
        h("div.fields", {}, Object.values(deputy).map((each) => each.root)),
        h("button.small", { type: "button", onclick: () => { deputies = deputies.filter((each) => each !== deputy); drawDeputies(); } }, t("deputy.remove")))),
      deputies.length < MOST_DEPUTIES && h("button.small", { type: "button", onclick: () => { deputies.push(deputyFields()); drawDeputies(); deputies.at(-1).name.control.focus(); } }, t("deputy.add")));
  }

  /** A site by its fields; `stored` is the site as it is, with what no field shows. */
  function siteFields(site = { site_id: "", name: "", country: "", address: null, license: null, sockets: [] }) {
    const missing = catalog.socket_models.filter((model) => !site.sockets.some((each) => each.model === model));
    const sockets = [...site.sockets, ...missing.map((model) => ({ model, quantity: null }))];
    return {
      stored: site,
      site_id: field({ name: "site_id", label: t("site.site_id"), required: true, value: site.site_id, more: { pattern: ID } }),
      name: field({ name: "name", label: t("site.name"), required: true, value: site.name, more: { maxlength: 200 } }),
      country: field({ name: "country", label: t("site.country"), required: true, value: site.country }),
      address: field({ name: "address", label: t("site.address"), value: site.address, more: { maxlength: 500 }, wide: true }),
      bandwidth_mbps: field({ name: "bandwidth_mbps", label: t("site.bandwidth"), type: "integer", value: site.license?.bandwidth_mbps, more: { min: 1 } }),
      starts_on: field({ name: "starts_on", label: t("site.starts_on"), type: "date", value: site.license?.starts_on }),
      // A model may stand there twice, as it was delivered in two lots.
      sockets: sockets.map(({ model, quantity }) => ({ model, quantity: field({ name: model, label: t("site.sockets", { model }), type: "integer", value: quantity }) })),
    };
  }

  function drawSites() {
    fill(sitesList, sites.map((site) => h("details.site", { open: !site.site_id.control.value || site.isOpen },
      h("summary", {}, site.name.control.value || t("site.new")),
      h("div.fields", {}, controlsOf(site).map((each) => each.root)),
      h("button.small", { type: "button", onclick: () => { sites = sites.filter((each) => each !== site); drawSites(); } }, t("site.remove")))),
    sites.length === 0 && h("p.nothing", {}, t("site.none")));
  }

  const controlsOf = (site) => [...SITE.map((name) => site[name]), site.bandwidth_mbps, site.starts_on, ...site.sockets.map((each) => each.quantity)];
  /** The lots of sockets that are there; one whose quantity is emptied, or nought, is gone. */
  const lotsOf = (site) => site.sockets.filter((each) => each.quantity.read());

  /** The account as it is written here; what the form has no field for stays as it was. */
  function bodyOf() {
    const contact = letter.contact_name.read() || letter.contact_email.read() ? { name: letter.contact_name.read() ?? "", email: letter.contact_email.read() ?? "" } : null;
    const received = letter.letter_received_on.read();
    return {
      ...account,
      ...Object.fromEntries(["name", "locale", "currency", "time_zone", "parent_account_id"].map((name) => [name, own[name].read()])),
      enrollment: received || contact || deputies.length > 0 ? { ...enrollment, letter_received_on: received, state: letter.state.read(), contact, deputies: deputies.map(readAll) } : null,
      sites: sites.map((site) => {
        const license = site.bandwidth_mbps.read() !== null || site.starts_on.read() !== null ? { ...site.stored.license, bandwidth_mbps: site.bandwidth_mbps.read(), starts_on: site.starts_on.read() } : null;
        const sockets = lotsOf(site).map(({ model, quantity }) => ({ model, quantity: quantity.read() }));
        return { ...site.stored, ...Object.fromEntries(SITE.map((name) => [name, site[name].read()])), license, sockets };
      }),
    };
  }

  function fieldAt(pointer) {
    const [, first, second, third, fourth] = pointer.split("/");
    if (first === "sites" && third === "sockets") return sites[Number(second)] && lotsOf(sites[Number(second)])[Number(fourth)]?.quantity;
    if (first === "sites") return sites[Number(second)]?.[third === "license" ? fourth ?? "bandwidth_mbps" : third];
    if (first === "enrollment" && second === "deputies") return deputies[Number(third)]?.[fourth ?? "name"];
    if (first === "enrollment") return second === "contact" ? letter[`contact_${third ?? "name"}`] : letter[second ?? "letter_received_on"];
    return own[first] || null;
  }

  async function save(event) {
    event.preventDefault();
    fill(said);
    const fields = [...Object.values(own).filter(Boolean), ...Object.values(letter), ...deputies.flatMap(Object.values), ...sites.flatMap(controlsOf)];
    for (const each of fields) if (each.ownFault()) each.root.closest("details")?.setAttribute("open", "");
    if (isBusy(button) || !checkFields(fields)) return;
    setBusy(button, true);
    const id = isNew ? own.account_id.read() : accountId;
    try {
      await api.put(`/desk/accounts/${encodeURIComponent(id)}`, bodyOf(), isNew ? CREATE : { "If-Match": etag });
      kept.forget();
      toast(t("account.saved"));
      go(accountPage(id), { replace: true });
    } catch (error) {
      const rest = showFaults(error.errors ?? [], (pointer) => {
        const found = fieldAt(pointer);
        found?.root.closest("details")?.setAttribute("open", "");
        return found;
      });
      if (error instanceof Problem && error.code === "version_mismatch") {
        const text = isNew ? t("account.exists", { id }) : t("account.changed_meanwhile");
        fill(said, notice("bad", text, " ", h("a", { href: accountPage(id), target: "_blank" }, t("account.see_it"))), !isNew && keptNotice(beginAnew));
        if (isNew) {
          own.account_id.fault(t("account.exists_here"));
          own.account_id.control.focus();
        }
        return;
      }
      const text = rest.length ? rest.map(faultText).join(" ") : error.errors?.length ? t("editor.faulty") : reasonOf(error);
      fill(said, notice("bad", text));
    } finally {
      setBusy(button, false);
    }
  }

  function beginAnew() {
    kept.forget();
    go(location.pathname, { replace: true });
  }

  const order = () => openNewOrder({ ...context, query: new URLSearchParams() }, accountId, { base: "/desk" });
  const button = h("button.primary", { type: "submit" }, t("action.save"));
  drawDeputies();
  drawSites();
  const form = h("form.account-form", { novalidate: true, onsubmit: save },
    found && keptNotice(beginAnew),
    h("section.card", {}, h("h2", {}, t("account.account")), h("div.fields", {}, Object.values(own).filter(Boolean).map((each) => each.root))),
    h("section.card", {}, h("h2", {}, t("accounts.enrollment")), h("p.hint", {}, t("account.enrollment_text")), h("div.fields", {}, Object.values(letter).map((each) => each.root)),
      h("h3", {}, t("deputy.title")), h("p.hint", {}, t("deputy.text")), deputiesList),
    h("section.card", {}, h("div.section-head", {}, h("h2", {}, t("accounts.sites")),
      h("button", { type: "button", onclick: () => { sites.push(siteFields()); drawSites(); sites.at(-1).site_id.control.focus(); } }, t("site.add"))), sitesList),
    said,
    h("div.actions.sticky", {}, button));
  keepTyping(form, kept, found, etag, () => ({ ...bodyOf(), ...(isNew && { account_id: own.account_id.read() ?? "" }) }));
  return h("div.screen", {},
    trail([t("nav.desk")], [t("nav.accounts"), "/desk/accounts"], [isNew ? t("accounts.new") : loaded.body.name]),
    h("div.title-row", {}, h("h1", {}, isNew ? t("accounts.new") : loaded.body.name),
      !isNew && h("div.actions", {}, h("button", { type: "button", onclick: order }, t("account.place_order")))),
    form,
    !isNew && historyOf(context, `/desk/accounts/${encodeURIComponent(accountId)}`, namedIn));
}

const readAll = (fields) => Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, each.read()]));

const zones = () => [...new Set(["UTC", ...Intl.supportedValuesOf("timeZone")])].map((each) => [each, each]);
