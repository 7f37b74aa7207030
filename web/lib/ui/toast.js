/** Short messages, and announcements for screen readers. */

import { html, signal, useLayoutEffect, useRef } from "../view.js";

const SHOWN_MILLISECONDS = 8_000;
const shown = signal(null);
const announced = signal("");

/** Announces a text to screen readers. */
export function announce(text) {
  announced.value = "";
  setTimeout(() => {
    announced.value = text;
  }, 100);
}

/** The live region for announcements. Each modal dialog has one of its own, since regions outside of it are silent. */
export const Announcer = () =>
  html`<div class="visually-hidden" role="status" aria-live="polite">${announced.value}</div>`;

/** Shows a short message that disappears by itself, or when the next one comes; `link` is an element. */
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
