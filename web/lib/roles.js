/** Roles and permissions, by the names that the API has for them. */

import { t, tOr } from "./i18n.js";

/** The permissions that a service user of an account, or of the desk, may get. */
export const CUSTOMER_SCOPES = ["orders:read", "orders:write"];
export const DESK_SCOPES = ["desk:read", "desk:orders", "desk:accounts", "desk:prices", "desk:catalog", "desk:figures"];

export const roleLabel = (role) => tOr(`role.${role}`, role);

/** Returns what a role may do, in a sentence. */
export const roleText = (role) => t(`role_text.${role}`);

export const scopeLabel = (scope) => tOr(`scope.${scope}`, scope);
