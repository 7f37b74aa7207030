/** Labeled fields that show their faults, and dialogs made of them. */

import { announce, freshId, h, isBusy, setBusy } from "./dom.js";
import { Problem, Unreachable } from "./api.js";
import { parseWhole } from "./money.js";
import { day, either, number, t } from "./words.js";

/** From this part of its longest on, the length of a text is shown. */
const COUNTED_FROM = 0.9;

/** What went wrong, for people. */
export function reasonOf(error) {
  if (error instanceof Unreachable) return t("error.unreachable");
  if (error instanceof Problem) return either(`error.${error.code}`, error.message || t("error.internal_error"));
  return t("error.internal_error");
}

/** One fault of a 422, for people. */
export const faultText = (fault) => either(`fault.${fault.code}`, fault.detail);

/**
 * A labeled control. `type` is an input's, or `integer`, or `select` with `options` [[value, text]], or `textarea`.
 * `read()` is the control's value as the API wants it, null for an empty one; `fault(text)` shows or clears a fault.
 * A text longer than `maxlength` of `more` is counted and refused, and never cut, as browsers cut what is pasted.
 * A number is typed in digits alone, between `min` and `max` of `more`: browsers' own fields for numbers take 1e3, too.
 * A value that the options do not have becomes one of them: what is stored is shown, and stays.
 * `notes` are the lines below the control; where that is too narrow for them, they can be put elsewhere.
 */
export function field({ name, label, type = "text", value = "", hint, required = false, options, more = {}, wide = false }) {
  const id = freshId(name);
  const { min, max, maxlength, ...attributes } = more;
  const isWhole = type === "integer";
  const common = { id, name, required, "aria-describedby": `${id}-notes`, ...attributes, ...(isWhole ? {} : { min, max }) };
  let control;
  if (type === "select") {
    const stored = String(value ?? "");
    const isUnknown = stored !== "" && !options.some(([each]) => String(each) === stored);
    control = h("select", common, [...options, ...(isUnknown ? [[stored, stored]] : [])].map(([each, text]) => h("option", { value: each }, text)));
    control.value = stored;
    if (control.selectedIndex < 0) control.selectedIndex = 0;
  } else if (type === "textarea") {
    control = h("textarea", { rows: 3, ...common, value: value ?? "" });
  } else if (type === "checkbox") {
    control = h("input", { ...common, type, checked: Boolean(value) });
  } else if (isWhole) {
    control = h("input", { inputmode: "numeric", autocomplete: "off", ...common, type: "text", value: String(value ?? "") });
  } else {
    control = h("input", { ...common, type, value: value === null || value === undefined ? "" : String(value) });
  }
  const faultLine = h("span.fault", { hidden: true });
  const hintLine = h("span.hint", {}, hint ?? "");
  hintLine.hidden = !hint;
  const caption = h("label", { for: id }, label, required ? null : h("span.optional", {}, ` ${t("form.optional")}`));
  const countLine = h("span.hint", { hidden: true });
  const notes = h("span.notes", { id: `${id}-notes` }, faultLine, hintLine, countLine);
  const root = type === "checkbox"
    ? h("div.field.check", {}, control, h("label", { for: id }, label), notes)
    : h(wide ? "div.field.wide" : "div.field", {}, caption, control, notes);

  function fault(text) {
    faultLine.textContent = text ?? "";
    faultLine.hidden = !text;
    control.toggleAttribute("aria-invalid", false);
    if (text) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }

  function read() {
    if (type === "checkbox") return control.checked;
    const text = control.value.trim();
    if (text === "") return null;
    return isWhole ? parseWhole(text) ?? text : text;
  }

  function sayHint(text) {
    hintLine.textContent = text ?? "";
    hintLine.hidden = !text;
  }

  /** As the API counts: what is around a text does not belong to it, and a character is one, however it is coded. */
  const length = () => [...control.value.trim()].length;

  function sayLength() {
    const count = length();
    countLine.hidden = count < maxlength * COUNTED_FROM;
    countLine.textContent = countLine.hidden ? "" : t("form.length", { count: number(count), max: number(maxlength) });
  }

  /** The fault that the browser itself finds, in the reader's language; null if there is none. */
  function ownFault() {
    const { validity } = control;
    const isEmpty = type !== "checkbox" && control.value.trim() === "";
    if (validity.valueMissing || (isEmpty && control.required)) return t("fault.required");
    if (isWhole && !isEmpty) return wholeFault(parseWhole(control.value), min, max);
    if (maxlength !== undefined && length() > maxlength) return t("fault.longer_than", { max: number(maxlength), more: number(length() - maxlength) });
    if (validity.valid) return null;
    if (validity.rangeUnderflow) return t("fault.date_before", { min: day(control.min) });
    if (validity.rangeOverflow) return t("fault.date_after", { max: day(control.max) });
    return t("fault.malformed");
  }

  control.addEventListener("input", () => fault(null));
  if (maxlength !== undefined) {
    control.addEventListener("input", sayLength);
    sayLength();
  }
  return { root, control, notes, name, fault, read, sayHint, ownFault };
}

function wholeFault(value, min, max) {
  if (value === null) return t("fault.whole_number");
  if (min !== undefined && value < min) return t("fault.at_least", { min });
  return max !== undefined && value > max ? t("fault.at_most", { max }) : null;
}

/** Shows what the browser finds wrong; answers whether all is well, and puts the focus on the first fault. */
export function checkFields(fields) {
  const faulty = fields.filter((each) => {
    const found = each.ownFault();
    each.fault(found);
    return found;
  });
  faulty[0]?.control.focus();
  return faulty.length === 0;
}

/**
 * Shows the faults of a Problem at the fields that `at(pointer)` finds; answers what no field could take.
 */
export function showFaults(errors, at) {
  let first = null;
  const rest = errors.filter((each) => {
    const found = at(each.pointer);
    if (!found) return true;
    found.fault(faultText(each));
    first ??= found;
    return false;
  });
  first?.control.focus();
  return rest;
}

export function notice(kind, ...children) {
  return h(`div.notice.${kind}`, kind === "bad" ? { role: "alert" } : {}, ...children);
}

/** A modal dialog; answers it, open. Its element is removed when it closes. */
export function openDialog(selector, title, ...children) {
  const heading = freshId("title");
  const dialog = h(
    selector,
    { "aria-labelledby": heading },
    h("header.dialog-head", {}, h("h2", { id: heading, tabindex: "-1" }, title),
      h("button.plain.close", { type: "button", "aria-label": t("action.close"), onclick: () => dialog.close() }, "✕")),
    children,
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * Asks in a dialog. `fields` are built by `field`; `act(values)` does what was asked for, and its refusal is shown.
 */
export function ask({ title, text, fields = [], action, danger = false, act }) {
  const said = h("div");
  const submit = h(danger ? "button.danger" : "button.primary", { type: "submit" }, action);
  const form = h(
    "form",
    { novalidate: true },
    text && h("p", {}, text),
    said,
    fields.map((each) => each.root),
    h("div.actions", {}, submit, h("button", { type: "button", onclick: () => dialog.close() }, t("action.cancel"))),
  );
  const dialog = openDialog("dialog.ask", title, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.replaceChildren();
    if (isBusy(submit) || !checkFields(fields)) return;
    setBusy(submit, true);
    try {
      await act(Object.fromEntries(fields.map((each) => [each.name, each.read()])));
      dialog.close();
    } catch (error) {
      const rest = showFaults(error.errors ?? [], (pointer) => fields.find((each) => pointer.endsWith(`/${each.name}`)));
      if (rest.length || !(error.errors?.length)) said.append(notice("bad", rest.length ? rest.map(faultText).join(" ") : reasonOf(error)));
    } finally {
      setBusy(submit, false);
    }
  });
  (fields[0]?.control ?? submit).focus();
  return dialog;
}

/** A short message that goes by itself, or when the next one comes. */
export function toast(text, link) {
  for (const before of document.querySelectorAll(".toast")) before.remove();
  const box = h("div.toast", { popover: "manual" }, h("span", {}, text), link);
  document.body.append(box);
  box.showPopover(); // above a dialog, too
  announce(text);
  setTimeout(() => box.remove(), 8_000);
}
