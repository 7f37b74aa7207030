/** The questions of the contact person at the desk: the oldest open one can be answered. */

import { checkFields, FormField } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { t } from "../../lib/i18n.js";
import { may } from "../../lib/orders/describe.js";
import { Questions } from "../../lib/orders/questions.js";
import { errorText, isOutdated } from "../../lib/problems.js";
import { BusyButton, useOnce } from "../../lib/ui/button.js";
import { Field } from "../../lib/ui/field.js";
import { Notice } from "../../lib/ui/status.js";
import { toast } from "../../lib/ui/toast.js";
import { unsaved } from "../../lib/unsaved.js";
import { effect, html, useEffect, useMemo, useSignal } from "../../lib/view.js";
import { TextModuleChoice } from "./text-module-choice.js";

/** @param {{ context: import("screens").Context, order: import("screens").DeskOrder, modules: import("screens").FilledTextModule[], path: { order_id: string }, again: () => Promise<void> }} props */
export function DeskQuestions({ context: { api }, order, modules, path, again }) {
  const oldest = (order.questions ?? []).find((question) => !question.answer);
  const send = async (text) => {
    await api.post("/desk/orders/{order_id}/answer", {
      path,
      body: { text },
      headers: { "If-Match": `"${order.version}"` },
    });
    toast(t("question.answered"));
  };
  const reply = (question) =>
    question === oldest && may(order, "answer")
      ? html`<${AnswerForm} key=${question.sequence} place="answer.${order.order_id}.${question.sequence}" modules=${modules} send=${send} again=${again} />`
      : html`<p class="hint">${t("question.waits")}</p>`;
  return html`<${Questions} order=${order} reply=${reply} />`;
}

/** The form of an answer; what is written is kept under `place` until it is sent. */
function AnswerForm({ place, modules, send, again }) {
  const refusal = useSignal(null);
  const { isBusy, once } = useOnce();
  const { kept, text } = useMemo(() => {
    const found = unsaved(place);
    return {
      kept: found,
      text: new FormField({
        name: "answer",
        label: t("question.answer"),
        type: "textarea",
        required: true,
        value: found.read(),
        hint: t("question.answer_hint"),
        limits: LIMITS.NewAnswer.text,
      }),
    };
  }, []);
  useEffect(() => effect(() => (text.read() ? kept.keep(text.value.value) : kept.forget())), []);

  const attempt = async () => {
    refusal.value = null;
    if (!checkFields([text])) return;
    try {
      await send(text.read());
      kept.forget();
    } catch (error) {
      refusal.value = isOutdated(error) ? t("desk.someone_was_faster") : errorText(error);
    }
    await again();
  };
  function submit(event) {
    event.preventDefault();
    return once(attempt);
  }
  return html`
    <form class="comment-form" novalidate onSubmit=${submit}>
      <${TextModuleChoice} modules=${modules} use="answer" field=${text} />
      <${Field} of=${text} />
      ${refusal.value && html`<${Notice} kind="bad">${refusal.value}</${Notice}>`}
      <div class="actions"><${BusyButton} type="submit" class="primary" isBusy=${isBusy.value}>${t("question.send")}</${BusyButton}></div>
    </form>`;
}
