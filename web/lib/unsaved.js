/** Unsaved input, kept in this tab: it survives a reload, a step back, and the end of a session. */

import { t } from "./i18n.js";
import { Notice } from "./ui/status.js";
import { effect, html, useEffect } from "./view.js";

/** The storage of one form's content. It is deleted with the tab, on sign-out, and when another user signs in. */
export function unsaved(name) {
  const place = `online-orders.unsaved.${name}`;
  return {
    read: () => JSON.parse(sessionStorage.getItem(place) ?? "null"),
    keep: (content) => sessionStorage.setItem(place, JSON.stringify(content)),
    forget: () => sessionStorage.removeItem(place),
  };
}

/**
 * Keeps the result of `content()` with the version `etag` that it started from, while it differs from the first one.
 * `found` is what was kept before. `content()` reads signals, so it is called again whenever one of them changes.
 */
export function useKept(kept, found, etag, content) {
  useEffect(() => {
    let atFirst = found?.atFirst;
    return effect(() => {
      const now = content();
      const written = JSON.stringify(now);
      atFirst ??= written;
      if (written === atFirst) kept.forget();
      else kept.keep({ etag, atFirst, content: now });
    });
  }, []);
}

/** Says that unsaved input was restored; `beginAnew()` drops it. */
export const KeptNotice = ({ beginAnew }) => html`
  <${Notice} kind="warn">${t("unsaved.text")} <button class="small" type="button" onClick=${beginAnew}>${t("unsaved.begin_anew")}</button></${Notice}>`;
