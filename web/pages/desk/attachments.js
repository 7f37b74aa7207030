/** The signed orders that came with approvals, and what the scan for malware has found in them. */

import { save } from "../../lib/files.js";
import { instant, number, t, tOr } from "../../lib/i18n.js";
import { errorText } from "../../lib/problems.js";
import { SignedOut } from "../../lib/session.js";
import { ActionButton } from "../../lib/ui/button.js";
import { Facts, Notice } from "../../lib/ui/status.js";
import { toast } from "../../lib/ui/toast.js";
import { html, useEffect, useSignal } from "../../lib/view.js";

const LIST = "/desk/orders/{order_id}/attachments";
const KILOBYTE = 1024;
const LOOK_AGAIN_MILLISECONDS = 15_000;

/**
 * Shows what was attached to the decisions; nothing where nothing was. A scan makes no entry of the timeline, so while
 * one is due the list is loaded again.
 *
 * @param {{ context: import("screens").Context, path: { order_id: string }, evidence: import("screens").Evidence[] }} props
 */
export function Attachments({ context: { api, signal }, path, evidence }) {
  const found = useSignal(/** @type {import("screens").Attachment[]} */ ([]));
  const attached = evidence.filter((each) => each.attachment).length;
  const names = evidence.map((each) => each.attachment?.name).join();

  async function load() {
    try {
      found.value = (await api.get(LIST, { path, signal })).items;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof SignedOut) throw error;
      toast(errorText(error));
    }
  }
  useEffect(() => void (attached > 0 && load()), [attached, names]);
  const isPending = found.value.some((each) => each.scan === "pending");
  useEffect(() => {
    if (!isPending) return;
    const timer = setInterval(load, LOOK_AGAIN_MILLISECONDS);
    return () => clearInterval(timer);
  }, [isPending]);

  if (!found.value.length) return null;
  return html`
    <section class="card facts attachments">
      <h2>${t("attachments.title")}</h2>
      <p class="hint">${t("attachments.text")}</p>
      ${found.value.map((each) => html`<${Attached} key=${each.sequence} api=${api} path=${path} attachment=${each} />`)}
    </section>`;
}

/** @param {{ api: import("screens").Api, path: { order_id: string }, attachment: import("screens").Attachment }} props */
function Attached({ api, path, attachment }) {
  const isKeptBack = attachment.removed || ["pending", "infected"].includes(attachment.scan);
  return html`
    <${Facts} pairs=${[
      [t("attachments.name"), attachment.name],
      [t("attachments.size"), t("attachments.kilobytes", { size: number(Math.ceil(attachment.size / KILOBYTE)) })],
      [t("attachments.at"), html`<time datetime=${attachment.at}>${instant(attachment.at)}</time>`],
      [t("attachments.scan"), tOr(`attachments.scan.${attachment.scan}`, attachment.scan)],
      [t("attachments.sha256"), html`<span class="hash">${attachment.sha256}</span>`],
    ]} />
    ${attachment.scan === "infected" && html`<${Notice} kind="warn">${t("attachments.infected")}</${Notice}>`}
    ${attachment.scan === "failed" && html`<${Notice} kind="warn">${t("attachments.failed")}</${Notice}>`}
    ${attachment.removed && html`<p class="hint">${t("attachments.removed")}</p>`}
    ${!isKeptBack && html`<div class="actions"><${ActionButton} act=${() => download(api, path, attachment)}>${t("attachments.save")}</${ActionButton}></div>`}`;
}

/** Saves the file: it comes from outside, so it is not opened here. */
async function download(api, { order_id }, { sequence }) {
  try {
    const blob = await api.getPdf(`${LIST}/{sequence}`, { path: { order_id, sequence } });
    save(blob, `signed-order-${order_id}-${sequence}.pdf`);
  } catch (error) {
    if (error instanceof SignedOut) throw error;
    toast(errorText(error));
  }
}
