/** The form of one item, made from its kind in the catalog: it has the settings of the kind and no others. */

import { checkFields, FormField } from "../../lib/fields.js";
import { day, inLanguage, number, t, today } from "../../lib/i18n.js";
import { bandwidth, kindLabel } from "../../lib/orders/describe.js";
import { IndicativePrice } from "../../lib/orders/indicative-price.js";
import { itemFaultText } from "../../lib/orders/item-faults.js";
import { Field } from "../../lib/ui/field.js";
import { Notice } from "../../lib/ui/status.js";
import { html, useLayoutEffect, useMemo, useRef } from "../../lib/view.js";

/**
 * `kind` is from the `catalog`. `item` has the settings to begin with. `draft` has the other items of the order, which
 * may bring what this one needs. `faults`: {setting: error} that the API returned. `done(item)` gets the finished item,
 * `cancel()` is called on cancellation.
 */
export function ItemForm({ kind, catalog, item, account, draft, faults, isNew, done, cancel }) {
  const { properties } = kind.schema;
  const form = useRef(null);
  const sites = sitesFor(properties.site_id, account);
  const fields = useMemo(() => fieldsOf(kind, item, sites, faults, catalog), []);
  useLayoutEffect(() => {
    (form.current.querySelector("[aria-invalid]") ?? form.current.querySelector("select, input, button")).focus();
    form.current.scrollIntoView({ block: "nearest" });
  }, []);
  const title = inLanguage(kind.labels) ?? kind.label;
  const cancelButton = html`<button type="button" onClick=${cancel}>${t("action.cancel")}</button>`;
  if (properties.site_id && kind.schema.required.includes("site_id") && sites.length === 0) {
    return html`
      <section class="item-form" ref=${form}>
        <h3>${title}</h3>
        <${Notice} kind="warn">${t(`no_site.${needsOf(properties.site_id)[0] ?? "any"}`)}</${Notice}>
        <div class="actions">${cancelButton}</div>
      </section>`;
  }

  const site = account.sites.find((each) => each.site_id === fields.site_id?.value.value);
  const order = { account, draft, catalog };
  const lead = Math.max(0, ...Object.values(fields).map((each) => leadDays(each, properties[each.name])));
  const allowed = Object.fromEntries(
    Object.values(fields).map((each) => [each.name, allowedAt(site, each, properties[each.name], lead, order)]),
  );
  for (const [name, { isOut }] of Object.entries(allowed)) {
    const field = fields[name];
    // The choice for another site; what the API has refused stays visible.
    if (isOut(field.value.peek()) && !field.fault.peek()) field.value.value = "";
  }

  const written = () => {
    const values = Object.values(fields).map((each) => [
      each.name,
      properties[each.name].type === "integer" && each.text ? Number(each.text) : each.read(),
    ]);
    return { kind: kind.kind, ...Object.fromEntries(values.filter(([, value]) => value !== null)) };
  };

  function submit(event) {
    event.preventDefault();
    if (checkFields(Object.values(fields))) done(written());
  }

  const needed = properties.kind?.["x-needs-kind"];
  const isMissing = needed && !draft.some((each) => each.kind === needed);
  return html`
    <form class="item-form" novalidate ref=${form} onSubmit=${submit}>
      <h3>${title}</h3>
      <p class="hint">${inLanguage(kind.help) ?? kind.schema.description ?? ""}</p>
      ${isMissing && html`<p class="hint">${t("form.needs_kind", { kind: kindLabel(needed, catalog) })}</p>`}
      <div class="fields">
        ${Object.values(fields).map((field) => {
          const { isOut, hint, attributes } = allowed[field.name];
          const options = field.options.map(([value, text]) => [value, text, isOut(value)]);
          const said = field.name === "site_id" ? siteHint(site, properties.site_id) : hint;
          return html`<${Field} key=${field.name} of=${field} options=${options} hint=${said || field.hint.value} attributes=${attributes} />`;
        })}
      </div>
      <${IndicativePrice} item=${written()} catalog=${catalog} />
      <div class="actions">
        <button class="primary" type="submit">${t(isNew ? "action.add" : "action.apply")}</button>
        ${cancelButton}
      </div>
    </form>`;
}

function fieldsOf({ schema, settings }, item, sites, faults, catalog) {
  const names = Object.keys(schema.properties).filter((name) => name !== "kind");
  const fields = Object.fromEntries(
    names.map((name) => [
      name,
      fieldOf(name, schema.properties[name], {
        setting: settings?.find((each) => each.name === name),
        isRequired: schema.required.includes(name),
        value: item[name],
        sites,
      }),
    ]),
  );
  for (const [name, fault] of Object.entries(faults)) fields[name]?.show(itemFaultText(fault, catalog));
  return fields;
}

function fieldOf(name, property, { setting, isRequired, value = property.default, sites }) {
  const label = inLanguage(setting?.labels) ?? (name === "start_date" ? t("setting.start_date") : property.title);
  const common = { name, label, required: isRequired, value, hint: inLanguage(setting?.help) ?? "" };
  const choose = ["", t("form.choose")];
  if (name === "site_id")
    return new FormField({
      ...common,
      type: "select",
      options: [choose, ...sites.map((each) => [each.site_id, each.name])],
    });
  if (property.format === "date") return new FormField({ ...common, type: "date" });
  if (property.enum)
    return new FormField({
      ...common,
      type: "select",
      options: [choose, ...property.enum.map((each) => [String(each), optionText(setting, each)])],
    });
  if (property.type !== "integer") return new FormField({ ...common, limits: property });
  const { minimum, maximum, multipleOf } = property;
  const unit = inLanguage(setting?.unit);
  const hints = [
    common.hint,
    maximum !== undefined && t("form.at_most", { max: maximum }),
    multipleOf > 1 && t("form.multiple_of", { step: multipleOf }),
  ];
  return new FormField({
    ...common,
    label: unit ? `${label} (${unit})` : label,
    type: "integer",
    limits: property,
    value: value ?? Math.max(minimum ?? 1, multipleOf ?? 1),
    hint: hints.filter(Boolean).join(" · "),
  });
}

/** Returns what a kind needs of its site, as the catalog names it. */
const needsOf = (property) => [property["x-needs"] ?? []].flat();

/** Returns the sites for which a kind can be ordered, by the catalog's requirements of a site. */
function sitesFor(property, account) {
  const now = today(account.time_zone);
  const meets = {
    license: (site) => site.license,
    license_to_begin: (site) => site.license && site.license.starts_on > now,
    address: (site) => site.address,
  };
  return property
    ? account.sites.filter((site) => needsOf(property).every((need) => (meets[need] ?? (() => true))(site)))
    : [];
}

/**
 * @typedef {object} Allowed
 * @property {(value: string) => boolean} isOut
 * @property {string} hint
 * @property {Record<string, string>} attributes
 */

/**
 * Returns the catalog's rules for a setting at a chosen site: `isOut(value)` for an option that cannot be chosen, a
 * `hint` why, and the first and last day as `attributes`.
 *
 * @returns {Allowed}
 */
function allowedAt(site, field, property, lead, order) {
  /** @type {Allowed} */
  const found = { isOut: () => false, hint: null, attributes: {} };
  const { license } = site ?? {};
  if (property["x-above-license"] && license)
    found.isOut = (value) => value !== "" && Number(value) <= license.bandwidth_mbps;
  // A model for the whole kind is said at the site, where there is no choice to be made.
  if (isObject(property["x-needs-socket"]) || isObject(property["x-needs-kind"])) {
    const why = (value) => whyOut(value, site, property, order);
    found.isOut = (value) => Boolean(why(value));
    const reasons = field.options.map(([value, text]) => why(value) && `${text}: ${why(value)}`);
    found.hint = reasons.filter(Boolean).join(" ");
  }
  if (property.format === "date") {
    const zone = order.account.time_zone;
    const first = today(zone, Math.max(property["x-earliest-days"] ?? 0, lead));
    const years = property["x-years-ahead"];
    const days = property["x-days-ahead"];
    const isBefore = property["x-before-license"] && license;
    const lasts = [
      years && yearsAfter(today(zone), years),
      days !== undefined && today(zone, days),
      isBefore && dayBefore(license.starts_on),
    ];
    found.attributes = { min: first, max: lasts.filter(Boolean).sort()[0] };
    if (isBefore) found.hint = t("form.before_license", { date: day(license.starts_on) });
    else if (first > today(zone)) found.hint = t("form.earliest", { date: day(first) });
  }
  return found;
}

/** Returns why an option cannot be chosen: equipment that is not there, or an item that the order does not have. */
function whyOut(value, site, property, { draft, catalog }) {
  const model = property["x-needs-socket"]?.[value];
  const isThere =
    !model ||
    !site ||
    site.sockets.some((each) => each.model === model) ||
    draft.some((each) => each.model === model && each.site_id === site.site_id);
  if (!isThere) return t("form.needs_model", { model });
  const kind = property["x-needs-kind"]?.[value];
  return kind && !draft.some((each) => each.kind === kind)
    ? t("form.needs_kind", { kind: kindLabel(kind, catalog) })
    : null;
}

/** Returns how many days before its start an item must be ordered, as the value of a field has it. */
function leadDays(field, property) {
  const days = property["x-lead-days"] ?? 0;
  return isObject(days) ? (days[field.value.value] ?? 0) : days;
}

function siteHint(site, property) {
  const needs = needsOf(property);
  if (!needs.some((each) => each.startsWith("license"))) return site?.address;
  return (
    site?.license &&
    t("form.license", { bandwidth: bandwidth(site.license.bandwidth_mbps), date: day(site.license.starts_on) })
  );
}

/** Returns the label of a value; of one that has none, the value itself. */
function optionText(setting, value) {
  const choice = setting?.choices?.find((each) => each.value === value);
  const text = inLanguage(choice?.labels) ?? (typeof value === "number" ? number(value) : value);
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

const isObject = (value) => typeof value === "object" && value !== null;

const yearsAfter = (iso, years) => `${Number(iso.slice(0, 4)) + years}${iso.slice(4).replace("02-29", "02-28")}`;

function dayBefore(iso) {
  const at = new Date(`${iso}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() - 1);
  return at.toISOString().slice(0, 10);
}
