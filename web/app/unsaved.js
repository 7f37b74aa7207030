/** What was typed and not sent yet, kept in this tab: it outlives a reload, a step back, and the end of a session. */

import { h } from "./dom.js";
import { notice } from "./forms.js";
import { t } from "./words.js";

/** The place of one form's content. It goes with the tab, when its reader signs out, and when another one comes. */
export function unsaved(name) {
  const place = `online-orders.unsaved.${name}`;
  return {
    read: () => JSON.parse(sessionStorage.getItem(place) ?? "null"),
    keep: (content) => sessionStorage.setItem(place, JSON.stringify(content)),
    forget: () => sessionStorage.removeItem(place),
  };
}

/**
 * Keeps what `content()` answers, with the version `etag` that it began from, as long as it is not what it was at first.
 * `found` is what was kept before.
 */
export function keepTyping(form, kept, found, etag, content) {
  const atFirst = found?.atFirst ?? JSON.stringify(content());
  function keep() {
    const now = content();
    if (JSON.stringify(now) === atFirst) kept.forget();
    else kept.keep({ etag, atFirst, content: now });
  }
  form.addEventListener("input", keep);
  form.addEventListener("click", (event) => event.target.closest("button[type=button]") && keep());
}

/** Says that something is here again; `beginAnew()` drops it, and the form that the button stands in keeps it no more. */
export const keptNotice = (beginAnew) =>
  notice("warn", t("unsaved.text"), " ", h("button.small", { type: "button", onclick: (event) => { event.stopPropagation(); beginAnew(); } }, t("unsaved.begin_anew")));
