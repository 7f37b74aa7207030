/** Buttons whose action takes a while. */

import { html, useSignal } from "../view.js";

/** Runs one action at a time: a call during another one, as by a double click, is ignored. */
export function useOnce() {
  const isBusy = useSignal(false);
  async function once(act) {
    if (isBusy.peek()) return;
    isBusy.value = true;
    try {
      await act();
    } finally {
      isBusy.value = false;
    }
  }
  return { isBusy, once };
}

/** A button that is busy until `act` is done. It keeps the focus meanwhile, which a disabled one would lose. */
export function ActionButton({ act, children, ...attributes }) {
  const { isBusy, once } = useOnce();
  return html`<${BusyButton} isBusy=${isBusy.value} onClick=${() => once(act)} ...${attributes}>${children}</${BusyButton}>`;
}

export const BusyButton = ({ isBusy, buttonRef, children, ...attributes }) =>
  html`<button type="button" ref=${buttonRef} aria-disabled=${isBusy ? "true" : undefined} ...${attributes}>${children}</button>`;
