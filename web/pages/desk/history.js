/** The versions of an account, a price list or the catalog: who changed what, and when. */

import { day, instant, t, tOr } from "../../lib/i18n.js";
import { errorText } from "../../lib/problems.js";
import { SignedOut } from "../../lib/session.js";
import { BusyButton, useOnce } from "../../lib/ui/button.js";
import { Notice } from "../../lib/ui/status.js";
import { html, useRef, useSignal } from "../../lib/view.js";

const PAGE = 25;

/** A section that loads when it is opened, by `load(query)`. `more(version)` returns further details of a version. */
export function History({ load, signal, more }) {
  const versions = useSignal([]);
  const cursor = useSignal(null);
  const refusal = useSignal(null);
  const isBegun = useRef(false);
  const { isBusy, once } = useOnce();

  const loadMore = () =>
    once(async () => {
      isBegun.current = true;
      try {
        const page = await load({ limit: PAGE, ...(cursor.value && { cursor: cursor.value }) });
        versions.value = [...versions.value, ...page.items];
        cursor.value = page.next_cursor;
        refusal.value = null;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof SignedOut) throw error;
        refusal.value = errorText(error);
      }
    });

  const opened = (event) => event.currentTarget.open && !isBegun.current && loadMore();
  return html`
    <details class="card history" onToggle=${opened}>
      <summary><h2>${t("history.title")}</h2></summary>
      <p class="hint">${t("history.text")}</p>
      <ol class="timeline">${versions.value.map((version) => html`<${Version} key=${version.version} version=${version} more=${more(version)} />`)}</ol>
      ${refusal.value && html`<${Notice} kind="bad">${refusal.value}</${Notice}>`}
      ${(cursor.value || refusal.value) && html`<${BusyButton} class="small" isBusy=${isBusy.value} onClick=${loadMore}>${t("history.more")}</${BusyButton}>`}
    </details>`;
}

const Version = ({ version, more }) => html`
  <li>
    <div class="entry-head"><strong>${whatChanged(version)}</strong></div>
    ${more.filter(Boolean).map((line) => html`<p class="hint">${line}</p>`)}
    <p class="hint">
      ${t("history.version", { version: String(version.version) })} · ${tOr(`history.by.${version.by}`, version.by)}${version.at && html` · <time datetime=${version.at}>${instant(version.at)}</time>`}
    </p>
  </li>`;

function whatChanged({ changed, version }) {
  if (version === 0) return t("history.shipped");
  if (changed === null) return t("history.unknown");
  if (changed.length === 0) return t(version === 1 ? "history.first" : "history.nothing");
  return t("history.changed", { what: changed.map((pointer) => tOr(`history.of.${pointer}`, pointer)).join(", ") });
}

/** Returns whom an enrollment named: the contact person, then the deputies with their days. */
export function namedIn({ enrollment }) {
  const nobody = t("history.nobody");
  const person = ({ name, email }) => `${name} <${email}>`;
  return [
    t("history.contact", { person: enrollment?.contact ? person(enrollment.contact) : nobody }),
    ...(enrollment?.deputies ?? []).map((deputy) =>
      t("history.deputy", { person: person(deputy), from: day(deputy.from), until: day(deputy.until) }),
    ),
    enrollment?.state === "suspended" && t("enrollment.suspended"),
  ];
}
