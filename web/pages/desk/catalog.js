/** The catalog: what can be ordered, with words, settings and rules, as a draft until it is published. */

import { writeQuery } from "../../lib/address.js";
import { Problem, Unreachable } from "../../lib/api.js";
import { currentLanguage, instant, t, tOr } from "../../lib/i18n.js";
import { errorText, faultText, isOutdated } from "../../lib/problems.js";
import { formOf, showAt } from "../../lib/schema-form.js";
import { SignedOut } from "../../lib/session.js";
import { ActionButton, BusyButton, useOnce } from "../../lib/ui/button.js";
import { ask, openDialog } from "../../lib/ui/dialog.js";
import { ICONS, KindIcon } from "../../lib/ui/icons.js";
import { Faults, Members, Moves, placeOf, reveal, SchemaNode, titleOf } from "../../lib/ui/schema-form.js";
import { Notice, Trail } from "../../lib/ui/status.js";
import { announce, toast } from "../../lib/ui/toast.js";
import { batch, effect, html, signal, useEffect, useLayoutEffect, useMemo, useRef, useSignal } from "../../lib/view.js";
import { openPreview } from "./catalog-preview.js";
import { History } from "./history.js";

const PAUSE_MILLISECONDS = 700;
/** The members of a kind by the parts of its page; the last part has all others. */
const PARTS = [["kind", "icon", "labels", "help", "summary"], ["settings"], ["rules"]];
const NEW_KIND = { rules: [{ rule: "start_date_window", latest_years: 2 }] };

/** What is being stored, for which a page that is shown next waits. */
let storing = Promise.resolve();

/** @param {import("screens").Context} context */
export async function showCatalog(context) {
  const { api, can, signal: left } = context;
  await storing;
  const [schema, published, draft] = await Promise.all([
    api.get("/desk/catalog/schema", { signal: left }),
    api.getWithTag("/desk/catalog", { signal: left }),
    can("desk:catalog") ? draftOf(context) : null,
  ]);
  return html`<${Catalog} context=${context} schema=${schema} published=${published} draft=${draft} />`;
}

/** Returns the draft and its version; null if there is none. */
async function draftOf({ api, signal: left }) {
  try {
    return await api.getWithTag("/desk/catalog/draft", { signal: left });
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

/** Returns the document of a published catalog, without what the API says about it. */
const documentOf = ({ version, updated_at, updated_by, ...document }) => document;

/** The catalog as it is being written: the form, and the draft that follows it. */
class Writing {
  constructor({ api, signal: left }, schema, published, draft) {
    this.api = api;
    this.published = published;
    this.schema = schema;
    this.etag = draft?.etag ?? null;
    this.form = this.formOf(draft?.body.catalog ?? documentOf(published.body));
    this.stored = JSON.stringify(this.form.read());
    this.errors = signal(draft?.body.errors ?? []);
    /** When the draft was stored; null if there is none. */
    this.storedAt = signal(draft?.body.updated_at ?? null);
    /** Why the newest changes are not stored, or null. */
    this.refusal = signal(/** @type {Error | null} */ (null));
    this.isStoring = signal(false);
    this.left = left;
    showAt(this.form, this.errors.value, faultText);
  }

  formOf(document) {
    return formOf({ schema: this.schema, words: "catalog", references: REFERENCES }, document);
  }

  get kinds() {
    return this.form.members.kinds;
  }

  document() {
    return this.form.read();
  }

  /** Stores the draft a while after each change, and at once when the page is left. Returns how to end this. */
  follow() {
    let timer = null;
    const store = () => {
      clearTimeout(timer);
      timer = null;
      if (this.isChanged && !isOutdated(this.refusal.peek())) storing = this.store();
    };
    const end = effect(() => {
      this.document();
      clearTimeout(timer);
      timer = setTimeout(store, PAUSE_MILLISECONDS);
    });
    this.left.addEventListener("abort", store);
    return () => {
      end();
      store();
    };
  }

  get isChanged() {
    return JSON.stringify(this.document()) !== this.stored;
  }

  /** Stores the draft as it is now, one request after the other, and shows the errors that come with the response. */
  async store() {
    await storing;
    if (!this.isChanged) return;
    const document = this.document();
    this.isStoring.value = true;
    try {
      const { body, etag } = await this.api.putWithTag("/desk/catalog/draft", {
        body: document,
        headers: this.etag ? { "If-Match": this.etag } : { "If-None-Match": "*" },
      });
      this.stored = JSON.stringify(document);
      this.etag = etag;
      batch(() => {
        this.errors.value = body.errors;
        this.storedAt.value = body.updated_at;
        this.refusal.value = null;
        showAt(this.form, body.errors, faultText);
      });
    } catch (error) {
      if (!(error instanceof Problem) && !(error instanceof Unreachable)) throw error;
      this.refusal.value = error;
    } finally {
      this.isStoring.value = false;
    }
  }
}

const kindOf = (node) => node.within("kinds");
const settingsOf = (node) => kindOf(node)?.members.settings.items.value ?? [];
const named = (node, name) => node.members[name]?.field.text ?? "";
const typeOf = (setting) => setting.field?.value.value ?? "";
const asOptions = (nodes, name) =>
  nodes.filter((each) => named(each, name)).map((each) => [named(each, name), titleOf(each)]);

/** What members can name that stand elsewhere in the document. */
const REFERENCES = {
  icon: () => ICONS.map((each) => [each, tOr(`catalog.icon.${each}`, each)]),
  priced_by: (node) =>
    asOptions(
      settingsOf(node).filter((each) => ["choice", "step"].includes(typeOf(each))),
      "name",
    ),
  "rules.setting": (node) => asOptions(settingsOf(node), "name"),
  "rules.value": (node) => {
    const { setting } = node.parent.members;
    const found = settingsOf(node).find((each) => named(each, "name") === setting?.field.text);
    return (found?.members.choices?.items.value ?? []).map((each) => [each.members.value.read(), titleOf(each)]);
  },
  "rules.kind": (node) => asOptions(node.root.members.kinds.items.value, "kind"),
  "rules.model": (node) => node.root.members.equipment.items.value.map((each) => [each.field.text, each.field.text]),
  "groups.groups": (node) => asOptions(node.root.members.groups.items.value, "group"),
};

/** @param {{ context: import("screens").Context, schema: any, published: any, draft: any }} props */
function Catalog({ context, schema, published, draft }) {
  const { api, can, config, go, query, signal: left } = context;
  const mayChange = can("desk:catalog");
  const writing = useMemo(() => new Writing(context, schema, published, draft), []);
  /** The kind whose page is shown, or null. */
  const opened = useSignal(writing.kinds.items.value.find((each) => named(each, "kind") === query.get("kind")) ?? null);
  const heading = useRef(null);
  const isFirst = useRef(true);
  useEffect(() => (mayChange ? writing.follow() : undefined), []);
  useLayoutEffect(() => {
    if (!isFirst.current) {
      document.title = `${heading.current.textContent} · ${config.brand}`;
      scrollTo(0, 0);
      heading.current.focus({ preventScroll: true });
    }
    isFirst.current = false;
  }, [opened.value]);

  function open(kind) {
    opened.value = kind;
    writeQuery({ kind: kind && named(kind, "kind") }, { isStep: true });
  }

  /** Shows the place of an error. */
  function show(pointer) {
    const kind = writing.form.path(pointer).find((each) => kindOf(each) === each);
    if (kind !== undefined || opened.value !== null) open(kind ?? null);
    // The page of the kind is drawn first, and takes the focus.
    setTimeout(() => reveal(writing.form, pointer));
  }

  async function useAsDraft(document) {
    await storing;
    await api.putWithTag("/desk/catalog/draft", {
      body: document,
      headers: writing.etag ? { "If-Match": writing.etag } : { "If-None-Match": "*" },
    });
    go("/desk/catalog", { replace: true });
  }

  const kind = opened.value;
  const steps = [[t("nav.desk")], kind ? [t("nav.catalog"), "/desk/catalog"] : [t("nav.catalog")]];
  const back = (event) => {
    event.preventDefault();
    open(null);
  };
  return html`
    <div class="screen">
      <${Trail} steps=${kind ? [...steps, [titleOf(kind)]] : steps} />
      <div class="title-row">
        <h1 tabindex="-1" ref=${heading}>${kind ? titleOf(kind) : t("nav.catalog")}</h1>
        <div class="actions">
          ${kind && html`<a class="button" href="/desk/catalog" onClick=${back}>${t("catalog.back")}</a>`}
          <${Actions} context=${context} writing=${writing} mayChange=${mayChange} show=${show} />
        </div>
      </div>
      ${!mayChange && html`<p class="hint">${t("forbidden.to_change")}</p>`}
      <${State} writing=${writing} go=${go} mayChange=${mayChange} show=${show} />
      <fieldset class="account-form" disabled=${!mayChange}>
        ${kind ? html`<${KindPage} key=${kind.id} kind=${kind} />` : html`<${Overview} writing=${writing} open=${open} />`}
      </fieldset>
      ${!kind && html`<${Versions} api=${api} left=${left} writing=${writing} mayChange=${mayChange} useAsDraft=${useAsDraft} />`}
    </div>`;
}

/** What is published, what is stored as a draft, and what is wrong with that. */
function State({ writing, go, mayChange, show }) {
  const { version, updated_at, updated_by } = writing.published.body;
  const refusal = writing.refusal.value;
  const errors = writing.errors.value;
  const storedAt = writing.storedAt.value;
  const discard = () =>
    ask({
      title: t("catalog.discard"),
      text: t("catalog.discard_text"),
      action: t("catalog.discard"),
      danger: true,
      act: async () => {
        await storing;
        const headers = writing.etag ? { "If-Match": writing.etag } : {};
        await writing.api.delete("/desk/catalog/draft", { headers });
        writing.stored = JSON.stringify(writing.document());
        go("/desk/catalog", { replace: true });
      },
    });
  const reload = () => {
    writing.stored = JSON.stringify(writing.document());
    go("/desk/catalog", { replace: true });
  };
  return html`
    <p class="hint catalog-state">
      <span>${version === 0 ? t("catalog.shipped") : t("catalog.published", { version: String(version), at: instant(updated_at), by: updated_by })}</span>
      ${mayChange && html`<span>${writing.isStoring.value ? t("catalog.storing") : storedAt && t("catalog.stored", { at: instant(storedAt) })}</span>`}
      ${mayChange && storedAt && html`<button class="small plain inline" type="button" onClick=${discard}>${t("catalog.discard")}</button>`}
    </p>
    ${
      refusal &&
      (isOutdated(refusal)
        ? html`<${Notice} kind="bad">${t("catalog.draft_changed")} <button class="small" type="button" onClick=${reload}>${t("catalog.load_draft")}</button></${Notice}>`
        : html`<${Notice} kind="bad">${t("catalog.not_stored")} ${errorText(refusal)} <${ActionButton} class="small" act=${() => writing.store()}>${t("action.retry")}</${ActionButton}></${Notice}>`)
    }
    <p class="visually-hidden" role="status">${errors.length > 0 && t("catalog.errors", { count: errors.length })}</p>
    ${errors.length > 0 && html`<${Errors} errors=${errors} form=${writing.form} show=${show} />`}`;
}

const SHOWN_ERRORS = 5;

/** The errors of the draft, each with the way to its place. */
const Errors = ({ errors, form, show }) => html`
  <div class="notice warn">
    <p>${t("catalog.errors", { count: errors.length })}</p>
    <ul>
      ${errors.slice(0, SHOWN_ERRORS).map(
        (each) => html`
        <li key=${`${each.pointer} ${each.code}`}><button class="link" type="button" onClick=${() => show(each.pointer)}>${placeOf(form, each.pointer) || t("nav.catalog")}</button>: ${faultText(each)}</li>`,
      )}
      ${errors.length > SHOWN_ERRORS && html`<li>${t("order.more_items", { count: errors.length - SHOWN_ERRORS })}</li>`}
    </ul>
  </div>`;

function Actions({ context, writing, mayChange, show }) {
  const { api, go } = context;
  const { isBusy, once } = useOnce();
  const errors = writing.errors.value;

  const preview = () => openPreview(context, writing.document());

  /** Asks with the changes against what is published by then. */
  const publish = () =>
    once(async () => {
      storing = writing.store();
      await storing;
      if (writing.refusal.value) return;
      if (writing.errors.value.length > 0) {
        announce(t("catalog.errors", { count: writing.errors.value.length }));
        show(writing.errors.value[0].pointer);
        return;
      }
      try {
        const document = writing.document();
        const present = await api.getWithTag("/desk/catalog");
        const { changes } = await api.post("/desk/catalog/preview", { body: { catalog: document } });
        const before = documentOf(present.body);
        openDialog({
          className: "preview",
          title: t("catalog.publish"),
          content: ({ close }) =>
            html`<${Publish} writing=${writing} changes=${changes} before=${before} close=${close} send=${async () => {
              await api.put("/desk/catalog", { body: document, headers: { "If-Match": present.etag } });
              writing.stored = JSON.stringify(writing.document());
              toast(t("catalog.is_published"));
              go("/desk/catalog", { replace: true });
            }} />`,
        });
      } catch (error) {
        if (error instanceof SignedOut) throw error;
        toast(errorText(error));
      }
    });

  return html`
    ${mayChange && html`<button type="button" onClick=${preview} disabled=${errors.length > 0}>${t("catalog.preview")}</button>`}
    ${mayChange && html`<${BusyButton} class="primary" isBusy=${isBusy.value} onClick=${publish}>${t("catalog.publish")}</${BusyButton}>`}`;
}

/** The question before publishing, with the changes. */
function Publish({ writing, changes, before, close, send }) {
  const refusal = useSignal(null);
  const { isBusy, once } = useOnce();
  const attempt = () =>
    once(async () => {
      try {
        await send();
        close();
      } catch (error) {
        if (error instanceof SignedOut) throw error;
        refusal.value = isOutdated(error)
          ? t("catalog.published_meanwhile")
          : (error.errors ?? []).map(faultText).join(" ") || errorText(error);
      }
    });
  const former = useMemo(() => writing.formOf(before), []);
  return html`
    <div class="dialog-body">
      <p>${changes.length ? t("catalog.publish_text") : t("catalog.no_changes")}</p>
      <${Changes} changes=${changes} now=${writing.form} former=${former} />
      ${refusal.value && html`<${Notice} kind="bad">${refusal.value}</${Notice}>`}
      <div class="actions">
        ${changes.length > 0 && html`<${BusyButton} class="primary" isBusy=${isBusy.value} autofocus onClick=${attempt}>${t("catalog.publish")}</${BusyButton}>`}
        <button type="button" onClick=${close}>${t("action.cancel")}</button>
      </div>
    </div>`;
}

/** Differences of two documents, by their places in words. `now` and `former` are their forms. */
export const Changes = ({ changes, now, former }) => html`
  <dl class="changes catalog-changes">
    ${changes.map(
      ({ pointer, was, is }) => html`
      <div key=${`${pointer} ${isThere(was)}`}>
        <dt>${placeOf(isThere(is) ? now : former, pointer)}</dt>
        <dd>
          ${isThere(was) && html`<del><span class="visually-hidden">${t("audit.was")} </span>${written(was)}</del>`}
          ${isThere(is) && html`<ins><span class="visually-hidden">${t("audit.is")} </span>${written(is)}</ins>`}
        </dd>
      </div>`,
    )}
  </dl>`;

const isThere = (value) => value !== undefined && value !== null;

/** Returns a value of the document as people read it: of what has a label, that. */
function written(value) {
  if (Array.isArray(value)) return value.map(written).join(", ");
  if (typeof value === "boolean") return t(value ? "catalog.yes" : "catalog.no");
  if (typeof value !== "object") return String(value);
  const label = value.labels?.[currentLanguage()] ?? value[currentLanguage()];
  return label ?? (value.rule && tOr(`catalog.value.rule.${value.rule}`, value.rule)) ?? JSON.stringify(value);
}

/** The kinds, and what holds for the whole catalog. */
function Overview({ writing, open }) {
  const { form, kinds } = writing;
  const box = useRef(null);
  const wanted = useRef(null);
  const items = kinds.items.value;
  useLayoutEffect(() => {
    const { id, does } = wanted.current ?? {};
    wanted.current = null;
    if (!id) return;
    const buttons = [...box.current.querySelectorAll(`[data-node="${id}"] > .actions > button`)];
    (buttons.find((each) => each.dataset.does === does && !each.disabled) ?? buttons.at(-1)).focus();
  });

  function move(kind, by) {
    wanted.current = { id: kind.id, does: by < 0 ? "up" : "down" };
    kinds.move(kind, by);
    announce(t("nested.moved", { item: titleOf(kind), place: kinds.items.value.indexOf(kind) + 1 }));
  }

  const remove = (kind) =>
    ask({
      title: t("nested.remove", { item: titleOf(kind) }),
      text: t("catalog.remove_text"),
      action: t("action.remove"),
      danger: true,
      act: async () => kinds.remove(kind),
    });

  const add = () => open(kinds.add(NEW_KIND));
  const copy = (kind) => open(kinds.add({ ...kind.read(), kind: `${named(kind, "kind")}_2` }, kind));

  const others = Object.keys(form.members).filter((name) => name !== "kinds");
  return html`
    <section class="card">
      <div class="section-head">
        <h2>${t("catalog.kinds")}</h2>
        <button type="button" disabled=${kinds.isFull} onClick=${add}>${t("catalog.add_kind")}</button>
      </div>
      <p class="hint">${t("catalog.kinds_text")}</p>
      ${kinds.fault.value && html`<p class="fault">${kinds.fault.value}</p>`}
      <ol class="node-items catalog-kinds" ref=${box}>
        ${items.map(
          (kind, index) => html`
          <li key=${kind.id} data-node=${kind.id}>
            <${KindLine} kind=${kind} open=${open} />
            <${Moves} title=${titleOf(kind)} isFirst=${index === 0} isLast=${index === items.length - 1} move=${(by) => move(kind, by)} remove=${() => remove(kind)}>
              <button class="small" type="button" aria-label=${t("catalog.copy_of", { item: titleOf(kind) })} onClick=${() => copy(kind)}>${t("catalog.copy")}</button>
            </${Moves}>
          </li>`,
        )}
      </ol>
    </section>
    <section class="card">
      <h2>${t("catalog.general")}</h2>
      <${Members} of=${form} names=${others} />
    </section>`;
}

function KindLine({ kind, open }) {
  const id = named(kind, "kind");
  const { only_for: onlyFor, retired, help } = kind.members;
  const shown = (event) => {
    event.preventDefault();
    open(kind);
  };
  return html`
    <div class="kind-line">
      <${KindIcon} name=${named(kind, "icon")} />
      <div class="what">
        <a class="order-link" href="/desk/catalog?kind=${encodeURIComponent(id)}" onClick=${shown}>${titleOf(kind)}</a>
        <span class="hint">${help?.in(currentLanguage())}</span>
        <span class="tags">
          <code>${id}</code>
          ${onlyFor?.read() && html`<span class="tag">${t("catalog.only_for_some")}</span>`}
          ${retired?.field.value.value && html`<span class="tag flag">${t("catalog.is_retired")}</span>`}
          <${Faults} count=${kind.faults} />
        </span>
      </div>
    </div>`;
}

/** The page of one kind, in parts. */
function KindPage({ kind }) {
  const inParts = new Set(PARTS.flat());
  const others = Object.keys(kind.members).filter((name) => !inParts.has(name));
  return html`
    ${[...PARTS, others].map(
      (names, index) => html`
      <section key=${names[0]} class="card">
        ${names.length > 1 && html`<h2>${t(`catalog.part.${index}`)}</h2>`}
        ${names.length > 1 ? html`<${Members} of=${kind} names=${names} />` : kind.members[names[0]] && html`<${SchemaNode} of=${kind.members[names[0]]} isPart />`}
      </section>`,
    )}`;
}

/** What has become of the catalog; each version can be compared, and used again. */
function Versions({ api, left, writing, mayChange, useAsDraft }) {
  const load = async (query) => {
    const page = await api.get("/desk/catalog/versions", { query, signal: left });
    return { ...page, items: page.items.map((each) => (each.version === 0 ? { ...each, by: "product" } : each)) };
  };
  const present = writing.published.body.version;

  async function compare(version) {
    try {
      const path = { version };
      const [found, { catalog }] = await Promise.all([
        api.get("/desk/catalog/versions/{version}", { path: { version: present }, query: { compared_with: version } }),
        api.get("/desk/catalog/versions/{version}", { path }),
      ]);
      const now = writing.formOf(found.catalog);
      const former = writing.formOf(catalog);
      const content = ({ close }) => html`
        <div class="dialog-body">
          <p>${t("catalog.compare_text", { version: String(version), present: String(present) })}</p>
          <${Changes} changes=${found.changes} now=${now} former=${former} />
          <div class="actions"><button type="button" autofocus onClick=${close}>${t("action.close")}</button></div>
        </div>`;
      openDialog({ className: "preview", title: t("catalog.compare_with", { version: String(version) }), content });
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      toast(errorText(error));
    }
  }

  const bringBack = (version) =>
    ask({
      title: t("catalog.use", { version: String(version) }),
      text: t("catalog.use_text"),
      action: t("catalog.use_action"),
      act: async () => {
        const { catalog } = await api.get("/desk/catalog/versions/{version}", { path: { version } });
        await useAsDraft(documentOf(catalog));
        toast(t("catalog.used", { version: String(version) }));
      },
    });

  const more = ({ version, kinds }) => [
    t("history.kinds", { count: kinds }),
    version !== present &&
      html`
      <span class="actions">
        <${ActionButton} class="small" aria-label=${t("catalog.compare_with", { version: String(version) })} act=${() => compare(version)}>${t("catalog.compare")}</${ActionButton}>
        ${mayChange && html`<button class="small" type="button" aria-label=${t("catalog.use", { version: String(version) })} onClick=${() => bringBack(version)}>${t("catalog.use_action")}</button>`}
      </span>`,
  ];
  return present > 0 && html`<${History} load=${load} signal=${left} more=${more} />`;
}
