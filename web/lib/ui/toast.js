/** What is said in passing: short messages, and words for those who do not see the screen. */

import { html, signal, useLayoutEffect, useRef } from "../view.js";

const SHOWN_MILLISECONDS = 8_000;
const shown = signal(null);
const announced = signal("");

/** Says something to those who do not see the screen. */
export function announce(text) {
  announced.value = "";
  setTimeout(() => {
    announced.value = text;
  }, 100);
}

/** Where that is read. Outside of a modal dialog nothing is heard, so each dialog has one of its own. */
export const Announcer = () =>
  html`<div class="visually-hidden" role="status" aria-live="polite">${announced.value}</div>`;

/** Shows a short message that goes by itself, or when the next one comes; `link` is an element. */
export function toast(text, link = null) {
  const message = { text, link };
  shown.value = message;
  announce(text);
  setTimeout(() => {
    if (shown.value === message) shown.value = null;
  }, SHOWN_MILLISECONDS);
}

let count = 0;

export function Toast() {
  const message = shown.value;
  if (message) message.key ??= count += 1;
  return message && html`<${Popover} key=${message.key} message=${message} />`;
}

function Popover({ message }) {
  const box = useRef(null);
  useLayoutEffect(() => box.current.showPopover(), []); // above a dialog, too
  return html`<div class="toast" popover="manual" ref=${box}><span>${message.text}</span>${message.link}</div>`;
}
