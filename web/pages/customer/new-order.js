/** The New Order panel: items are chosen, set, added, changed and removed, and submitted once. */

import { Problem, Unreachable } from "../../lib/api.js";
import { FormField, showFaults } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { day, inLanguage, t, today } from "../../lib/i18n.js";
import { Duplicate, itemDetail, itemKind, kindIn, kindLabel } from "../../lib/orders/describe.js";
import { IndicativePrice } from "../../lib/orders/indicative-price.js";
import { itemFaultText } from "../../lib/orders/item-faults.js";
import { errorText, faultText } from "../../lib/problems.js";
import { BusyButton, useOnce } from "../../lib/ui/button.js";
import { ask, openDialog } from "../../lib/ui/dialog.js";
import { Field } from "../../lib/ui/field.js";
import { KindIcon } from "../../lib/ui/icons.js";
import { Notice, Waiting } from "../../lib/ui/status.js";
import { announce, toast } from "../../lib/ui/toast.js";
import { effect, html, useEffect, useLayoutEffect, useMemo, useRef, useSignal } from "../../lib/view.js";
import { ItemForm } from "./item-form.js";

const MAX_ITEMS = LIMITS.OrderRequest.items.maxItems;

/**
 * The draft of an account's order; it survives a reload, and has one idempotency key for all attempts. It keeps the
 * `version` of the catalog and the `kinds` of its items as they were, since they may be gone once it is shown again.
 */
function draftFor(accountId, base) {
  const place = `online-orders.draft.${base}.${accountId}`;
  const fresh = () => ({ key: crypto.randomUUID(), items: [], kinds: [], note: null, purchase_order_number: null });
  return {
    content: JSON.parse(sessionStorage.getItem(place) ?? "null") ?? fresh(),
    keep: (content) => sessionStorage.setItem(place, JSON.stringify(content)),
    discard: () => sessionStorage.removeItem(place),
  };
}

/** Returns a catalog with the words for kinds and choices that it had in `kinds` and does not have any more. */
function withFormer(catalog, kinds = []) {
  const former = kinds.filter((each) => !kindIn(catalog, each.kind));
  const merged = catalog.item_kinds.map((kind) => {
    const before = kinds.find((each) => each.kind === kind.kind);
    return before ? { ...kind, settings: kind.settings.map((each) => withFormerChoices(each, before)) } : kind;
  });
  return { ...catalog, item_kinds: [...merged, ...former] };
}

function withFormerChoices(setting, before) {
  const { choices = [] } = before.settings.find((each) => each.name === setting.name) ?? {};
  const gone = choices.filter((each) => !setting.choices?.some(({ value }) => value === each.value));
  return gone.length ? { ...setting, choices: [...(setting.choices ?? []), ...gone] } : setting;
}

/** Returns as much of a kind as an ordered item has words for. */
function kindFrom({ kind, labels, ...item }) {
  const of = (name) => Object.fromEntries(Object.entries(labels).map(([language, words]) => [language, words[name]]));
  const settings = Object.keys(Object.values(labels)[0]).filter((name) => name in item);
  return {
    kind,
    labels: of("kind"),
    summary: of("summary"),
    settings: settings.map((name) =>
      name === "quantity" ? { name, unit: of(name) } : { name, choices: [{ value: item[name], labels: of(name) }] },
    ),
  };
}

/**
 * Opens the panel. `base` is "" for customers and "/desk" at the desk, for an order by phone. `closed()` is called when
 * the panel is closed, even before it is filled.
 */
export function openNewOrder(context, accountId, { base = "", closed = undefined } = {}) {
  const content = ({ close }) =>
    html`<${Panel} context=${context} accountId=${accountId} base=${base} close=${close} />`;
  openDialog({ className: "sheet", title: t("new.title"), content, closed });
}

/**
 * The panel, with the account, loaded anew, and the order to be copied if the address names one.
 *
 * @param {{ context: import("screens").Context, accountId: string, base: string, close: () => void }} props
 */
function Panel({ context, accountId, base, close }) {
  const { api, query } = context;
  const loaded = useSignal(null);
  const wanted = useRef(accountId);
  const refusal = useRef(null);

  async function copyOf() {
    if (!query.has("copy")) return null;
    try {
      const path = { order_id: query.get("copy") };
      return base ? await api.get("/desk/orders/{order_id}", { path }) : await api.get("/orders/{order_id}", { path });
    } catch (error) {
      refusal.current = errorText(error);
      return null;
    }
  }

  /** Loads anew: contact, enrollment and catalog may have changed since the page was opened. */
  async function load(copied) {
    loaded.value = null;
    try {
      const of = { account_id: wanted.current };
      const [account, catalog] = await Promise.all([
        base ? api.get("/desk/accounts/{account_id}", { path: of }) : api.get("/account", { query: of }),
        api.get("/catalog", { query: of }),
      ]);
      loaded.value = { account, catalog, copied };
    } catch (error) {
      loaded.value = { error, retry: () => load(copied) };
    }
  }

  async function begin() {
    if (!base && query.has("account_id")) wanted.current = query.get("account_id");
    const copied = await copyOf();
    if (copied) wanted.current = copied.account_id;
    await load(copied);
  }

  function choose(id) {
    wanted.current = id;
    load(null);
  }

  useEffect(() => void begin(), []);
  const found = loaded.value;
  if (!found) return html`<div class="panel-body"><${Waiting} /></div>`;
  if (found.error) {
    return html`
      <div class="panel-body">
        <${Notice} kind="bad">${errorText(found.error)}</${Notice}>
        <div><button type="button" onClick=${found.retry}>${t("action.retry")}</button></div>
      </div>`;
  }
  const { account, catalog, copied } = found;
  return html`
    <div class="panel-body">
      ${refusal.current && html`<${Notice} kind="bad">${refusal.current}</${Notice}>`}
      ${!base && context.accounts.length > 1 && html`<${AccountChoice} accounts=${context.accounts} chosen=${account.account_id} choose=${choose} />`}
      ${
        whyNot(account)
          ? html`<${NotEnrolled} account=${account} level=${3} />`
          : html`<${Draft} key=${account.account_id} context=${context} account=${account} catalog=${catalog} base=${base} copied=${copied} close=${close} />`
      }
    </div>`;
}

function AccountChoice({ accounts, chosen, choose }) {
  const field = useMemo(() => {
    const options = accounts.map((each) => [each.account_id, each.name]);
    return new FormField({
      name: "account_id",
      label: t("order.account"),
      type: "select",
      required: true,
      value: chosen,
      options,
    });
  }, []);
  useLayoutEffect(() => field.focus(), []);
  return html`<${Field} of=${field} attributes=${{ onChange: () => choose(field.value.value) }} />`;
}

/** @param {{ context: import("screens").Context, account: import("screens").Account, catalog: import("screens").Catalog, base: string, copied: import("screens").Order | null, close: () => void }} props */
function Draft({ context, account, catalog, base, copied, close }) {
  const { api, accounts, go } = context;
  const { draft, number, note, left, former, isOther } = useMemo(() => beginDraft(account, catalog, base, copied), []);
  const items = useSignal(draft.content.items);
  const key = useSignal(draft.content.key);
  const faults = useSignal([]);
  const warnings = useSignal([]);
  const notice = useSignal(null);
  /**
   * What is open below the items: the `kinds` to choose from, or the form of the item at `index`, null for a new one.
   */
  const chooser = useSignal(null);
  const add = useRef(null);
  const submit = useRef(null);
  const asked = useRef(0); // previews; only the newest counts
  const { isBusy, once } = useOnce();
  const isFull = items.value.length >= MAX_ITEMS;

  useEffect(
    () =>
      effect(() =>
        draft.keep({
          key: key.value,
          items: items.value,
          kinds: former.item_kinds.filter(({ kind }) => items.value.some((each) => each.kind === kind)),
          version: catalog.version,
          note: note.read(),
          purchase_order_number: number.read(),
        }),
      ),
    [],
  );
  useLayoutEffect(() => {
    if (base || accounts.length === 1) (isFull ? submit : add).current.focus();
  }, []);
  useEffect(() => void preview(), []);

  function closeChooser() {
    chooser.value = null;
    const next = items.value.length >= MAX_ITEMS ? submit : add;
    // The items decide which of them are there.
    queueMicrotask(() => next.current?.focus());
  }

  /** Opens the form of a new item, or of the one at `index`. */
  function edit(kind, index = null) {
    if (kindIn(catalog, kind)) chooser.value = { kind, index };
    else notice.value = html`<${Notice} kind="bad">${kindLabel(kind, former)}: ${t("new.unknown_kind")}</${Notice}>`;
  }

  function done(item, index) {
    items.value = index === null ? [...items.value, item] : items.value.with(index, item);
    faults.value = faults.value.filter((each) => indexOf(each) !== index);
    changed(t(index === null ? "new.added" : "new.changed", { item: kindLabel(item.kind, former) }));
  }

  function remove(index) {
    items.value = items.value.toSpliced(index, 1);
    faults.value = [];
    changed(t("new.removed"));
  }

  function changed(text) {
    notice.value = null;
    closeChooser();
    announce(text);
    preview();
  }

  /** Requests the API's errors and warnings for the items; placing checks again. */
  async function preview() {
    asked.current += 1;
    const mine = asked.current;
    const found = await previewOf(items.value.map((item, index) => ({ item, index })));
    if (mine !== asked.current || !found) return;
    faults.value = found.faults;
    warnings.value = found.warnings;
  }

  /** Returns errors and warnings by the places of the items; null where the API does not respond. */
  async function previewOf(placed) {
    if (placed.length === 0) return { faults: [], warnings: [] };
    const moved = (each) => ({
      ...each,
      pointer: each.pointer.replace(/^\/items\/(\d+)/, (_, at) => `/items/${placed[at].index}`),
    });
    try {
      const body = { account_id: account.account_id, items: placed.map(({ item }) => item) };
      const { warnings: known } = await (base
        ? api.post("/desk/orders/preview", { body })
        : api.post("/orders/preview", { body }));
      return { faults: [], warnings: known.map(moved) };
    } catch (error) {
      if (!(error instanceof Problem) && !(error instanceof Unreachable)) throw error;
      const against = (error instanceof Problem ? error.errors : [])
        .filter((each) => indexOf(each) !== null)
        .map(moved);
      const faulty = new Set(against.map(indexOf));
      const rest = faulty.size ? await previewOf(placed.filter(({ index }) => !faulty.has(index))) : null;
      return rest && { faults: [...against, ...rest.faults], warnings: rest.warnings };
    }
  }

  async function send() {
    const open = submit.current.closest(".panel-body").querySelector(".item-form button[type=submit]");
    if (open) {
      notice.value = html`<${Notice} kind="bad">${t("new.open_item", { action: open.textContent })}</${Notice}>`;
      open.focus();
      return;
    }
    notice.value = null;
    const fields = [number, note];
    for (const each of fields) each.show(null);
    const body = {
      account_id: account.account_id,
      items: items.value,
      purchase_order_number: number.read(),
      note: note.read(),
    };
    const headers = { "Idempotency-Key": key.value };
    try {
      const order = await (base ? api.post("/desk/orders", { body, headers }) : api.post("/orders", { body, headers }));
      draft.discard();
      close();
      go(
        base
          ? `${base}/orders/${order.order_id}`
          : `/orders?placed=${order.order_id}${accounts.length > 1 ? "&account=*" : ""}`,
        { replace: true },
      );
      toast(
        t("new.placed", { contact: order.contact.name }),
        html`<a href="${base}/orders/${order.order_id}">${t("new.see_order")}</a>`,
      );
    } catch (error) {
      explain(error);
    }
  }

  function another() {
    key.value = crypto.randomUUID();
    notice.value = null;
  }

  function explain(error) {
    if (error instanceof Problem && error.code === "idempotency_key_reused") {
      // An earlier attempt, whose response was lost, did arrive; what was changed since then is another order.
      notice.value = html`
        <${Notice} kind="warn">
          ${t("new.arrived_before")} <a href=${base || "/orders"}>${t("new.see_orders")}</a> <button class="small" type="button" onClick=${another}>${t("new.another")}</button>
        </${Notice}>`;
      return;
    }
    if (!(error instanceof Problem) || error.errors.length === 0) {
      const again = error instanceof Unreachable || error.status >= 500 ? ` ${t("new.try_again")}` : "";
      notice.value = html`<${Notice} kind="bad">${errorText(error)}${again}</${Notice}>`;
      return;
    }
    const rest = showFaults(error.errors, (pointer) => [number, note].find((each) => pointer === `/${each.name}`));
    faults.value = rest.filter((each) => indexOf(each) !== null);
    const others = rest.filter((each) => indexOf(each) === null);
    notice.value = html`
      <${Notice} kind="bad">
        ${t("new.faulty", { count: error.errors.length })}
        ${others.length > 0 && html`<ul>${others.map((each) => html`<li>${faultText(each)}</li>`)}</ul>`}
      </${Notice}>`;
    const first = faults.value.map(indexOf).sort((one, other) => one - other)[0];
    if (first !== undefined) edit(items.value[first].kind, first);
  }

  function discard() {
    draft.discard();
    close();
  }

  function toggle() {
    if (chooser.value) closeChooser();
    else chooser.value = "kinds";
  }

  return html`
    <${ContactBox} context=${context} account=${account} base=${base} />
    <section>
      <div class="section-head">
        <h3>${t("new.items")}</h3>
        <button type="button" ref=${add} aria-expanded=${String(chooser.value !== null)} hidden=${isFull && !chooser.value} onClick=${toggle}>${t("new.new_item")}</button>
      </div>
      ${isOther && html`<${Notice} kind="warn">${t("new.other_catalog")}</${Notice}>`}
      ${left.length > 0 && html`<${NotCopied} left=${left} sites=${account.sites} />`}
      <div class="draft"><${Items} items=${items.value} faults=${faults.value} warnings=${warnings.value} sites=${account.sites} catalog=${catalog} former=${former} base=${base} edit=${edit} remove=${remove} /></div>
      <div class="chooser">
        ${chooser.value === "kinds" && html`<${Kinds} kinds=${catalog.item_kinds} choose=${edit} />`}
        ${
          chooser.value?.kind &&
          html`
          <${OpenItem} key="${chooser.value.kind}-${chooser.value.index}" ...${chooser.value} items=${items.value} faults=${faults.value} catalog=${catalog} account=${account} done=${done} cancel=${closeChooser} />`
        }
      </div>
    </section>
    <section class="fields"><${Field} of=${number} /><${Field} of=${note} /></section>
    ${notice.value}
    <div class="actions end">
      <${BusyButton} class="primary large" buttonRef=${submit} isBusy=${isBusy.value} disabled=${items.value.length === 0} onClick=${() => once(send)}>
        ${t(isBusy.value ? "new.sending" : "new.submit")}
      </${BusyButton}>
      <button type="button" onClick=${discard}>${t("new.discard")}</button>
    </div>`;
}

/**
 * Returns the saved draft, with the items of the order to be copied as far as there is room; `left` are the others.
 * `former` is the catalog with the words of what it had when the draft was written; `isOther` says that it has changed.
 */
function beginDraft(account, catalog, base, copied) {
  const draft = draftFor(account.account_id, base);
  const { content } = draft;
  const room = MAX_ITEMS - content.items.length;
  if (copied) {
    content.items = [...content.items, ...copied.items.slice(0, room).map((item) => asAsked(item, account))];
    content.kinds = [...(content.kinds ?? []), ...copied.items.filter((each) => each.labels).map(kindFrom)];
    history.replaceState(null, "", location.pathname);
  }
  return {
    draft,
    former: withFormer(catalog, content.kinds),
    isOther: content.items.length > 0 && content.version !== undefined && content.version !== catalog.version,
    left: copied ? copied.items.slice(room) : [],
    number: new FormField({
      name: "purchase_order_number",
      label: t("order.purchase_order_number"),
      value: content.purchase_order_number,
      limits: LIMITS.OrderRequest.purchase_order_number,
      attributes: { autocomplete: "off" },
    }),
    note: new FormField({
      name: "note",
      label: t("order.note"),
      type: "textarea",
      value: content.note,
      limits: LIMITS.OrderRequest.note,
    }),
  };
}

const NotCopied = ({ left, sites }) => html`
  <${Notice} kind="warn">
    ${t("new.not_copied", { count: left.length, most: MAX_ITEMS })}
    <ul>${left.map((item) => html`<li key=${item.item_id}>${itemKind(item)}, ${itemDetail(item, sites)}</li>`)}</ul>
  </${Notice}>`;

/** The kinds of items to choose from; the first one gets the focus unless it `isQuiet`. */
export function Kinds({ kinds, choose, isQuiet = false }) {
  const box = useRef(null);
  useLayoutEffect(() => {
    if (isQuiet) return;
    box.current.querySelector("button").focus();
    box.current.scrollIntoView({ block: "nearest" });
  }, []);
  return html`
    <div class="kinds" role="group" aria-label=${t("new.choose_kind")} ref=${box}>
      ${kinds.map(
        ({ kind, label, labels, help, icon, schema }) => html`
        <button key=${kind} class="kind" type="button" data-kind=${kind} onClick=${() => choose(kind)}>
          <${KindIcon} name=${icon} />
          <span><strong>${inLanguage(labels) ?? label}</strong> <span class="hint">${inLanguage(help) ?? schema.description ?? ""}</span></span>
        </button>`,
      )}
    </div>`;
}

function OpenItem({ kind, index, items, faults, catalog, account, done, cancel }) {
  const isNew = index === null;
  const own = isNew ? [] : faults.filter((each) => indexOf(each) === index);
  return html`
    <${ItemForm} kind=${kindIn(catalog, kind)} catalog=${catalog} item=${isNew ? {} : items[index]}
      account=${account} draft=${items.filter((_, at) => at !== index)} isNew=${isNew}
      faults=${Object.fromEntries(own.map((each) => [each.pointer.split("/")[3], each]))}
      done=${(item) => done(item, index)} cancel=${cancel} />`;
}

/** The items of a draft; `former` has the words for what the `catalog` does not have any more. */
export function Items({
  items,
  faults = [],
  warnings = [],
  sites,
  catalog,
  former = catalog,
  base = "",
  edit,
  remove,
}) {
  if (items.length === 0) return html`<p class="nothing">${t("new.nothing_yet")}</p>`;
  return html`
    <ol class="draft-items">
      ${items.map((item, index) => {
        const found = faults.filter((each) => indexOf(each) === index);
        const known = warnings.find((each) => indexOf(each) === index);
        const kind = kindLabel(item.kind, former);
        const detail = itemDetail(item, sites, former);
        const name = `${kind}, ${detail}`;
        const isGone = !kindIn(catalog, item.kind);
        const texts = isGone ? [t("new.unknown_kind")] : found.map((each) => itemFaultText(each, former));
        return html`
          <li key=${index} class=${texts.length ? "faulty" : undefined}>
            <div class="what">
              <strong>${kind}</strong>
              <span>${detail}</span>
              <span class="hint">${t("item.starts", { date: day(item.start_date) })}</span>
              <${IndicativePrice} item=${item} catalog=${catalog} />
              ${texts.map((text) => html`<span class="fault">${text}</span>`)}
              ${known && html`<span class="twin"><${Duplicate} warning=${known} base=${base} /></span>`}
            </div>
            <div class="actions">
              <button class="small" type="button" aria-label=${t("new.edit_item", { item: name })} onClick=${() => edit(item.kind, index)}>${t("action.edit")}</button>
              <button class="small" type="button" aria-label=${t("new.remove_item", { item: name })} onClick=${() => remove(index)}>${t("action.remove")}</button>
            </div>
          </li>`;
      })}
    </ol>`;
}

/**
 * Who will be asked to approve, with a button to report that this is out of date.
 *
 * @param {{ context: import("screens").Context, account: import("screens").Account, base: string }} props
 */
function ContactBox({ context: { api, me }, account, base }) {
  const { contact } = account.enrollment;
  const isOwn = !base && account.account_id === me.account_id;
  const report = () =>
    ask({
      title: t("contact.report"),
      text: t("contact.report_text", { name: contact.name }),
      fields: [
        new FormField({
          name: "text",
          label: t("contact.what_is_right"),
          type: "textarea",
          required: true,
          limits: LIMITS.ContactReport.text,
        }),
      ],
      action: t("contact.send"),
      act: async ({ text }) => {
        await api.post("/account/contact-report", {
          body: isOwn ? { text } : { text, account_id: account.account_id },
        });
        toast(t("contact.reported"));
      },
    });
  return html`
    <section class="contact-box">
      <p>${t("contact.quote_goes_to")} <strong>${contact.name}</strong> <span class="address">${contact.email}</span></p>
      ${!base && html`<button class="small" type="button" onClick=${report}>${t("contact.out_of_date")}</button>`}
    </section>`;
}

/**
 * Returns why an account cannot order, as the end of a text's key; null if it can.
 *
 * @param {import("screens").Account} account
 */
export function whyNot(account) {
  if (!account.enrollment) return "no_enrollment";
  if (account.enrollment.state !== "active") return "suspended";
  return account.enrollment.contact ? null : "no_contact";
}

/** Says why an account cannot order and what to do about it. `level` is that of the heading. */
export const NotEnrolled = ({ account, level }) => html`
  <${Notice} kind="bad">
    ${level === 2 ? html`<h2>${t("new.not_enrolled")}</h2>` : html`<h3>${t("new.not_enrolled")}</h3>`}
    <p>${t(`new.${whyNot(account)}`)}</p>
    <p>${t("new.what_to_do")}</p>
  </${Notice}>`;

/** Returns an item as it was ordered once, for a new order: a date that has passed becomes today. */
function asAsked(
  { item_id, status, site, labels, start_passed, confirmed_start_date, estimated_start, ...item },
  account,
) {
  const now = today(account.time_zone);
  return { ...item, start_date: item.start_date < now ? now : item.start_date };
}

/** Returns the index of the item that an error points to or below; null for an error elsewhere. */
function indexOf({ pointer }) {
  const match = /^\/items\/(\d+)(\/|$)/.exec(pointer);
  return match ? Number(match[1]) : null;
}
