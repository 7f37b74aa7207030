/** The form of one item, made from its kind's JSON Schema: it has the settings of the kind and no others. */

import { checkFields, FormField } from "../../lib/fields.js";
import { day, t, tOr, today } from "../../lib/i18n.js";
import { bandwidth, kindLabel } from "../../lib/orders/describe.js";
import { faultText } from "../../lib/problems.js";
import { Field } from "../../lib/ui/field.js";
import { Notice } from "../../lib/ui/status.js";
import { html, useLayoutEffect, useMemo, useRef } from "../../lib/view.js";

/**
 * `schema` is the kind's, from the catalog. `item` has the settings to begin with. `draft` has the other items of the
 * order, which may bring what this one needs. `faults`: {setting: error} that the API returned. `done(item)` gets the
 * finished item, `cancel()` is called on cancellation.
 */
export function ItemForm({ kind, schema, item, account, draft, faults, isNew, done, cancel }) {
  const { properties } = schema;
  const form = useRef(null);
  const sites = sitesFor(properties.site_id, account);
  const fields = useMemo(() => fieldsOf(schema, item, sites, faults), []);
  useLayoutEffect(() => {
    (form.current.querySelector("[aria-invalid]") ?? form.current.querySelector("select, input, button")).focus();
    form.current.scrollIntoView({ block: "nearest" });
  }, []);
  const cancelButton = html`<button type="button" onClick=${cancel}>${t("action.cancel")}</button>`;
  if (properties.site_id && sites.length === 0) {
    return html`
      <section class="item-form" ref=${form}>
        <h3>${kindLabel(kind)}</h3>
        <${Notice} kind="warn">${t(`no_site.${kind}`)}</${Notice}>
        <div class="actions">${cancelButton}</div>
      </section>`;
  }

  const site = account.sites.find((each) => each.site_id === fields.site_id?.value.value);
  const allowed = Object.fromEntries(
    Object.keys(fields).map((name) => [name, allowedAt(site, properties[name], account, draft)]),
  );
  for (const [name, { isOut }] of Object.entries(allowed)) {
    const field = fields[name];
    // The choice for another site; what the API has refused stays visible.
    if (isOut(field.value.peek()) && !field.fault.peek()) field.value.value = "";
  }

  function submit(event) {
    event.preventDefault();
    const all = Object.values(fields);
    if (!checkFields(all)) return;
    const values = all.map((each) => [
      each.name,
      properties[each.name].type === "integer" && each.text ? Number(each.text) : each.read(),
    ]);
    done({ kind, ...Object.fromEntries(values.filter(([, value]) => value !== null)) });
  }

  return html`
    <form class="item-form" novalidate ref=${form} onSubmit=${submit}>
      <h3>${kindLabel(kind)}</h3>
      <p class="hint">${tOr(`kind_text.${kind}`, schema.description ?? "")}</p>
      <div class="fields">
        ${Object.values(fields).map((field) => {
          const { isOut, hint, attributes } = allowed[field.name];
          const options = field.options.map(([value, text]) => [value, text, isOut(value)]);
          const said = field.name === "site_id" ? siteHint(site, kind) : hint;
          return html`<${Field} key=${field.name} of=${field} options=${options} hint=${said ?? field.hint.value} attributes=${attributes} />`;
        })}
      </div>
      <div class="actions">
        <button class="primary" type="submit">${t(isNew ? "action.add" : "action.apply")}</button>
        ${cancelButton}
      </div>
    </form>`;
}

function fieldsOf({ properties, required }, item, sites, faults) {
  const names = Object.keys(properties).filter((name) => name !== "kind");
  const fields = Object.fromEntries(
    names.map((name) => [
      name,
      fieldOf(name, properties[name], { isRequired: required.includes(name), value: item[name], sites }),
    ]),
  );
  for (const [name, fault] of Object.entries(faults)) fields[name]?.show(faultText(fault));
  return fields;
}

function fieldOf(name, property, { isRequired, value = property.default, sites }) {
  const common = { name, label: tOr(`setting.${name}`, property.title), required: isRequired, value };
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
      options: [choose, ...property.enum.map((each) => [String(each), optionText(name, each)])],
    });
  if (property.type !== "integer") return new FormField({ ...common, limits: property });
  const { minimum, maximum } = property;
  return new FormField({
    ...common,
    type: "integer",
    limits: property,
    value: value ?? minimum,
    hint: maximum ? t("form.at_most", { max: maximum }) : "",
  });
}

/** Returns the sites for which a kind can be ordered, by the catalog's requirements of a site. */
function sitesFor(property, account) {
  const now = today(account.time_zone);
  const meets = {
    license: (site) => site.license,
    license_to_begin: (site) => site.license && site.license.starts_on > now,
    address: (site) => site.address,
  };
  return property ? account.sites.filter(meets[property["x-needs"]] ?? (() => true)) : [];
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
function allowedAt(site, property, account, draft) {
  /** @type {Allowed} */
  const found = { isOut: () => false, hint: null, attributes: {} };
  const { license } = site ?? {};
  if (property["x-above-license"] && license)
    found.isOut = (value) => value !== "" && Number(value) <= license.bandwidth_mbps;
  const needed = property["x-needs-socket"];
  if (needed && site) {
    const isThere = (model) =>
      site.sockets.some((each) => each.model === model) ||
      draft.some((each) => each.model === model && each.site_id === site.site_id);
    found.isOut = (value) => value in needed && !isThere(needed[value]);
    if (Object.keys(needed).some(found.isOut)) found.hint = t("form.needs_x1700");
  }
  if (property.format === "date") {
    const first = today(account.time_zone);
    const last = property["x-years-ahead"] && yearsAfter(first, property["x-years-ahead"]);
    const isBefore = property["x-before-license"] && license;
    found.attributes = { min: first, max: isBefore ? dayBefore(license.starts_on) : last };
    if (isBefore) found.hint = t("form.before_license", { date: day(license.starts_on) });
  }
  return found;
}

function siteHint(site, kind) {
  if (!kind.startsWith("site_")) return site?.address;
  return (
    site?.license &&
    t("form.license", { bandwidth: bandwidth(site.license.bandwidth_mbps), date: day(site.license.starts_on) })
  );
}

function optionText(name, value) {
  const text = name === "bandwidth_mbps" ? bandwidth(value) : tOr(`${name}.${value}`, String(value));
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

const yearsAfter = (iso, years) => `${Number(iso.slice(0, 4)) + years}${iso.slice(4).replace("02-29", "02-28")}`;

function dayBefore(iso) {
  const at = new Date(`${iso}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() - 1);
  return at.toISOString().slice(0, 10);
}
