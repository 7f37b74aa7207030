/** Saved views of the queue: filters under a name, of the reader alone or shared with everybody at the desk. */

import { FormField } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { t } from "../../lib/i18n.js";
import { ask } from "../../lib/ui/dialog.js";
import { announce, toast } from "../../lib/ui/toast.js";
import { html, useSignal } from "../../lib/view.js";

/** Returns what makes a query equal to another one. */
const keyOf = (query) =>
  JSON.stringify(
    Object.entries(query)
      .filter(([, value]) => value)
      .toSorted(([one], [other]) => one.localeCompare(other)),
  );

/**
 * `first` are the views; `query` is that of the address now, and `show(query)` shows another one.
 *
 * @param {{ context: import("screens").Context, first: import("screens").SavedView[], query: Record<string, string>, show: (query: Record<string, string>) => void }} props
 */
export function Views({ context: { api, can, me }, first, query, show }) {
  const views = useSignal(first);
  const chosenId = useSignal(first.find((each) => keyOf(each.query) === keyOf(query))?.view_id);
  const chosen = views.value.find((each) => each.view_id === chosenId.value);
  const isMine = chosen && (chosen.owner.user_id === me.user_id || can("desk:people"));
  const present = Object.fromEntries(Object.entries(query).filter(([, value]) => value));

  function choose(view) {
    chosenId.value = view.view_id;
    show(view.query);
    announce(t("views.shown", { name: view.name }));
  }

  /** Puts a saved view in its place in the list, by name. */
  function keep(view) {
    const others = views.value.filter((each) => each.view_id !== view.view_id);
    views.value = [...others, view].toSorted((one, other) => one.name.localeCompare(other.name));
    chosenId.value = view.view_id;
    toast(t("views.saved", { name: view.name }));
  }

  const fieldsFor = (view) => [
    new FormField({
      name: "name",
      label: t("views.name"),
      required: true,
      value: view?.name,
      limits: LIMITS.NewView.name,
    }),
    ...(can("desk:orders")
      ? [new FormField({ name: "shared", label: t("views.shared"), type: "checkbox", value: view?.shared ?? false })]
      : []),
  ];

  const save = () =>
    ask({
      title: t("views.save"),
      text: t("views.save_text"),
      fields: fieldsFor(null),
      action: t("action.save"),
      act: async ({ name, shared = false }) =>
        keep(await api.post("/desk/views", { body: { name, shared, query: present } })),
    });

  const change = () =>
    ask({
      title: t("views.change"),
      text: t("views.change_text"),
      fields: fieldsFor(chosen),
      action: t("action.save"),
      act: async ({ name, shared = false }) => {
        const path = { view_id: chosen.view_id };
        keep(await api.put("/desk/views/{view_id}", { path, body: { name, shared, query: present } }));
      },
    });

  const remove = () =>
    ask({
      title: t("views.delete"),
      text: t(chosen.shared ? "views.delete_shared_text" : "views.delete_text", { name: chosen.name }),
      action: t("views.delete"),
      danger: true,
      act: async () => {
        await api.delete("/desk/views/{view_id}", { path: { view_id: chosen.view_id } });
        views.value = views.value.filter((each) => each !== chosen);
        chosenId.value = undefined;
        toast(t("views.deleted"));
      },
    });

  const isShown = (view) => view === chosen && keyOf(view.query) === keyOf(query);
  return html`
    <div class="views" role="group" aria-label=${t("views.title")}>
      ${views.value.map(
        (view) => html`
        <button key=${view.view_id} class="choice" type="button" aria-pressed=${String(isShown(view))} title=${view.shared ? t("views.shared_by", { email: view.owner.email }) : undefined} onClick=${() => choose(view)}>${view.name}</button>`,
      )}
      <button key="save" class="small plain" type="button" onClick=${save}>${t("views.save")}</button>
      ${isMine && html`<button key="change" class="small plain" type="button" onClick=${change}>${t("views.change")}</button><button key="delete" class="small plain" type="button" onClick=${remove}>${t("views.delete")}</button>`}
    </div>`;
}
