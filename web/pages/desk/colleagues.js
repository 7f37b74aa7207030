/** The desk's staff and teams, for choices of whom an order is for. */

const WORKING = new Set(["agent", "lead"]);

/**
 * Returns those who may be assigned an order, by e-mail address.
 *
 * @param {import("screens").Api} api
 * @param {AbortSignal} signal
 */
export async function colleagues(api, signal) {
  const people = await api.getAll("/desk/people", { signal });
  return people
    .filter(({ role, state }) => state === "active" && WORKING.has(role))
    .toSorted((one, other) => one.email.localeCompare(other.email));
}

/** Returns a person's name, and the address where that is another text. */
export const personLabel = ({ name, email }) => (name && name !== email ? `${name} · ${email}` : email);

/**
 * Returns the teams of the desk.
 *
 * @param {import("screens").Api} api
 * @param {AbortSignal} signal
 */
export const teamsOf = async (api, signal) => (await api.get("/desk/teams", { signal })).teams;
