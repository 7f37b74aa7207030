/** The audit trail: who changed what, and what it was before. */

import { accountPage } from "../../lib/address.js";
import { save } from "../../lib/files.js";
import { DAY } from "../../lib/generated/limits.js";
import { currentLanguage, instant, t, tOr } from "../../lib/i18n.js";
import { Listing, useListing } from "../../lib/listing.js";
import { errorText } from "../../lib/problems.js";
import { SignedOut } from "../../lib/session.js";
import { ActionButton } from "../../lib/ui/button.js";
import { Choices, Pager } from "../../lib/ui/pager.js";
import { Empty, Notice, Trail } from "../../lib/ui/status.js";
import { Table } from "../../lib/ui/table.js";
import { toast } from "../../lib/ui/toast.js";
import { html } from "../../lib/view.js";

const PAGE = 25;
const SUBJECTS = [
  "account",
  "price_list",
  "catalog",
  "terms",
  "person",
  "service_user",
  "teams",
  "text_modules",
  "letterhead",
  "discount_policy",
];
const NO_FILTERS = { subject: "", from: "", to: "", account: "", person: "" };
/** The changes of an entry that are shown without being asked for. */
const SHOWN = 4;
const MAX_SKIPPED = 24;

/** @param {import("screens").Context} context */
export async function showAudit(context) {
  const { query } = context;
  const day = (name) => (new RegExp(DAY).test(query.get(name) ?? "") ? query.get(name) : "");
  const list = new Entries(context, {
    subject: SUBJECTS.find((each) => each === query.get("subject")) ?? "",
    from: day("from"),
    to: day("to"),
    account: query.get("account") ?? "",
    person: query.get("person") ?? "",
  });
  const first = await list.load();
  return html`<${Audit} context=${context} list=${list} first=${first} />`;
}

class Entries extends Listing {
  /** Skips pages without entries, as those of months in which nothing fits are. */
  async ask(cursor) {
    const { api, signal } = this.context;
    const query = { ...this.wanted(), limit: PAGE };
    let page = await api.get("/desk/audit", { query: { ...query, cursor }, signal });
    for (let skipped = 0; page.items.length === 0 && page.next_cursor && skipped < MAX_SKIPPED; skipped += 1)
      page = await api.get("/desk/audit", { query: { ...query, cursor: page.next_cursor }, signal });
    return page;
  }

  wanted() {
    const { account, from, person, subject, to } = this.filters;
    return { subject, from, to, account_id: account.trim(), user_id: person.trim() };
  }

  address() {
    const { account, person, ...others } = this.filters;
    return { ...others, account: account.trim(), person: person.trim() };
  }
}

/** @param {{ context: import("screens").Context, list: Entries, first: any }} props */
function Audit({ context, list, first }) {
  const { api, signal } = context;
  const listed = useListing(list, first, { pauseMilliseconds: 400 });
  const { filters, page, isBusy, stale, choose, type, turn } = listed;

  async function download() {
    try {
      save(await api.getCsv("/desk/audit", { query: list.wanted(), signal }, currentLanguage()), "audit.csv");
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      toast(errorText(error));
    }
  }

  function submit(event) {
    event.preventDefault();
    choose({});
  }

  const subjects = [["", t("list.all")], ...SUBJECTS.map((each) => [each, subjectLabel(each)])];
  const date = (name, value) => html`
    <label>${t(`audit.${name}`)}<input type="date" value=${value} onChange=${(event) => choose({ [name]: event.currentTarget.value })} /></label>`;
  const typed = (name, label, hint, value) => html`
    <label class="grow">${label}
      <input type="search" placeholder=${hint} autocomplete="off" spellcheck=${false} value=${value} onInput=${(event) => type({ [name]: event.currentTarget.value })} />
    </label>`;
  const isFiltered = Object.values(filters).some(Boolean);
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.audit")]]} />
      <div class="title-row">
        <h1>${t("nav.audit")}</h1>
        <div class="actions"><${ActionButton} act=${download}>${t("list.csv")}</${ActionButton}></div>
      </div>
      <p class="hint">${t("audit.text")}</p>
      <form class="filters" role="search" onSubmit=${submit}>
        <${Choices} label=${t("audit.subject")} options=${subjects} value=${filters.subject} choose=${(subject) => choose({ subject })} />
        <div class="search-row">
          ${typed("account", t("order.account"), t("queue.account_hint"), filters.account)}
          ${typed("person", t("audit.by"), t("audit.person_hint"), filters.person)}
          ${date("from", filters.from)}${date("to", filters.to)}
        </div>
      </form>
      <div class="freshness">${stale && html`<${Notice} kind="warn">${stale}</${Notice}>`}</div>
      <div class="results" aria-busy=${isBusy ? "true" : undefined}>
        ${
          page.items.length > 0
            ? html`<${Rows} entries=${page.items} choose=${choose} />`
            : html`<${Empty} title=${t("audit.none")} text=${t("audit.none_text")}>${isFiltered && html`<button type="button" onClick=${() => choose(NO_FILTERS)}>${t("audit.reset")}</button>`}</${Empty}>`
        }
      </div>
      <${Pager} pages=${list.pages} page=${page} turn=${turn} back=${t("audit.newer")} on=${t("audit.older")} />
    </div>`;
}

const subjectLabel = (subject) => tOr(`audit.${subject}`, subject);

/** @param {{ entries: import("screens").AuditEntry[], choose: (changes: any) => void }} props */
function Rows({ entries, choose }) {
  /** @type {{ head: string, cell: (entry: import("screens").AuditEntry) => unknown, className?: string, isName?: boolean }[]} */
  const columns = [
    {
      head: t("audit.what"),
      className: "what",
      isName: true,
      cell: (entry) => html`
        <strong class="order-link">${subjectLabel(entry.subject)}: ${tOr(`audit_action.${entry.action}`, entry.action)}</strong>
        <${Subject} entry=${entry} />`,
    },
    {
      head: t("audit.when"),
      cell: (entry) => html`<time datetime=${entry.at}>${instant(entry.at)}</time>`,
    },
    {
      head: t("audit.by"),
      cell: ({ by }) => html`
        <span class="person">${tOr(`history.by.${by.email}`, by.email)}</span>
        <button class="small plain inline" type="button" aria-label=${t("audit.only_by", { email: by.email })} onClick=${() => choose({ person: by.user_id })}>${t("audit.only")}</button>`,
    },
    { head: t("audit.changes"), cell: (entry) => html`<${Changes} changes=${entry.changes} />` },
  ];
  return html`<${Table} class="orders audit" caption=${t("nav.audit")} columns=${columns} rows=${entries} keyOf=${(entry) => entry.audit_id} />`;
}

/** What was changed, with the way to it. */
function Subject({ entry: { subject, subject_id, account_id } }) {
  const id = html`<code class="order-id">${subject_id}</code>`;
  const account = account_id !== null && html`<a class="order-id" href=${accountPage(account_id)}>${account_id}</a>`;
  if (subject === "account") return account;
  if (subject === "teams") return html`<a class="order-link" href="/desk/teams">${t("nav.teams")}</a>`;
  if (subject === "discount_policy")
    return html`<a class="order-link" href="/desk/discount-policy">${t("nav.discounts")}</a>`;
  if (subject === "text_modules")
    return html`<a class="order-link" href="/desk/text-modules">${t("nav.text_modules")}</a>`;
  if (subject === "letterhead") return html`<a class="order-link" href="/desk/letterhead">${t("nav.letterhead")}</a>`;
  if (subject === "terms")
    return html`<a class="order-id" href="/desk/terms?locale=${subject_id.replace("?", "&")}">${subject_id}</a>`;
  if (subject === "catalog") return html`<a class="order-link" href="/desk/catalog">${t("nav.catalog")}</a>`;
  if (subject === "price_list")
    return html`<a class="order-id" href="/desk/price-lists/${subject_id}">${subject_id}</a>`;
  return html`${id}${account && html`<span class="hint">${account}</span>`}`;
}

function Changes({ changes }) {
  if (changes.length === 0) return "–";
  const rest = changes.slice(SHOWN);
  return html`
    <dl class="changes">${changes.slice(0, SHOWN).map(change)}</dl>
    ${
      rest.length > 0 &&
      html`
      <details>
        <summary>${t("audit.more", { count: rest.length })}</summary>
        <dl class="changes">${rest.map(change)}</dl>
      </details>`
    }`;
}

/** One change; the last of very many only counts the others. */
function change({ pointer, was, is }) {
  if (pointer === "" && is?.more) return html`<div key=""><dt>${t("audit.not_listed", { count: is.more })}</dt></div>`;
  return html`
    <div key=${pointer}>
      <dt><code>${pointer || "/"}</code></dt>
      <dd>
        ${was !== null && html`<del><span class="visually-hidden">${t("audit.was")} </span>${written(was)}</del>`}
        ${is !== null && html`<ins><span class="visually-hidden">${t("audit.is")} </span>${written(is)}</ins>`}
      </dd>
    </div>`;
}

const written = (value) => (typeof value === "string" ? value : JSON.stringify(value));
