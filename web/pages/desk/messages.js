/** Received mails that became no comment by themselves: the desk accepts or dismisses them. */

import { FormField } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { instant, t, tOr } from "../../lib/i18n.js";
import { Listing, useListing } from "../../lib/listing.js";
import { ActionButton } from "../../lib/ui/button.js";
import { ask } from "../../lib/ui/dialog.js";
import { Pager } from "../../lib/ui/pager.js";
import { Empty, Notice, Trail } from "../../lib/ui/status.js";
import { toast } from "../../lib/ui/toast.js";
import { html } from "../../lib/view.js";

const PAGE = 25;

/** @param {import("screens").Context} context */
export async function showMessages(context) {
  const list = new Messages(context, {});
  const first = await list.load();
  return html`<${Inbox} context=${context} list=${list} first=${first} />`;
}

class Messages extends Listing {
  ask(cursor) {
    const { api, signal } = this.context;
    return api.get("/desk/messages", { query: { limit: PAGE, cursor }, signal });
  }
}

/** @param {{ context: import("screens").Context, list: Messages, first: any }} props */
function Inbox({ context, list, first }) {
  const { page, isBusy, stale, turn, again } = useListing(list, first, { pauseMilliseconds: 0 });
  const waiting = page.items.filter((each) => !each.judgment).length;
  const count = page.next_cursor && waiting === page.items.length ? `${waiting}+` : String(waiting);
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.messages")]]} />
      <div class="title-row"><h1>${t("nav.messages")}</h1></div>
      <p class="hint">${t("messages.text")}</p>
      ${page.isFirst && html`<p role="status">${t("messages.waiting", { count })}</p>`}
      <div class="freshness">${stale && html`<${Notice} kind="warn">${stale}</${Notice}>`}</div>
      <div class="results" aria-busy=${isBusy ? "true" : undefined}>
        ${
          page.items.length > 0
            ? html`<ul class="setting-cards">${page.items.map((each) => html`<${Message} key=${each.message_id} context=${context} message=${each} again=${again} />`)}</ul>`
            : html`<${Empty} title=${t("messages.none")} text=${t("messages.none_text")} />`
        }
      </div>
      <${Pager} pages=${list.pages} page=${page} turn=${turn} back=${t("audit.newer")} on=${t("audit.older")} />
    </div>`;
}

/**
 * What a stranger may have written stands here as text alone.
 *
 * @param {{ context: import("screens").Context, message: import("screens").Message, again: () => Promise<void> }} props
 */
function Message({ context, message, again }) {
  const { at, files, judgment, number, order_id, reasons, sender, sender_name, subject, text } = message;
  return html`
    <li class="card">
      <h2>${subject || t("messages.no_subject")}</h2>
      <p class="hint">${[sender_name, sender].filter(Boolean).join(" · ") || t("messages.no_sender")} · <time datetime=${at}>${instant(at)}</time></p>
      <ul class="hint">${reasons.map((reason) => html`<li key=${reason}>${tOr(`messages.reason.${reason}`, reason)}</li>`)}</ul>
      ${order_id && html`<p><a href=${`/desk/orders/${order_id}`}>${t("messages.order", { number: number ?? order_id })}</a></p>`}
      ${text && html`<blockquote class="said">${text}</blockquote>`}
      ${files.length > 0 && html`<p class="hint">${t("timeline.files", { files: files.join(", ") })}</p>`}
      ${judgment && html`<p class="hint">${t(`messages.${judgment.decision}`, { email: judgment.by.email })} · <time datetime=${judgment.at}>${instant(judgment.at)}</time></p>`}
      ${!judgment && context.can("desk:orders") && html`<${Actions} context=${context} message=${message} again=${again} />`}
    </li>`;
}

/** @param {{ context: import("screens").Context, message: import("screens").Message, again: () => Promise<void> }} props */
function Actions({ context: { api }, message, again }) {
  const path = { message_id: message.message_id };

  function accept() {
    const fields = [
      new FormField({
        name: "order",
        label: t("messages.order_field"),
        hint: t("messages.order_hint"),
        required: true,
        value: message.number ?? message.order_id ?? "",
        limits: LIMITS.AcceptedMessage.order,
      }),
      new FormField({ name: "internal", label: t("messages.internal"), type: "checkbox", value: true }),
    ];
    ask({
      title: t("messages.accept"),
      text: t("messages.accept_text"),
      fields,
      action: t("messages.accept"),
      act: async (body) => {
        await api.post("/desk/messages/{message_id}/accept", { path, body });
        toast(t("messages.was_accepted"));
        again();
      },
    });
  }

  function dismiss() {
    ask({
      title: t("messages.dismiss"),
      text: t("messages.dismiss_text"),
      action: t("messages.dismiss"),
      danger: true,
      act: async () => {
        await api.post("/desk/messages/{message_id}/dismiss", { path, body: {} });
        toast(t("messages.was_dismissed"));
        again();
      },
    });
  }

  return html`
    <div class="actions">
      ${message.text && html`<${ActionButton} act=${accept}>${t("messages.accept")}</${ActionButton}>`}
      <${ActionButton} act=${dismiss}>${t("messages.dismiss")}</${ActionButton}>
    </div>`;
}
