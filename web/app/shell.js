/** What stands around every page: navigation, who is signed in, whether the machine is online. */

import { Problem, Unreachable } from "./api.js";
import { fill, h } from "./dom.js";
import { reasonOf } from "./forms.js";
import { LANGUAGES, spoken, t } from "./words.js";

export const ICON = new URL("../icon.svg", import.meta.url).href;

export function shell({ config, session, switchLanguage }) {
  const main = h("main", { id: "main", tabindex: "-1" });
  const entries = session.isStaff
    ? [["queue", "/desk", t("nav.queue")], ["accounts", "/desk/accounts", t("nav.accounts")], ["prices", "/desk/price-lists", t("nav.prices")]]
    : [["orders", "/orders", t("nav.orders")]];
  const links = entries.map(([name, href, text]) => h("a", { href, "data-entry": name }, text));
  const offline = h("div.offline", { role: "status" });

  function sayOnline() {
    fill(offline, navigator.onLine ? null : t("offline.banner"));
    offline.hidden = navigator.onLine;
  }

  addEventListener("online", sayOnline);
  addEventListener("offline", sayOnline);
  sayOnline();

  async function choose() {
    if (!(await switchLanguage(languages.value))) languages.value = spoken();
  }

  const languages = h(
    "select",
    { "aria-label": t("nav.language"), onchange: choose },
    Object.entries(LANGUAGES).map(([name, label]) => h("option", { value: name, lang: name }, label)),
  );
  languages.value = spoken();

  const root = h("div.shell", {},
    h("a.skip", { href: "#main", onclick: (event) => { event.preventDefault(); main.focus(); } }, t("nav.skip")),
    h("header.top", {},
      h("a.brand", { href: "/" }, h("img", { src: ICON, alt: "", width: 28, height: 28 }), h("span", {}, config.brand)),
      h("div.who", {},
        h("span.email", {}, session.email),
        languages,
        h("button.plain", { type: "button", onclick: () => session.signOut() }, t("action.sign_out")))),
    h("nav.side", { "aria-label": t("nav.label") },
      h("p.group", {}, t(session.isStaff ? "nav.desk" : "nav.administration")),
      links),
    h("div.content", {}, offline, main));

  /** Marks the entry of the page that is shown. */
  function mark(name) {
    for (const link of links) {
      if (link.dataset.entry === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  return { root, main, mark };
}

/** The way here: "Administration › Online Orders › …"; `steps` are [text, address]. */
export function trail(...steps) {
  return h("nav.trail", { "aria-label": t("nav.trail") },
    h("ol", {}, steps.map(([text, href]) => h("li", {}, href ? h("a", { href }, text) : text))));
}

export const waiting = () =>
  h("div.waiting", { role: "status" },
    h("span.visually-hidden", {}, t("waiting")),
    [1, 2, 3, 4].map(() => h("div.bone", { "aria-hidden": "true" })));

export function emptyPage(title, text, ...more) {
  return h("div.empty", {}, h("h1", {}, title), h("p", {}, text), more);
}

/** What is shown in the place of a page that could not be loaded. */
export function failure(error, retry) {
  const isMissing = error instanceof Problem && error.status === 404;
  const title = isMissing ? t("missing.title") : error instanceof Unreachable ? t("offline.title") : t("error.title");
  const again = h("button.primary", { type: "button", onclick: retry }, t("action.retry"));
  return h("div.empty", { role: "alert" }, h("h1", {}, title), h("p", {}, isMissing ? t("missing.text") : reasonOf(error)),
    isMissing ? h("a.button", { href: "/" }, t("missing.home")) : again);
}
