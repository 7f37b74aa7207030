/** New Order as an account will see it, once a draft of the catalog is published. Nothing is ordered. */

import { checkFields, FormField } from "../../lib/fields.js";
import { t } from "../../lib/i18n.js";
import { kindIn } from "../../lib/orders/describe.js";
import { errorText, faultText } from "../../lib/problems.js";
import { ActionButton } from "../../lib/ui/button.js";
import { openDialog } from "../../lib/ui/dialog.js";
import { Field } from "../../lib/ui/field.js";
import { Notice, Waiting } from "../../lib/ui/status.js";
import { html, useEffect, useMemo, useSignal } from "../../lib/view.js";
import { ItemForm } from "../customer/item-form.js";
import { Items, Kinds } from "../customer/new-order.js";

/** @param {import("screens").Context} context */
export function openPreview(context, document) {
  const content = () => html`<${Preview} context=${context} document=${document} />`;
  openDialog({ className: "sheet", title: t("catalog.preview_title"), content });
}

/** @param {{ context: import("screens").Context, document: any }} props */
function Preview({ context: { api, signal }, document }) {
  const accounts = useSignal([]);
  const loaded = useSignal(null);
  const refusal = useSignal(null);
  const field = useMemo(
    () =>
      new FormField({
        name: "account_id",
        label: t("queue.account_hint"),
        required: true,
        attributes: { list: "preview-accounts", autocomplete: "off", spellcheck: false },
      }),
    [],
  );

  async function show(id) {
    refusal.value = null;
    try {
      const [account, { catalog }] = await Promise.all([
        api.get("/desk/accounts/{account_id}", { path: { account_id: id }, signal }),
        api.post("/desk/catalog/preview", { body: { catalog: document, account_id: id }, signal }),
      ]);
      loaded.value = { account, catalog };
    } catch (error) {
      if (signal.aborted) return;
      loaded.value = null;
      refusal.value = (error.errors ?? []).map(faultText).join(" ") || errorText(error);
    }
  }

  async function begin() {
    try {
      const page = await api.get("/desk/accounts", { query: { limit: 100 }, signal });
      accounts.value = page.items;
      const first = page.items.find((each) => each.enrollment?.contact) ?? page.items[0];
      if (!first) return;
      field.value.value = first.account_id;
      await show(first.account_id);
    } catch (error) {
      if (!signal.aborted) refusal.value = errorText(error);
    }
  }

  useEffect(() => void begin(), []);
  const choose = () => checkFields([field]) && show(field.text);
  function submit(event) {
    event.preventDefault();
    choose();
  }
  return html`
    <div class="panel-body">
      <p class="hint">${t("catalog.preview_text")}</p>
      <form class="preview-account" novalidate onSubmit=${submit}>
        <${Field} of=${field} hint=${loaded.value?.account.name ?? ""} />
        <${ActionButton} act=${async () => choose()}>${t("catalog.preview_show")}</${ActionButton}>
        <datalist id="preview-accounts">${accounts.value.map((each) => html`<option key=${each.account_id} value=${each.account_id}>${each.name}</option>`)}</datalist>
      </form>
      ${refusal.value && html`<${Notice} kind="bad">${refusal.value}</${Notice}>`}
      ${!loaded.value && !refusal.value && html`<${Waiting} />`}
      ${loaded.value && html`<${Tried} key=${loaded.value.account.account_id} ...${loaded.value} />`}
    </div>`;
}

/** The form with a draft that goes nowhere. */
function Tried({ account, catalog }) {
  const items = useSignal([]);
  /** The form of a new item of a `kind`, or of the item at `index`; null where the kinds are shown. */
  const open = useSignal(null);
  const close = () => {
    open.value = null;
  };
  function done(item) {
    const { index } = open.value;
    items.value = index === null ? [...items.value, item] : items.value.with(index, item);
    close();
  }
  const remove = (index) => {
    items.value = items.value.toSpliced(index, 1);
  };
  const { kind, index } = open.value ?? {};
  return html`
    <section>
      <h3>${t("new.items")}</h3>
      <div class="draft"><${Items} items=${items.value} sites=${account.sites} catalog=${catalog} edit=${(each, at) => {
        open.value = { kind: each, index: at };
      }} remove=${remove} /></div>
      ${
        kind
          ? html`
            <${ItemForm} key="${kind}-${index}" kind=${kindIn(catalog, kind)} catalog=${catalog} item=${index === null ? {} : items.value[index]} account=${account}
              draft=${items.value.filter((_, at) => at !== index)} faults=${{}} isNew=${index === null} done=${done} cancel=${close} />`
          : html`<${Kinds} kinds=${catalog.item_kinds} isQuiet choose=${(each) => {
              open.value = { kind: each, index: null };
            }} />`
      }
      ${catalog.item_kinds.length === 0 && html`<p class="nothing">${t("catalog.preview_nothing", { account: account.name })}</p>`}
    </section>`;
}
