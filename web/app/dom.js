/**
 * Makes an element: `h("p.hint", {id: "x", onclick: act}, "text", child, [more])`.
 * Properties that begin with "on" are listeners, those of value null, undefined or false are left out. Text is always
 * text, never markup.
 */
export function h(selector, properties = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** Replaces what `element` holds; what has the focus keeps it where its `data-key` or id is found again. */
export function fill(element, ...children) {
  const active = document.activeElement;
  const held = active && active !== document.body && element.contains(active) ? active : null;
  const again = held && (held.dataset.key ? `[data-key="${CSS.escape(held.dataset.key)}"]` : held.id && `#${CSS.escape(held.id)}`);
  element.replaceChildren();
  append(element, children);
  if (again) element.querySelector(again)?.focus({ preventScroll: true });
  return element;
}

let announcer = null;

/** Says something to those who do not see the screen. Outside of a modal dialog nothing is heard. */
export function announce(text) {
  announcer ??= document.getElementById("announcer");
  announcer.textContent = "";
  setTimeout(() => {
    const open = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;
    if (announcer.parentElement !== open) open.append(announcer);
    setTimeout(() => (announcer.textContent = text), 50);
  }, 50);
}

/** Marks a button whose work is not done yet. It keeps the focus, which a disabled one would lose. */
export function setBusy(button, busy) {
  if (busy) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}

export const isBusy = (button) => button.getAttribute("aria-disabled") === "true";

let notes = 0;

/** An id that no other element has. */
export function freshId(prefix) {
  notes += 1;
  return `${prefix}-${notes}`;
}

/** Hands a file to the browser to keep. */
export const save = (blob, name) => handOver(blob, { download: name });

/** Has the browser show a file in a tab of its own. */
export const openBlob = (blob) => handOver(blob, { target: "_blank", rel: "noopener" });

function handOver(blob, how) {
  const address = URL.createObjectURL(blob);
  const link = h("a", { href: address, ...how });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
