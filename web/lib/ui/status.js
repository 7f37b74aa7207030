/** Chips, notices, and what is shown instead of a page. */

import { Problem, Unreachable } from "../api.js";
import { t } from "../i18n.js";
import { errorText } from "../problems.js";
import { html } from "../view.js";

/** A chip; `of` is the kind of state, `status`, `quote` or `enrollment`. */
export const Chip = ({ of, state, label }) => html`<span class="chip ${of}-${state}">${label}</span>`;

/** A notice; `kind` is `good`, `warn`, or `bad`, which screen readers read at once. */
export const Notice = ({ kind, children }) =>
  html`<div class="notice ${kind}" role=${kind === "bad" ? "alert" : undefined}>${children}</div>`;

export const Waiting = () => html`
  <div class="waiting" role="status">
    <span class="visually-hidden">${t("waiting")}</span>
    ${[1, 2, 3, 4].map(() => html`<div class="bone" aria-hidden="true"></div>`)}
  </div>`;

/** A message instead of empty content. `level` is that of its heading: 1 instead of a whole page. */
export const Empty = ({ title, text, level = 2, children, ...attributes }) => html`
  <div class="empty" ...${attributes}>
    ${level === 1 ? html`<h1>${title}</h1>` : html`<h2>${title}</h2>`}
    <p>${text}</p>
    ${children}
  </div>`;

/** A message instead of a page that could not be loaded. */
export function Failure({ error, retry }) {
  if (error instanceof Problem && error.status === 404) {
    return html`<${Empty} level=${1} role="alert" title=${t("missing.title")} text=${t("missing.text")}><a class="button" href="/">${t("missing.home")}</a></${Empty}>`;
  }
  const title = t(error instanceof Unreachable ? "offline.title" : "error.title");
  return html`<${Empty} level=${1} role="alert" title=${title} text=${errorText(error)}><button class="primary" type="button" onClick=${retry}>${t("action.retry")}</button></${Empty}>`;
}

/** Breadcrumbs: "Administration › Online Orders › …"; `steps` are [text, address]. */
export const Trail = ({ steps }) => html`
  <nav class="trail" aria-label=${t("nav.trail")}>
    <ol>${steps.map(([text, href]) => html`<li>${href ? html`<a href=${href}>${text}</a>` : text}</li>`)}</ol>
  </nav>`;

/** A list of names and values, without those that have no value. */
export const Facts = ({ pairs }) => html`
  <dl>${pairs.filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
