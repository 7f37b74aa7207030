/** Unsaved input, kept in this tab: it survives a reload, a step back, and the end of a session. */

import { t } from "./i18n.js";
import { Notice } from "./ui/status.js";
import { effect, html, useEffect } from "./view.js";

const UNSAVED = "online-orders.unsaved.";
/** Where there is content that was written, or shown again, since the reader chose the account. */
const written = new Set();

/** The storage of one form's content. It is deleted with the tab, on sign-out, and when another user signs in. */
export function unsaved(name) {
  const place = UNSAVED + name;
  return {
    read: () => JSON.parse(sessionStorage.getItem(place) ?? "null"),
    keep: (content) => {
      written.add(place);
      sessionStorage.setItem(place, JSON.stringify(content));
    },
    forget: () => {
      written.delete(place);
      sessionStorage.removeItem(place);
    },
  };
}

/** Returns whether a form has content that was not sent. */
export const isSomethingUnsaved = () => written.size > 0;

/** Leaves what was written where it is, for when its account is chosen again. */
export const leaveUnsaved = () => written.clear();

/**
 * Keeps the result of `content()` with the version `etag` that it started from, while it differs from the first one.
 * `found` is what was kept before. `content()` reads signals, so it is called again whenever one of them changes.
 */
export function useKept(kept, found, etag, content) {
  useEffect(() => {
    let atFirst = found?.atFirst;
    return effect(() => {
      const now = content();
      const text = JSON.stringify(now);
      atFirst ??= text;
      if (text === atFirst) kept.forget();
      else kept.keep({ etag, atFirst, content: now });
    });
  }, []);
}

/** Says that unsaved input was restored; `beginAnew()` drops it. */
export const KeptNotice = ({ beginAnew }) => html`
  <${Notice} kind="warn">${t("unsaved.text")} <button class="small" type="button" onClick=${beginAnew}>${t("unsaved.begin_anew")}</button></${Notice}>`;
