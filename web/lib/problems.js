/** Error messages for people. */

import { Problem, Unreachable } from "./api.js";
import { t, tOr } from "./i18n.js";

/** Returns the message of an error. */
export function errorText(error) {
  if (error instanceof Unreachable) return t("error.unreachable");
  if (error instanceof Problem) return tOr(`error.${error.code}`, error.message || t("error.internal_error"));
  return t("error.internal_error");
}

/** Returns the message of one error of a 422. */
export const faultText = (fault) => tOr(`fault.${fault.code}`, fault.detail);

/** Returns whether somebody else has changed it first: the `If-Match` version is not the present one. */
export const isOutdated = (error) => error instanceof Problem && error.code === "version_mismatch";
