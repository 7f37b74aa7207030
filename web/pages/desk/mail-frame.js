/** A mail as its reader will see it, in a frame that runs nothing, loads nothing and leads nowhere. */

import { html } from "../../lib/view.js";

const LEFT_OUT = new Set(["SCRIPT", "LINK", "META", "BASE", "TITLE", "STYLE", "IFRAME", "FORM"]);

/**
 * The frame. Its content is built element by element: styles are set by script, which the site's policy allows, whereas
 * it forbids the style attributes that mail programs need.
 */
export const MailFrame = ({ mail, title }) =>
  html`<iframe class="mail" title=${title} sandbox="allow-same-origin" onLoad=${(event) => fillFrame(event.currentTarget, mail)}></iframe>`;

function fillFrame(frame, text) {
  const { contentDocument: inside, contentWindow } = frame;
  const mail = new DOMParser().parseFromString(guarded(text), "text/html");
  const sheet = new contentWindow.CSSStyleSheet();
  sheet.replaceSync(
    [.../** @type {NodeListOf<HTMLTemplateElement>} */ (mail.querySelectorAll("template[data-style]"))]
      .map((each) => each.content.textContent)
      .join("\n"),
  );
  inside.adoptedStyleSheets = [sheet];
  inside.documentElement.lang = mail.documentElement.lang;
  inside.body.replaceWith(copyOf(mail.body, inside));
}

/**
 * Returns the HTML with styles under another name, so that parsing applies none. User text contains no quote or tag.
 */
const guarded = (text) =>
  text
    .replaceAll(' style="', ' data-style="')
    .replaceAll("<style>", "<template data-style>")
    .replaceAll("</style>", "</template>");

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
