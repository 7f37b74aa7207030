/** The text modules of the desk: texts that are written often, in every language of the screens. */

import { FormField } from "../../lib/fields.js";
import { LANGUAGES, t } from "../../lib/i18n.js";
import { Field } from "../../lib/ui/field.js";
import { Empty, Trail } from "../../lib/ui/status.js";
import { announce } from "../../lib/ui/toast.js";
import { html, useMemo, useSignal } from "../../lib/view.js";
import { idFrom, SavingFoot, useSaving } from "./settings-form.js";

const USES = ["comment", "message", "decline", "answer"];
const PLACEHOLDERS = ["number", "order_id", "contact", "account", "purchase_order_number", "valid_until", "assignee"];

/** @param {import("screens").Context} context */
export async function showTextModules(context) {
  const { api, can, go, signal } = context;
  const { body, etag } = await api.getWithTag("/desk/text-modules", { signal });
  const modules = body.text_modules;
  const page = can("desk:people")
    ? html`<${ModulesForm} api=${api} modules=${modules} etag=${etag} reload=${() => go("/desk/text-modules", { replace: true })} />`
    : html`<${ModulesList} modules=${modules} />`;
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.text_modules")]]} />
      <div class="title-row"><h1>${t("nav.text_modules")}</h1></div>
      <p class="hint">${t("text_modules.text")}</p>
      <details class="placeholders">
        <summary>${t("text_modules.placeholders")}</summary>
        <dl>${PLACEHOLDERS.map((each) => html`<div key=${each}><dt><code>{${each}}</code></dt><dd>${t(`text_modules.placeholder.${each}`)}</dd></div>`)}</dl>
      </details>
      ${page}
    </div>`;
}

const useLabel = (use) => t(`text_modules.use.${use}`);

/** @param {{ modules: import("screens").TextModule[] }} props */
function ModulesList({ modules }) {
  if (modules.length === 0) return html`<${Empty} title=${t("text_modules.none")} text=${t("teams.ask_lead")} />`;
  return html`
    <ul class="setting-cards">
      ${modules.map(
        ({ module, name, use, texts }) => html`
        <li key=${module} class="card">
          <h2>${name}</h2><p class="hint">${useLabel(use)}</p>
          ${Object.entries(texts).map(([language, text]) => html`<p key=${language} class="said" lang=${language}>${text}</p>`)}
        </li>`,
      )}
    </ul>`;
}

let made = 0;

/** A text module while it is changed; a language without a text has an empty field. */
function editable({ module, name, use, texts }) {
  made += 1;
  const languages = [...new Set([...Object.keys(LANGUAGES), ...Object.keys(texts)])];
  return {
    key: made,
    module,
    name: new FormField({
      name: "name",
      label: t("text_modules.name"),
      required: true,
      value: name,
      limits: { maxLength: 200 },
    }),
    use: new FormField({
      name: "use",
      label: t("text_modules.use"),
      type: "select",
      required: true,
      value: use,
      options: USES.map((each) => [each, useLabel(each)]),
    }),
    texts: Object.fromEntries(
      languages.map((each) => [
        each,
        new FormField({
          name: `text-${each}`,
          label: LANGUAGES[each] ?? each,
          type: "textarea",
          value: texts[each],
          isWide: true,
          limits: { maxLength: 2000 },
          attributes: { lang: each, rows: 4 },
        }),
      ]),
    ),
  };
}

/** @param {{ api: import("screens").Api, modules: import("screens").TextModule[], etag: string | null, reload: () => void }} props */
function ModulesForm({ api, modules, etag, reload }) {
  const edited = useSignal(useMemo(() => modules.map(editable), []));

  function content() {
    const taken = edited.value.map((each) => each.module).filter(Boolean);
    for (const each of edited.value.filter(({ module }) => !module)) {
      each.module = idFrom(each.name.text, taken);
      taken.push(each.module);
    }
    return edited.value.map(({ module, name, use, texts }) => ({
      module,
      name: name.read(),
      use: use.read(),
      texts: Object.fromEntries(
        Object.entries(texts)
          .map(([language, field]) => [language, field.read()])
          .filter(([, text]) => text),
      ),
    }));
  }
  function fieldAt(pointer) {
    const [, index, member, language] = /^\/text_modules\/(\d+)\/(\w+)(?:\/(\w+))?$/.exec(pointer) ?? [];
    const found = edited.value[Number(index ?? -1)];
    if (!found) return undefined;
    if (member === "texts") return found.texts[language] ?? Object.values(found.texts)[0];
    return member === "use" ? found.use : found.name;
  }
  const saving = useSaving({
    etag,
    fields: () => edited.value.flatMap(({ name, use, texts }) => [name, use, ...Object.values(texts)]),
    send: (version) =>
      api.putWithTag("/desk/text-modules", {
        body: { text_modules: content() },
        headers: { "If-Match": version ?? "" },
      }),
    fieldAt,
  });

  function add() {
    const module = editable({ module: "", name: "", use: "comment", texts: {} });
    edited.value = [...edited.value, module];
    setTimeout(() => module.name.focus());
  }
  function remove(module) {
    edited.value = edited.value.filter((each) => each !== module);
    announce(t("text_modules.removed"));
  }

  return html`
    <form novalidate onSubmit=${saving.submit}>
      ${edited.value.length === 0 && html`<${Empty} title=${t("text_modules.none")} text=${t("text_modules.none_text")} />`}
      <ul class="setting-cards wide">
        ${edited.value.map(
          (module) => html`
          <li key=${module.key} class="card">
            <div class="fields"><${Field} of=${module.name} /><${Field} of=${module.use} />${Object.values(module.texts).map((each) => html`<${Field} key=${each.id} of=${each} />`)}</div>
            <button class="small plain" type="button" aria-label=${t("text_modules.remove_of", { name: module.name.text })} onClick=${() => remove(module)}>${t("teams.remove")}</button>
          </li>`,
        )}
      </ul>
      <${SavingFoot} saving=${saving} reload=${reload} add=${add} addText=${t("text_modules.add")} />
    </form>`;
}
