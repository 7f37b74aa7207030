/** The messages of what is wrong with an item, some of which name what the catalog has. */

import { t } from "../i18n.js";
import { faultText } from "../problems.js";
import { kindLabel } from "./describe.js";

/** Returns the message of an error of an item. */
export function itemFaultText(fault, catalog) {
  const kind = /^needs_(\w+)$/.exec(fault.code)?.[1];
  if (kind) return t("fault.needs_kind", { kind: kindLabel(kind, catalog) });
  const model = /^no_(\w+)_at_site$/.exec(fault.code)?.[1];
  if (model) return t("fault.no_model_at_site", { model: model.toUpperCase() });
  if (fault.code === "not_allowed" && fault.pointer.endsWith("/kind")) return t("new.unknown_kind");
  return faultText(fault);
}
