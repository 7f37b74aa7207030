/** A mail as its reader will see it, in a frame that runs nothing, loads nothing and leads nowhere. */

import { h } from "../dom.js";

const LEFT_OUT = new Set(["SCRIPT", "LINK", "META", "BASE", "TITLE", "STYLE", "IFRAME", "FORM"]);

/**
 * The frame, to be put on the page. Its content is built element by element: styles are set by script, which the
 * site's policy allows, whereas it forbids the style attributes that mail programs need.
 */
export function mailFrame(html, title) {
  const frame = h("iframe.mail", { title, sandbox: "allow-same-origin" });
  frame.addEventListener("load", () => fillFrame(frame, html), { once: true });
  return frame;
}

function fillFrame(frame, html) {
  const { contentDocument: inside, contentWindow } = frame;
  const mail = new DOMParser().parseFromString(guarded(html), "text/html");
  const sheet = new contentWindow.CSSStyleSheet();
  sheet.replaceSync([...mail.querySelectorAll("template[data-style]")].map((each) => each.content.textContent).join("\n"));
  inside.adoptedStyleSheets = [sheet];
  inside.documentElement.lang = mail.documentElement.lang;
  inside.body.replaceWith(copyOf(mail.body, inside));
}

/** The same with styles under another name, so that parsing applies none of them. User text holds no quote or tag. */
const guarded = (html) => html.replaceAll(' style="', ' data-style="').replaceAll("<style>", "<template data-style>").replaceAll("</style>", "</template>");

function copyOf(element, inside) {
  const copy = inside.createElement(element.tagName);
  for (const { name, value } of element.attributes) {
    if (name === "data-style") copy.style.cssText = value;
    else if (!name.startsWith("on") && name !== "href" && name !== "src") copy.setAttribute(name, value);
  }
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) copy.append(child.data);
    else if (child.nodeType === Node.ELEMENT_NODE && !LEFT_OUT.has(child.tagName)) copy.append(copyOf(child, inside));
  }
  return copy;
}
