/** What was typed and not sent yet, kept in this tab: it outlives a reload, a step back, and the end of a session. */

import { t } from "./i18n.js";
import { Notice } from "./ui/status.js";
import { effect, html, useEffect } from "./view.js";

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
 * `found` is what was kept before. `content()` reads signals, so it is asked again whenever one of them changes.
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

/** Says that something is here again; `beginAnew()` drops it. */
export const KeptNotice = ({ beginAnew }) => html`
  <${Notice} kind="warn">${t("unsaved.text")} <button class="small" type="button" onClick=${beginAnew}>${t("unsaved.begin_anew")}</button></${Notice}>`;
