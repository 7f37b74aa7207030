/** What went wrong, for people. */

import { Problem, Unreachable } from "./api.js";
import { t, tOr } from "./i18n.js";

/** Why something did not come about. */
export function errorText(error) {
  if (error instanceof Unreachable) return t("error.unreachable");
  if (error instanceof Problem) return tOr(`error.${error.code}`, error.message || t("error.internal_error"));
  return t("error.internal_error");
}

/** One fault of a 422. */
export const faultText = (fault) => tOr(`fault.${fault.code}`, fault.detail);

/** Whether somebody else was faster: the version that a change goes by is not the present one. */
export const isOutdated = (error) => error instanceof Problem && error.code === "version_mismatch";
