/** Starts the screens: who is signed in, in which language, and which page the address names. */

import { Api, Problem, Unreachable } from "../lib/api.js";
import {
  age,
  chooseLanguage,
  hasText,
  loadLocale,
  preferredLanguage,
  setLanguages,
  setTimeZone,
  t,
} from "../lib/i18n.js";
import { setCurrencies } from "../lib/money.js";
import { errorText } from "../lib/problems.js";
import { roleLabel } from "../lib/roles.js";
import { Session, SIGN_IN_AGAIN, SIGNED_IN_AGAIN, SignedOut, WrongClock } from "../lib/session.js";
import { Dialogs, dropDialogs } from "../lib/ui/dialog.js";
import { SignedInAgain, sessionEnded } from "../lib/ui/session-ended.js";
import { ICON, Placed, Shell } from "../lib/ui/shell.js";
import { Empty, Failure, Notice, Waiting } from "../lib/ui/status.js";
import { Announcer, Toast, toast } from "../lib/ui/toast.js";
import { leaveUnsaved } from "../lib/unsaved.js";
import { html, render, signal, useEffect, useSignal } from "../lib/view.js";

const SLOW_MILLISECONDS = 150;

/**
 * Returns the code of a page, which is loaded over the network.
 *
 * @template T
 * @param {Promise<T>} code
 */
const fetched = (code) =>
  code.catch((error) => {
    throw new Unreachable(error.message, { cause: error });
  });

/**
 * The routes: addresses, the permission that they need (null: none), the page, and its entry in the navigation. The
 * code of a page is loaded when it is first shown, so that nobody waits for other pages.
 *
 * @type {[RegExp, import("screens").Permission | null, (context: import("screens").Context, ...named: any[]) => Promise<any>, string][]}
 */
const PAGES = [
  [
    /^\/orders$/,
    "orders:read",
    async (context) => (await fetched(import("./customer/list.js"))).showOrders(context),
    "orders",
  ],
  [
    /^\/orders\/(new)$/,
    "orders:write",
    async (context, named) => (await fetched(import("./customer/list.js"))).showOrders(context, named),
    "orders",
  ],
  [
    /^\/orders\/([^/]+)$/,
    "orders:read",
    async (context, named) => (await fetched(import("./customer/order.js"))).showOrder(context, named),
    "orders",
  ],
  [
    /^\/people$/,
    "people:manage",
    async (context) => (await fetched(import("./people/people.js"))).showPeople(context),
    "people",
  ],
  [
    /^\/service-users$/,
    "people:manage",
    async (context) => (await fetched(import("./people/service-users.js"))).showServiceUsers(context),
    "service-users",
  ],
  [/^\/desk$/, "desk:read", async (context) => (await fetched(import("./desk/queue.js"))).showQueue(context), "queue"],
  [
    /^\/desk\/orders\/([^/]+)$/,
    "desk:read",
    async (context, named) => (await fetched(import("./desk/order.js"))).showDeskOrder(context, named),
    "queue",
  ],
  [
    /^\/desk\/accounts$/,
    "desk:read",
    async (context) => (await fetched(import("./desk/accounts.js"))).showAccounts(context),
    "accounts",
  ],
  [
    /^\/desk\/accounts\/new$/,
    "desk:accounts",
    async (context) => (await fetched(import("./desk/account.js"))).showAccount(context),
    "accounts",
  ],
  [
    /^\/desk\/accounts\/([^/]+)$/,
    "desk:read",
    async (context, named) => (await fetched(import("./desk/account.js"))).showAccount(context, named),
    "accounts",
  ],
  [
    /^\/desk\/accounts\/([^/]+)\/people$/,
    "desk:read",
    async (context, named) => (await fetched(import("./people/people.js"))).showPeopleOf(context, named),
    "accounts",
  ],
  [
    /^\/desk\/price-lists$/,
    "desk:read",
    async (context) => (await fetched(import("./desk/price-lists.js"))).showPriceLists(context),
    "prices",
  ],
  [
    /^\/desk\/price-lists\/([A-Z]{3})$/,
    "desk:read",
    async (context, named) => (await fetched(import("./desk/price-list.js"))).showPriceList(context, named),
    "prices",
  ],
  [
    /^\/desk\/messages$/,
    "desk:read",
    async (context) => (await fetched(import("./desk/messages.js"))).showMessages(context),
    "messages",
  ],
  [
    /^\/desk\/catalog$/,
    "desk:read",
    async (context) => (await fetched(import("./desk/catalog.js"))).showCatalog(context),
    "catalog",
  ],
  [
    /^\/desk\/people$/,
    "desk:read",
    async (context) => (await fetched(import("./people/people.js"))).showStaff(context),
    "staff",
  ],
  [
    /^\/desk\/service-users$/,
    "desk:read",
    async (context) => (await fetched(import("./people/service-users.js"))).showDeskServiceUsers(context),
    "service-users",
  ],
  [
    /^\/desk\/teams$/,
    "desk:read",
    async (context) => (await fetched(import("./desk/teams.js"))).showTeams(context),
    "teams",
  ],
  [
    /^\/desk\/text-modules$/,
    "desk:read",
    async (context) => (await fetched(import("./desk/text-modules.js"))).showTextModules(context),
    "text-modules",
  ],
  [
    /^\/desk\/letterhead$/,
    "desk:read",
    async (context) => (await fetched(import("./desk/letterhead.js"))).showLetterhead(context),
    "letterhead",
  ],
  [
    /^\/desk\/terms$/,
    "desk:read",
    async (context) => (await fetched(import("./desk/terms.js"))).showTerms(context),
    "terms",
  ],
  [
    /^\/desk\/discount-policy$/,
    "desk:read",
    async (context) => (await fetched(import("./desk/discount-policy.js"))).showDiscountPolicy(context),
    "discounts",
  ],
  [
    /^\/desk\/audit$/,
    "desk:audit",
    async (context) => (await fetched(import("./desk/audit.js"))).showAudit(context),
    "audit",
  ],
  [
    /^\/notifications$/,
    null,
    async (context) => (await fetched(import("./people/notifications.js"))).showNotifications(context),
    "notifications",
  ],
  [
    /^\/desk\/figures$/,
    "desk:figures",
    async (context) => (await fetched(import("./desk/figures.js"))).showFigures(context),
    "figures",
  ],
  [
    /^\/second-factor$/,
    null,
    async (context) => (await fetched(import("./second-factor.js"))).showSecondFactor(context),
    "second-factor",
  ],
];

/**
 * The navigation: entries, addresses, texts, and the permissions that they need. The first one is the start.
 *
 * @type {[string, string, string, import("screens").Permission][]}
 */
const ENTRIES = [
  ["orders", "/orders", "nav.orders", "orders:read"],
  ["people", "/people", "nav.people", "people:manage"],
  ["service-users", "/service-users", "nav.service_users", "people:manage"],
  ["queue", "/desk", "nav.queue", "desk:read"],
  ["messages", "/desk/messages", "nav.messages", "desk:read"],
  ["accounts", "/desk/accounts", "nav.accounts", "desk:read"],
  ["catalog", "/desk/catalog", "nav.catalog", "desk:read"],
  ["prices", "/desk/price-lists", "nav.prices", "desk:read"],
  ["staff", "/desk/people", "nav.people", "desk:read"],
  ["teams", "/desk/teams", "nav.teams", "desk:read"],
  ["text-modules", "/desk/text-modules", "nav.text_modules", "desk:read"],
  ["letterhead", "/desk/letterhead", "nav.letterhead", "desk:read"],
  ["terms", "/desk/terms", "nav.terms", "desk:read"],
  ["discounts", "/desk/discount-policy", "nav.discounts", "desk:read"],
  ["service-users", "/desk/service-users", "nav.service_users", "desk:read"],
  ["figures", "/desk/figures", "nav.figures", "desk:figures"],
  ["audit", "/desk/audit", "nav.audit", "desk:audit"],
];

/** What is shown below dialogs and messages. */
const screen = signal(null);
/** The content of the shell: the entry of the navigation, the page, and whether another one is loading. */
const place = { entry: signal(undefined), page: signal(null), isBusy: signal(false) };

/** @type {Session} */
let session;
/**
 * The context of every page, as far as it does not depend on the page.
 *
 * @type {import("screens").Context}
 */
let context;
let leaving = new AbortController();
let comingBack = null;
let isShellThere = false;
let isTokenFresh = false;
let count = 0;

const App = () => html`${screen.value}<${Dialogs} /><${Toast} /><${Announcer} />`;

async function start() {
  const config = await (await fetch("/config.json")).json();
  if (config.site && config.site !== location.origin) {
    location.replace(config.site + location.pathname + location.search);
    return;
  }
  session = new Session(config);
  setLanguages(config.languages);
  await loadLocale(preferredLanguage());
  const can = (permission) => context.me.permissions.includes(permission);
  context = /** @type {any} */ ({ config, session, api: new Api(session, signInAgain), go, can });
  if (location.pathname === SIGN_IN_AGAIN) {
    const isStaff = new URLSearchParams(location.search).get("as") === "staff_provider";
    await session.signIn(SIGNED_IN_AGAIN + location.search, isStaff ? "staff_provider" : null);
    return;
  }
  let refusal = null;
  try {
    const wanted = await session.comeBack();
    if (wanted) history.replaceState(null, "", wanted);
    if (wanted && location.pathname === SIGNED_IN_AGAIN) {
      session.passTokens(new URLSearchParams(location.search).get("for"));
      screen.value = html`<${SignedInAgain} />`;
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

/** Loads what every page needs, then shows the one that the address names. */
async function enter() {
  screen.value = html`<${Waiting} />`;
  session.takeOver();
  const { api } = context;
  try {
    const [me, catalog] = await Promise.all([whoAmI(), api.get("/catalog")]);
    Object.assign(context, { me, catalog, accounts: [] });
    setCurrencies(catalog.currencies);
    if (me.permissions.length === 0) throw new Problem(403, { code: "forbidden" });
    if (context.can("orders:read")) {
      const [account, subaccounts] = await Promise.all([api.get("/account"), api.getAll("/accounts")]);
      context.accounts = [account, ...subaccounts];
      setTimeZone(account.time_zone);
      await loadLocale(preferredLanguage(account.locale));
    }
  } catch (error) {
    isShellThere = false;
    if (error instanceof SignedOut) signedOut(error);
    else if (error instanceof Problem && error.status === 403) await refuse(error);
    else screen.value = html`<main class="alone"><${Failure} error=${error} retry=${enter} /></main>`;
    return;
  }
  isShellThere = true;
  screen.value = html`<${Shell} context=${context} entries=${entries()} place=${place} switchLanguage=${switchLanguage} actFor=${actFor} />`;
  show();
}

/** Returns who is signed in, for the account chosen in this tab; for another one if that may no longer be chosen. */
async function whoAmI() {
  const { api } = context;
  api.accountId = session.chosenAccount;
  try {
    return await known();
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "forbidden" || api.accountId === null) throw error;
    session.chosenAccount = null;
    api.accountId = null;
    return known();
  }

  async function known() {
    const me = await api.get("/me");
    api.accountId = me.account_id;
    return me;
  }
}

const entries = () => [
  ...ENTRIES.filter(([, , , permission]) => context.can(permission)),
  ["notifications", "/notifications", "nav.notifications"],
  ...(hasSecondFactorPage() ? [["second-factor", "/second-factor", "nav.second_factor"]] : []),
];

/** Whoever signs in at the company's provider has the second factor there. */
const hasSecondFactorPage = () => context.config.second_factor && session.as !== "staff_provider";

const home = () => entries()[0]?.[1] ?? "/second-factor";

/** Shows nothing but why, unless a new token says that the reader has a second factor meanwhile. */
async function refuse(error) {
  isShellThere = false;
  if (error.code === "second_factor_required" && !isTokenFresh) {
    isTokenFresh = true;
    await session.token({ fresh: true });
    await enter();
  } else screen.value = html`<${Refused} error=${error} />`;
}

/** Why somebody who is signed in gets no page at all. */
function Refused({ error }) {
  const needsFactor = error.code === "second_factor_required";
  const canSetUp = needsFactor && hasSecondFactorPage();
  const page = useSignal(canSetUp ? html`<${Waiting} />` : null);
  useEffect(() => {
    if (canSetUp)
      fetched(import("./second-factor.js")).then(
        ({ SecondFactor }) => {
          page.value = html`<${SecondFactor} context=${context} isRequired done=${enter} />`;
        },
        (failure) => {
          page.value = html`<${Failure} error=${failure} retry=${enter} />`;
        },
      );
  }, []);
  return html`
    <main class="alone">
      ${
        page.value ??
        html`
        <h1>${t("forbidden.title")}</h1>
        <p>${needsFactor ? errorText(error) : t("forbidden.nothing")}</p>`
      }
      <button type="button" onClick=${() => session.signOut()}>${t("action.sign_out")}</button>
    </main>`;
}

/** Goes on for another account, from its start. */
function actFor(accountId) {
  session.chosenAccount = accountId;
  leaveUnsaved();
  leaving.abort();
  history.pushState(null, "", "/");
  enter();
}

async function switchLanguage(name) {
  try {
    await loadLocale(name);
  } catch (error) {
    toast(errorText(error));
    return false;
  }
  chooseLanguage(name);
  show();
  return true;
}

function go(path, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", path);
  show();
}

/** Returns the page that an address names, with its parameters; undefined where there is none. */
function pageAt(path) {
  for (const [pattern, permission, page, entry] of PAGES) {
    const found = pattern.exec(path);
    const named = found?.slice(1).map(decoded);
    if (named && !named.includes(null)) return { permission, page, entry, named };
  }
  return undefined;
}

/** Returns a decoded part of an address; null for an invalid one, undefined for an omitted one. */
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
  const { signal: left } = leaving;
  dropDialogs();
  if (location.pathname === "/") history.replaceState(null, "", home());
  const match = pageAt(location.pathname);
  place.entry.value = match?.entry;
  if (!match) return put(nothing("missing", t("missing.text")));
  if (match.permission !== null && !context.can(match.permission)) return put(nothing("forbidden", refusalText()));
  place.isBusy.value = true;
  const slow = setTimeout(() => {
    place.page.value = html`<${Waiting} />`;
  }, SLOW_MILLISECONDS);
  try {
    const page = await match.page(
      { ...context, signal: left, query: new URLSearchParams(location.search) },
      ...match.named,
    );
    clearTimeout(slow);
    if (!left.aborted) put(page);
  } catch (error) {
    clearTimeout(slow);
    if (left.aborted) return undefined;
    if (error instanceof SignedOut) signedOut(error);
    else if (error instanceof Problem && error.code === "second_factor_required") await refuse(error);
    else put(html`<${Failure} error=${error} retry=${show} />`);
  }
  return undefined;
}

const nothing = (why, text) =>
  html`<${Empty} level=${1} title=${t(`${why}.title`)} text=${text}><a class="button" href=${home()}>${t("missing.home")}</a></${Empty}>`;

const refusalText = () =>
  context.me.role === null ? t("forbidden.text") : t("forbidden.role", { role: roleLabel(context.me.role) });

function put(page) {
  count += 1;
  place.isBusy.value = false;
  place.page.value = html`<${Placed} key=${count} brand=${context.config.brand}>${page}</${Placed}>`;
}

/** Without a page, nothing can be lost; a page waits for the sign-in. */
function signInAgain(error) {
  if (!isShellThere) throw error;
  session.end();
  comingBack ??= sessionEnded(session).finally(() => {
    comingBack = null;
  });
  return comingBack;
}

function signedOut(error) {
  leaving.abort();
  isShellThere = false;
  session.end();
  welcome(error instanceof WrongClock ? error : new SignedOut("expired"));
}

/** Why nobody is signed in. */
function Refusal({ refusal }) {
  if (refusal instanceof WrongClock) {
    const text = t(refusal.seconds > 0 ? "welcome.clock_ahead" : "welcome.clock_behind", {
      time: age(Math.abs(refusal.seconds)),
    });
    return html`<${Notice} kind="bad">${text}</${Notice}>`;
  }
  return refusal.message === "expired"
    ? html`<${Notice} kind="warn">${t("welcome.expired")}</${Notice}>`
    : html`<${Notice} kind="bad">${t("welcome.refused")}</${Notice}>`;
}

function welcome(refusal) {
  const { config } = context;
  const path = location.pathname + location.search;
  document.title = `${t("welcome.title")} · ${config.brand}`;
  screen.value = html`
    <main class="alone welcome">
      <img src=${ICON} alt="" width="56" height="56" />
      <p class="brand">${config.brand}</p>
      <h1>${t("welcome.title")}</h1>
      <p>${t("welcome.text")}</p>
      ${refusal && html`<${Refusal} refusal=${refusal} />`}
      <button class="primary large" type="button" onClick=${() => session.signIn(path)}>${t("action.sign_in")}</button>
      ${
        config.staff_provider &&
        html`<button class="large" type="button" onClick=${() => session.signIn(path, "staff_provider")}>${t("action.sign_in_as_staff")}</button>`
      }
      ${config.local_run && html`<p class="hint"><a href=${config.local_run} data-outside>${t("welcome.local_run")}</a></p>`}
    </main>`;
}

addEventListener("popstate", () => isShellThere && show());
addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const link = /** @type {HTMLAnchorElement} */ (target.closest?.("a[href]"));
  if (
    !link ||
    event.defaultPrevented ||
    event.button ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  )
    return;
  if (
    link.origin !== location.origin ||
    link.hasAttribute("download") ||
    link.target ||
    link.dataset.outside !== undefined
  )
    return;
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

render(html`<${App} />`, document.getElementById("app"));
start().catch((error) => {
  const hasTexts = hasText("action.retry");
  screen.value = html`
    <main class="alone">
      <h1>Online Orders</h1>
      <${Notice} kind="bad">${hasTexts ? errorText(error) : "The service cannot be reached. · Der Dienst ist nicht erreichbar."}</${Notice}>
      <button type="button" onClick=${() => location.reload()}>${hasTexts ? t("action.retry") : "Try again · Noch einmal"}</button>
    </main>`;
});
