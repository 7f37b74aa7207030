/** The frame of every page: navigation, who is signed in, whether the machine is online. */

import { currentLanguage, LANGUAGES, t } from "../i18n.js";
import { roleLabel } from "../roles.js";
import { isSomethingUnsaved } from "../unsaved.js";
import { html, useEffect, useLayoutEffect, useRef, useSignal } from "../view.js";
import { ask, isDialogOpen } from "./dialog.js";

export const ICON = new URL("../../icon.svg", import.meta.url).href;

/**
 * `entries` are [name, address, text] of the navigation. `place` has the signals of what is shown: `entry`, `page` and
 * `isBusy`. `switchLanguage(name)` returns whether it could; `actFor(accountId)` goes on for another account.
 */
export function Shell({ context, entries, place, switchLanguage, actFor }) {
  const { config, me, session } = context;
  const main = useRef(null);
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
          <span class="email">${me.role === null ? me.email : `${me.email} · ${roleLabel(me.role)}`}</span>
          <${LanguageChoice} switchLanguage=${switchLanguage} />
          <button class="plain" type="button" onClick=${() => session.signOut()}>${t("action.sign_out")}</button>
        </div>
      </header>
      <nav class="side" aria-label=${t("nav.label")}>
        <p class="group">${t(me.account_id === null ? "nav.desk" : "nav.administration")}</p>
        ${me.accounts.length > 1 && html`<${AccountSwitch} me=${me} actFor=${actFor} />`}
        ${entries.map(([name, href, text]) => html`<a key=${name} href=${href} aria-current=${name === place.entry.value ? "page" : undefined}>${t(text)}</a>`)}
      </nav>
      <div class="content">
        <${Offline} />
        <main id="main" tabindex="-1" ref=${main} aria-busy=${place.isBusy.value ? "true" : undefined}>${place.page.value}</main>
      </div>
    </div>`;
}

/** For people who belong to several accounts: which one this tab is for. */
function AccountSwitch({ me, actFor }) {
  function choose({ currentTarget: select }) {
    const chosen = select.value;
    if (!isSomethingUnsaved()) return actFor(chosen);
    select.value = me.account_id;
    ask({
      title: t("switch.title", { account: me.accounts.find((each) => each.account_id === chosen).name }),
      text: t("switch.unsaved"),
      action: t("switch.action"),
      act: async () => actFor(chosen),
    });
    return undefined;
  }
  return html`
    <label class="acting-for"><span>${t("order.account")}</span>
      <select value=${me.account_id} onChange=${choose}>
        ${me.accounts.map(({ account_id, name, role }) => html`<option key=${account_id} value=${account_id}>${name} · ${roleLabel(role)}</option>`)}
      </select>
    </label>`;
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
