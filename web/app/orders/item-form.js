/** The form of one item, drawn from its kind's JSON Schema: it has the settings of the kind and no others. */

import { h } from "../dom.js";
import { checkFields, faultText, field, notice } from "../forms.js";
import { day, either, t, today } from "../words.js";
import { bandwidth, kindLabel } from "./describe.js";

const LONGEST_LEAD_YEARS = 2;

/**
 * `schema`: the kind's, from the catalog. `item`: settings to begin with. `draft`: the other items of the order, of
 * which a network card may need the X1700. `faults`: {setting: fault} that the API found. `done(item)` takes the
 * finished item, `cancel()` the change of mind.
 */
export function itemForm({ kind, schema, item = {}, account, draft, faults = {}, isNew, done, cancel }) {
  const names = Object.keys(schema.properties).filter((name) => name !== "kind");
  const sites = "site_id" in schema.properties ? sitesFor(kind, account) : [];
  if ("site_id" in schema.properties && sites.length === 0) {
    return h("section.item-form", {}, h("h3", {}, kindLabel(kind)),
      notice("warn", t(`no_site.${kind}`)),
      h("div.actions", {}, h("button", { type: "button", onclick: cancel }, t("action.cancel"))));
  }
  const fields = Object.fromEntries(names.map((name) => [name, fieldOf(name)]));
  const siteOf = () => account.sites.find((each) => each.site_id === fields.site_id?.control.value);

  function fieldOf(name) {
    const property = schema.properties[name];
    const common = { name, label: either(`setting.${name}`, property.title), required: schema.required.includes(name), value: item[name] ?? property.default };
    if (name === "site_id") {
      return field({ ...common, type: "select", options: [["", t("form.choose")], ...sites.map((each) => [each.site_id, each.name])] });
    }
    if (name === "start_date") return field({ ...common, type: "date" });
    if (property.enum) {
      return field({ ...common, type: "select", options: [["", t("form.choose")], ...property.enum.map((each) => [each, optionText(name, each)])] });
    }
    const isWhole = property.type === "integer";
    const more = isWhole ? { min: property.minimum, max: property.maximum } : { maxlength: property.maxLength };
    const hint = isWhole && property.maximum ? t("form.at_most", { max: property.maximum }) : null;
    return field({ ...common, type: isWhole ? "integer" : "text", value: common.value ?? (isWhole ? property.minimum : ""), more, hint });
  }

  /** What can be chosen depends on the site. */
  function followSite() {
    const site = siteOf();
    const license = site?.license;
    fields.site_id?.sayHint(license && kind.startsWith("site_") ? t("form.license", { bandwidth: bandwidth(license.bandwidth_mbps), date: day(license.starts_on) })
      : site?.address && !kind.startsWith("site_") ? site.address : null);
    if (fields.bandwidth_mbps) {
      for (const option of fields.bandwidth_mbps.control.options) {
        option.disabled = option.hidden = option.value !== "" && license !== undefined && license !== null && Number(option.value) <= license.bandwidth_mbps;
      }
      if (fields.bandwidth_mbps.control.selectedOptions[0]?.disabled) fields.bandwidth_mbps.control.value = "";
    }
    const { control } = fields.start_date;
    control.min = today(account.time_zone);
    control.max = `${Number(control.min.slice(0, 4)) + LONGEST_LEAD_YEARS}${control.min.slice(4).replace("02-29", "02-28")}`;
    if (kind === "site_early_activation" && license) {
      control.max = dayBefore(license.starts_on);
      fields.start_date.sayHint(t("form.before_license", { date: day(license.starts_on) }));
    }
    if (fields.accessory_type) {
      const takesCard = !site || site.sockets.some((each) => each.model === "X1700") ||
        draft.some((each) => each.kind === "socket" && each.model === "X1700" && each.site_id === site.site_id);
      const option = [...fields.accessory_type.control.options].find((each) => each.value === "network_card");
      if (option) option.disabled = !takesCard;
      fields.accessory_type.sayHint(takesCard ? null : t("form.needs_x1700"));
      if (option?.selected && !takesCard && !faults.accessory_type) fields.accessory_type.control.value = "";
    }
  }

  fields.site_id?.control.addEventListener("change", followSite);
  followSite();
  for (const [name, fault] of Object.entries(faults)) fields[name]?.fault(faultText(fault));

  const form = h("form.item-form", { novalidate: true, onsubmit: (event) => {
    event.preventDefault();
    if (!checkFields(Object.values(fields))) return;
    const values = Object.fromEntries(names.map((name) => [name, typed(schema.properties[name], fields[name].read())]));
    done({ kind, ...Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) });
  } },
    h("h3", {}, kindLabel(kind)),
    h("p.hint", {}, either(`kind_text.${kind}`, schema.description ?? "")),
    h("div.fields", {}, Object.values(fields).map((each) => each.root)),
    h("div.actions", {},
      h("button.primary", { type: "submit" }, t(isNew ? "action.add" : "action.apply")),
      h("button", { type: "button", onclick: cancel }, t("action.cancel"))));
  return form;
}

/** The sites for which a kind can be ordered at all. */
function sitesFor(kind, account) {
  const now = today(account.time_zone);
  return account.sites.filter((site) =>
    kind === "site_bandwidth" ? site.license
    : kind === "site_early_activation" ? site.license && site.license.starts_on > now
    : site.address);
}

function optionText(name, value) {
  const text = name === "bandwidth_mbps" ? bandwidth(value) : either(`${name}.${value}`, String(value));
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

const typed = (property, value) => (property.type === "integer" && value !== null ? Number(value) : value);

function dayBefore(iso) {
  const at = new Date(`${iso}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() - 1);
  return at.toISOString().slice(0, 10);
}
