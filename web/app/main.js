/** Starts the screens: who is here, in which language, and which page the address names. */

import { Api } from "./api.js";
import { fill, h } from "./dom.js";
import { notice, reasonOf, toast } from "./forms.js";
import { learnCurrencies } from "./money.js";
import { SIGNED_IN_AGAIN, SIGN_IN_AGAIN, Session, SignedOut, WrongClock } from "./session.js";
import { sessionEnded, signedInAgain } from "./session-ended.js";
import { ICON, emptyPage, failure, shell, waiting } from "./shell.js";
import { age, chooseLanguage, knows, offer, preferredLanguage, showTimesOf, speak, t } from "./words.js";
import { showOrders } from "./orders/list.js";
import { showOrder } from "./orders/order.js";
import { showQueue } from "./desk/queue.js";
import { showDeskOrder } from "./desk/order.js";
import { showAccounts } from "./desk/accounts.js";
import { showAccount } from "./desk/account.js";
import { showPriceLists } from "./desk/price-lists.js";
import { showPriceList } from "./desk/price-list.js";

const app = document.getElementById("app");

const PAGES = [
  [/^\/orders(?:\/(new))?$/, "customer", showOrders, "orders"],
  [/^\/orders\/([^/]+)$/, "customer", showOrder, "orders"],
  [/^\/desk$/, "staff", showQueue, "queue"],
  [/^\/desk\/orders\/([^/]+)$/, "staff", showDeskOrder, "queue"],
  [/^\/desk\/accounts$/, "staff", showAccounts, "accounts"],
  [/^\/desk\/accounts\/new$/, "staff", showAccount, "accounts"],
  [/^\/desk\/accounts\/([^/]+)$/, "staff", showAccount, "accounts"],
  [/^\/desk\/price-lists$/, "staff", showPriceLists, "prices"],
  [/^\/desk\/price-lists\/([A-Z]{3})$/, "staff", showPriceList, "prices"],
];

let session;
let context;
let frame;
let leaving = new AbortController();
let comingBack = null;

async function start() {
  const config = await (await fetch("/config.json")).json();
  if (config.site && config.site !== location.origin) {
    location.replace(config.site + location.pathname + location.search);
    return;
  }
  session = new Session(config);
  offer(config.languages);
  await speak(preferredLanguage());
  context = { config, session, api: new Api(session, signInAgain), go };
  if (location.pathname === SIGN_IN_AGAIN) {
    await session.signIn(SIGNED_IN_AGAIN + location.search);
    return;
  }
  let refusal = null;
  try {
    const wanted = await session.comeBack();
    if (wanted) history.replaceState(null, "", wanted);
    if (wanted && location.pathname === SIGNED_IN_AGAIN) {
      session.handOver(new URLSearchParams(location.search).get("for"));
      fill(app, signedInAgain());
      close();
      return;
    }
  } catch (error) {
    if (!(error instanceof SignedOut)) throw error;
    refusal = error;
  }
  if (session.isSignedIn) await enter();
  else welcome(refusal);
}

/** Learns what every page needs, then shows the one that the address names. */
async function enter() {
  fill(app, waiting());
  session.takeOver();
  try {
    if (session.isStaff) {
      context.catalog = await context.api.get("/catalog");
      learnCurrencies(context.catalog.currencies);
    } else if (session.accountId) {
      const [catalog, account, subaccounts] = await Promise.all([
        context.api.get("/catalog"),
        context.api.get("/account"),
        context.api.getAll("/accounts"),
      ]);
      Object.assign(context, { catalog, accounts: [account, ...subaccounts] });
      learnCurrencies(catalog.currencies);
      showTimesOf(account.time_zone);
      await speak(preferredLanguage(account.locale));
    }
  } catch (error) {
    if (error instanceof SignedOut) signedOut(error);
    else fill(app, h("main.alone", {}, failure(error, enter)));
    return;
  }
  frame = shell({ config: context.config, session, switchLanguage });
  fill(app, frame.root);
  show();
}

async function switchLanguage(name) {
  try {
    await speak(name);
  } catch (error) {
    toast(reasonOf(error));
    return false;
  }
  chooseLanguage(name);
  frame = shell({ config: context.config, session, switchLanguage });
  fill(app, frame.root);
  show();
  return true;
}

function go(path, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", path);
  show();
}

/** The page that an address names, and what the address says of it; undefined where there is none. */
function pageAt(path) {
  for (const [pattern, who, page, entry] of PAGES) {
    const found = pattern.exec(path);
    const named = found?.slice(1).map(decoded);
    if (named && !named.includes(null)) return { who, page, entry, named };
  }
  return undefined;
}

/** A part of an address as it was written; null for what no part can be, undefined for one that is left out. */
function decoded(part) {
  try {
    return part && decodeURIComponent(part);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return null;
  }
}

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  for (const dialog of document.querySelectorAll("dialog[open]:not(.session-ended)")) dialog.remove();
  const home = session.isStaff ? "/desk" : "/orders";
  if (location.pathname === "/") history.replaceState(null, "", home);
  const match = pageAt(location.pathname);
  frame.mark(match?.entry);
  if (!match) return place(emptyPage(t("missing.title"), t("missing.text"), h("a.button", { href: home }, t("missing.home"))));
  const isAtHome = (match.who === "staff") === session.isStaff && (session.isStaff || session.accountId);
  if (!isAtHome) return place(emptyPage(t("forbidden.title"), t("forbidden.text"), h("a.button", { href: home }, t("missing.home"))));
  frame.main.setAttribute("aria-busy", "true");
  const slow = setTimeout(() => fill(frame.main, waiting()), 150);
  try {
    const page = await match.page({ ...context, signal, query: new URLSearchParams(location.search) }, ...match.named);
    clearTimeout(slow);
    if (!signal.aborted) place(page);
  } catch (error) {
    clearTimeout(slow);
    if (signal.aborted) return undefined;
    if (error instanceof SignedOut) signedOut(error);
    else place(failure(error, show));
  }
  return undefined;
}

function place(page) {
  frame.main.removeAttribute("aria-busy");
  fill(frame.main, page);
  const heading = frame.main.querySelector("h1");
  document.title = `${heading?.textContent ?? t("nav.orders")} · ${context.config.brand}`;
  if (!document.querySelector("dialog[open]")) {
    scrollTo(0, 0);
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
  }
}

/** Where there is no page yet, there is nothing to lose; a page waits for its reader. */
function signInAgain(error) {
  if (!frame) throw error;
  session.end();
  comingBack ??= sessionEnded(session).finally(() => (comingBack = null));
  return comingBack;
}

function signedOut(error) {
  leaving.abort();
  frame = null;
  session.end();
  welcome(error instanceof WrongClock ? error : new SignedOut("expired"));
}

/** Why nobody is signed in. */
function refusalNotice(refusal) {
  if (refusal instanceof WrongClock) {
    return notice("bad", t(refusal.seconds > 0 ? "welcome.clock_ahead" : "welcome.clock_behind", { time: age(Math.abs(refusal.seconds)) }));
  }
  return refusal.message === "expired" ? notice("warn", t("welcome.expired")) : notice("bad", t("welcome.refused"));
}

function welcome(refusal) {
  const { config } = context;
  const path = location.pathname + location.search;
  document.title = `${t("welcome.title")} · ${config.brand}`;
  fill(
    app,
    h("main.alone.welcome", {},
      h("img", { src: ICON, alt: "", width: 56, height: 56 }),
      h("p.brand", {}, config.brand),
      h("h1", {}, t("welcome.title")),
      h("p", {}, t("welcome.text")),
      refusal && refusalNotice(refusal),
      h("button.primary.large", { type: "button", onclick: () => session.signIn(path) }, t("action.sign_in")),
      config.local_run && h("p.hint", {}, h("a", { href: config.local_run, "data-outside": true }, t("welcome.local_run"))),
    ),
  );
}

addEventListener("popstate", () => frame && show());
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || link.hasAttribute("download") || link.target || link.dataset.outside !== undefined) return;
  if (link.hash && link.pathname === location.pathname) return;
  event.preventDefault();
  go(link.pathname + link.search);
});
addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof SignedOut) {
    event.preventDefault();
    signedOut(event.reason);
  }
});

start().catch((error) => {
  const hasTexts = knows("action.retry");
  fill(app, h("main.alone", {}, h("h1", {}, "Online Orders"),
    notice("bad", hasTexts ? reasonOf(error) : "The service cannot be reached. · Der Dienst ist nicht erreichbar."),
    h("button", { type: "button", onclick: () => location.reload() }, hasTexts ? t("action.retry") : "Try again · Noch einmal")));
});
