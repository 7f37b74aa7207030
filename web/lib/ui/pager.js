/** Pagination of a list, and the choices of its filters. */

import { t } from "../i18n.js";
import { html } from "../view.js";

/**
 * `pages`: where the reader is, and `page` what he sees: `isFirst`, and the `next_cursor` of the page after. `turn(how)`
 * shows the page that `how` leads to.
 */
export const Pager = ({ pages, page, turn, back, on }) => html`
  <nav class="pages" aria-label=${t("list.pages")}>
    ${!page.isFirst && html`<button type="button" onClick=${() => turn(() => pages.newer())}>${back}</button>`}
    ${page.next_cursor && html`<button class="later" type="button" onClick=${() => turn(() => pages.older(page.next_cursor))}>${on}</button>`}
  </nav>`;

/** Buttons of which one is pressed; `options` are [value, text]. */
export const Choices = ({ label, options, value, choose }) => html`
  <div class="choices" role="group" aria-label=${label}>
    ${options.map(([each, text]) => html`<button key=${each} class="choice" type="button" aria-pressed=${String(each === value)} onClick=${() => choose(each)}>${text}</button>`)}
  </div>`;
