/** The frame of every page: navigation, who is signed in, whether the machine is online. */

import { currentLanguage, LANGUAGES, t } from "../i18n.js";
import { html, useEffect, useLayoutEffect, useRef, useSignal } from "../view.js";
import { isDialogOpen } from "./dialog.js";

export const ICON = new URL("../../icon.svg", import.meta.url).href;

/**
 * `place` has the signals of what is shown: `entry`, `page` and `isBusy`. `switchLanguage(name)` returns whether it
 * could.
 */
export function Shell({ config, session, place, switchLanguage }) {
  const main = useRef(null);
  const entries = session.isStaff
    ? [
        ["queue", "/desk", t("nav.queue")],
        ["accounts", "/desk/accounts", t("nav.accounts")],
        ["prices", "/desk/price-lists", t("nav.prices")],
      ]
    : [["orders", "/orders", t("nav.orders")]];
  function skip(event) {
    event.preventDefault();
    main.current.focus();
  }
  return html`
    <div class="shell">
      <a class="skip" href="#main" onClick=${skip}>${t("nav.skip")}</a>
      <header class="top">
        <a class="brand" href="/"><img src=${ICON} alt="" width="28" height="28" /><span>${config.brand}</span></a>
        <div class="who">
          <span class="email">${session.email}</span>
          <${LanguageChoice} switchLanguage=${switchLanguage} />
          <button class="plain" type="button" onClick=${() => session.signOut()}>${t("action.sign_out")}</button>
        </div>
      </header>
      <nav class="side" aria-label=${t("nav.label")}>
        <p class="group">${t(session.isStaff ? "nav.desk" : "nav.administration")}</p>
        ${entries.map(([name, href, text]) => html`<a key=${name} href=${href} aria-current=${name === place.entry.value ? "page" : undefined}>${text}</a>`)}
      </nav>
      <div class="content">
        <${Offline} />
        <main id="main" tabindex="-1" ref=${main} aria-busy=${place.isBusy.value ? "true" : undefined}>${place.page.value}</main>
      </div>
    </div>`;
}

function LanguageChoice({ switchLanguage }) {
  async function choose({ currentTarget: select }) {
    if (!(await switchLanguage(select.value))) select.value = currentLanguage();
  }
  return html`
    <select aria-label=${t("nav.language")} value=${currentLanguage()} onChange=${choose}>
      ${Object.entries(LANGUAGES).map(([name, label]) => html`<option key=${name} value=${name} lang=${name}>${label}</option>`)}
    </select>`;
}

function Offline() {
  const isOnline = useSignal(navigator.onLine);
  useEffect(() => {
    const say = () => {
      isOnline.value = navigator.onLine;
    };
    addEventListener("online", say);
    addEventListener("offline", say);
    return () => {
      removeEventListener("online", say);
      removeEventListener("offline", say);
    };
  }, []);
  return html`<div class="offline" role="status" hidden=${isOnline.value}>${!isOnline.value && t("offline.banner")}</div>`;
}

/** A page once it is loaded: its heading is the document's title and gets the focus unless a dialog is open. */
export function Placed({ brand, children }) {
  useLayoutEffect(() => {
    /** @type {HTMLElement} */
    const heading = document.querySelector("main h1");
    document.title = `${heading?.textContent ?? t("nav.orders")} · ${brand}`;
    if (isDialogOpen()) return;
    scrollTo(0, 0);
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
  }, []);
  return children;
}
