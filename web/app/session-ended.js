/** What is shown over a page whose session has ended: the page stays, with all that was typed, until its reader is back. */

import { freshId, fill, h } from "./dom.js";
import { notice } from "./forms.js";
import { t } from "./words.js";

/** Resolves once the reader has signed in again in another tab; another one who does so begins anew. */
export function sessionEnded(session) {
  return new Promise((resolve) => {
    const heading = freshId("title");
    const said = h("div");
    let trying = new AbortController();
    let isBack = false;

    async function signIn() {
      trying.abort();
      trying = new AbortController();
      const { signal } = trying;
      const path = location.pathname + location.search;
      fill(said, notice("warn", t("ended.waiting")));
      try {
        const isSame = await session.signInElsewhere(signal, (isOpen) => !isOpen && session.signIn(path));
        if (!isSame) return location.assign("/");
      } catch (error) {
        if (signal.aborted) return undefined;
        throw error;
      }
      isBack = true;
      dialog.close();
      return resolve();
    }

    function leave() {
      session.forget();
      location.assign("/");
    }

    const dialog = h("dialog.ask.session-ended", { "aria-labelledby": heading },
      h("div.dialog-head", {}, h("h2", { id: heading }, t("ended.title"))),
      h("div.dialog-body", {},
        h("p", {}, t("ended.text")),
        said,
        h("div.actions", {},
          h("button.primary", { type: "button", onclick: signIn }, t("action.sign_in")),
          h("button", { type: "button", onclick: leave }, t("ended.leave")))));
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    // Browsers let a second Escape through.
    dialog.addEventListener("close", () => (isBack ? dialog.remove() : dialog.showModal()));
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector("button").focus();
  });
}

/** The tab that has signed in for another one. */
export const signedInAgain = () => h("main.alone", {}, h("h1", {}, t("again.title")), h("p", {}, t("again.text")));
