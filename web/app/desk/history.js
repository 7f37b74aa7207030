/** What has become of an account or a price list: who changed what, and when. */

import { fill, h, isBusy, setBusy } from "../dom.js";
import { notice, reasonOf } from "../forms.js";
import { SignedOut } from "../session.js";
import { day, either, instant, t } from "../words.js";

const PAGE = 25;

/** A section that loads when it is opened. `path`: of the account or list; `more`: what else to say of a version. */
export function historyOf({ api, signal }, path, more) {
  const list = h("ol.timeline");
  const state = h("div");
  const further = h("button.small", { type: "button", hidden: true, onclick: load }, t("history.more"));
  let cursor = null;
  let isBegun = false;

  async function load() {
    if (isBusy(further)) return;
    isBegun = true;
    setBusy(further, true);
    try {
      const page = await api.get(`${path}/versions`, { limit: PAGE, ...(cursor && { cursor }) }, signal);
      list.append(...page.items.map((version) => versionOf(version, more)));
      cursor = page.next_cursor;
      further.hidden = cursor === null;
      fill(state);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof SignedOut) throw error;
      further.hidden = false;
      fill(state, notice("bad", reasonOf(error)));
    } finally {
      setBusy(further, false);
    }
  }

  return h("details.card.history", { ontoggle: (event) => event.currentTarget.open && !isBegun && load() },
    h("summary", {}, h("h2", {}, t("history.title"))),
    h("p.hint", {}, t("history.text")), list, state, further);
}

function versionOf(version, more) {
  return h("li", {},
    h("div.entry-head", {}, h("strong", {}, whatChanged(version))),
    more(version).filter(Boolean).map((line) => h("p.hint", {}, line)),
    h("p.hint", {}, t("history.version", { version: String(version.version) }), " · ", either(`history.by.${version.by}`, version.by),
      version.at && [" · ", h("time", { datetime: version.at }, instant(version.at))]));
}

function whatChanged({ changed, version }) {
  if (changed === null) return t("history.unknown");
  if (changed.length === 0) return t(version === 1 ? "history.first" : "history.nothing");
  return t("history.changed", { what: changed.map((pointer) => either(`history.of.${pointer}`, pointer)).join(", ") });
}

/** Whom an enrollment named: the contact person, then the deputies with their days. */
export function namedIn({ enrollment }) {
  const nobody = t("history.nobody");
  const person = ({ name, email }) => `${name} <${email}>`;
  return [
    t("history.contact", { person: enrollment?.contact ? person(enrollment.contact) : nobody }),
    ...(enrollment?.deputies ?? []).map((deputy) => t("history.deputy", { person: person(deputy), from: day(deputy.from), until: day(deputy.until) })),
    enrollment?.state === "suspended" && t("enrollment.suspended"),
  ];
}
