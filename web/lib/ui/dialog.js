/** Modal dialogs, and questions in them. */

import { checkFields, showFaults } from "../fields.js";
import { t } from "../i18n.js";
import { errorText, faultText } from "../problems.js";
import { html, signal, useLayoutEffect, useRef, useSignal } from "../view.js";
import { BusyButton, useOnce } from "./button.js";
import { Field } from "./field.js";
import { Notice } from "./status.js";
import { Announcer } from "./toast.js";

const open = signal([]);
let count = 0;

/**
 * Opens a dialog with the content `content({ close })` and the class `className`. `closed()` is called when the reader
 * has closed it. A dialog that `stays` survives a change of the page, and is closed by `close()` only.
 */
export function openDialog({ className, title, content, closed = () => {}, stays = false }) {
  count += 1;
  open.value = [...open.value, { key: count, className, title, content, closed, stays }];
}

/** Removes the dialogs of a page that the reader leaves. */
export function dropDialogs() {
  open.value = open.value.filter((each) => each.stays);
}

export const isDialogOpen = () => open.value.length > 0;

export const Dialogs = () => open.value.map((each) => html`<${Dialog} key=${each.key} ...${each} name=${each.key} />`);

function Dialog({ name, className, title, content: Content, closed, stays }) {
  const dialog = useRef(null);
  const isDone = useRef(!stays);
  useLayoutEffect(() => dialog.current.showModal(), []);
  function close() {
    isDone.current = true;
    dialog.current?.close();
  }
  function ended() {
    // Browsers let a second Escape through.
    if (!isDone.current) return dialog.current.showModal();
    open.value = open.value.filter((each) => each.key !== name);
    return closed();
  }
  return html`
    <dialog class=${className} aria-labelledby="title-${name}" ref=${dialog} onClose=${ended} onCancel=${(event) => stays && event.preventDefault()}>
      <div class="dialog-head">
        <h2 id="title-${name}" tabindex="-1">${title}</h2>
        ${!stays && html`<button class="plain close" type="button" aria-label=${t("action.close")} onClick=${close}>✕</button>`}
      </div>
      <${Content} close=${close} />
      <${Announcer} />
    </dialog>`;
}

/**
 * Asks in a dialog; `tools(fields)` returns what stands above the fields. `act(values)` does what was asked, with the values of `fields`; its error is shown, at a field where
 * its pointer names one, or `places`, {code: field}, for errors without a pointer.
 */
export function ask({ title, ...question }) {
  openDialog({ className: "ask", title, content: ({ close }) => html`<${Question} ...${question} close=${close} />` });
}

function Question({ text, fields = [], tools = (_fields) => null, places = {}, action, danger = false, act, close }) {
  const refusal = useSignal(null);
  const { isBusy, once } = useOnce();
  const attempt = async () => {
    refusal.value = null;
    if (!checkFields(fields)) return;
    try {
      await act(Object.fromEntries(fields.map((each) => [each.name, each.read()])));
      close();
    } catch (error) {
      const faults = error.errors ?? [];
      const rest = showFaults(faults, (pointer) => fields.find((each) => pointer.endsWith(`/${each.name}`)));
      const place = places[error.code];
      place?.show(errorText(error));
      place?.focus();
      if (rest.length) refusal.value = rest.map(faultText).join(" ");
      else if (!faults.length && !place) refusal.value = errorText(error);
    }
  };
  function submit(event) {
    event.preventDefault();
    return once(attempt);
  }
  return html`
    <form novalidate onSubmit=${submit}>
      ${text && html`<p>${text}</p>`}
      ${refusal.value && html`<${Notice} kind="bad">${refusal.value}</${Notice}>`}
      ${tools(fields)}
      ${fields.map((each, index) => html`<${Field} key=${each.id} of=${each} attributes=${index === 0 ? { autofocus: true } : {}} />`)}
      <div class="actions">
        <${BusyButton} type="submit" class=${danger ? "danger" : "primary"} isBusy=${isBusy.value} autofocus=${fields.length === 0}>${action}</${BusyButton}>
        <button type="button" onClick=${close}>${t("action.cancel")}</button>
      </div>
    </form>`;
}
