/** The questions of the contact person about the quote, and their answers. */

import { instant, t } from "../i18n.js";
import { html } from "../view.js";

/**
 * A card with the questions about the current revision; nothing without any. `reply(question)` returns what stands below
 * an open one.
 *
 * @param {{ order: import("screens").Order | import("screens").DeskOrder, reply?: (question: any) => any }} props
 */
export function Questions({ order, reply = () => html`<p class="hint">${t("question.waits")}</p>` }) {
  const questions = order.questions ?? [];
  if (questions.length === 0) return null;
  return html`
    <section class="card questions">
      <h2>${t("question.title")}</h2>
      <ol class="timeline">
        ${questions.map(
          (question) => html`
          <li key=${question.sequence} class="by-contact comment">
            <p class="said">${question.text}</p>
            <p class="hint">${question.name ?? t("actor.contact")} · <time datetime=${question.at}>${instant(question.at)}</time></p>
            ${question.answer ? html`<${Answer} answer=${question.answer} />` : reply(question)}
          </li>`,
        )}
      </ol>
    </section>`;
}

const Answer = ({ answer: { at, by, text } }) => html`
  <div class="answer">
    <p class="said">${text}</p>
    <p class="hint">${by ?? t("actor.customer_success")} · <time datetime=${at}>${instant(at)}</time></p>
  </div>`;
