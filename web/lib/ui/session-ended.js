/**
 * The dialog over a page whose session has ended: the page stays, with all that was typed, until the reader signs in
 * again.
 */

import { t } from "../i18n.js";
import { html, useRef, useSignal } from "../view.js";
import { openDialog } from "./dialog.js";
import { Notice } from "./status.js";

/** Resolves once the reader has signed in again in another tab; after another user's sign-in the page is reloaded. */
export function sessionEnded(session) {
  return new Promise((resolve) => {
    const content = ({ close }) => {
      const back = () => {
        close();
        resolve();
      };
      return html`<${SignInAgain} session=${session} back=${back} />`;
    };
    openDialog({ className: "ask session-ended", title: t("ended.title"), content, stays: true });
  });
}

function SignInAgain({ session, back }) {
  const isWaiting = useSignal(false);
  const trying = useRef(new AbortController());

  async function signIn() {
    trying.current.abort();
    trying.current = new AbortController();
    const { signal } = trying.current;
    const path = location.pathname + location.search;
    isWaiting.value = true;
    try {
      const isSame = await session.signInElsewhere(signal, (isOpen) => !isOpen && session.signIn(path, session.as));
      if (!isSame) return location.assign("/");
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
    return back();
  }

  function leave() {
    session.forget();
    location.assign("/");
  }

  return html`
    <div class="dialog-body">
      <p>${t("ended.text")}</p>
      ${isWaiting.value && html`<${Notice} kind="warn">${t("ended.waiting")}</${Notice}>`}
      <div class="actions">
        <button class="primary" type="button" autofocus onClick=${signIn}>${t("action.sign_in")}</button>
        <button type="button" onClick=${leave}>${t("ended.leave")}</button>
      </div>
    </div>`;
}

/** The page of the tab that has signed in for another one. */
export const SignedInAgain = () =>
  html`<main class="alone"><h1>${t("again.title")}</h1><p>${t("again.text")}</p></main>`;
