/** What the forms of the desk's own settings share: a whole document, read and replaced with its version. */

import { checkFields, showFaults } from "../../lib/fields.js";
import { t } from "../../lib/i18n.js";
import { errorText, faultText, isOutdated } from "../../lib/problems.js";
import { BusyButton, useOnce } from "../../lib/ui/button.js";
import { Notice } from "../../lib/ui/status.js";
import { toast } from "../../lib/ui/toast.js";
import { html, useSignal } from "../../lib/view.js";

/** Returns an id made of a name, that none of `taken` has. */
export function idFrom(name, taken) {
  const plain = name.normalize("NFKD").replace(/[^\w\s.-]/g, "");
  const wanted =
    plain
      .toLowerCase()
      .trim()
      .replace(/[\s_]+/g, "-")
      .replace(/^[^a-z0-9]+/, "")
      .slice(0, 50) || "id";
  let id = wanted;
  for (let number = 2; taken.includes(id); number += 1) id = `${wanted}-${number}`;
  return id;
}

/**
 * Saves a document. `fields()` are all of its fields, `send(etag)` replaces the document on that version and returns the
 * `etag` after, `fieldAt(pointer)` the field that a fault is about.
 */
export function useSaving({ etag, fields, send, fieldAt }) {
  const version = useSignal(etag);
  const refusal = useSignal(/** @type {string | null} */ (null));
  const isOld = useSignal(false);
  const { isBusy, once } = useOnce();

  async function attempt() {
    refusal.value = null;
    if (!checkFields(fields())) return;
    try {
      version.value = (await send(version.value)).etag;
      toast(t("settings.saved"));
    } catch (error) {
      isOld.value = isOutdated(error);
      const rest = showFaults(error.errors ?? [], fieldAt);
      if (isOld.value) refusal.value = t("settings.outdated");
      else if (rest.length) refusal.value = rest.map(faultText).join(" ");
      else if (!error.errors?.length) refusal.value = errorText(error);
    }
  }

  function submit(event) {
    event.preventDefault();
    return once(attempt);
  }
  return { submit, isBusy: isBusy.value, refusal: refusal.value, isOld: isOld.value };
}

/**
 * The end of such a form: why it was not saved, and the buttons to add an entry (`addText`), where there are entries,
 * and to save.
 *
 * @param {{ saving: any, reload: () => void, add?: () => void, addText?: string }} props
 */
export const SavingFoot = ({ saving, reload, add, addText }) => html`
  <div>
    ${saving.refusal && html`<${Notice} kind="bad">${saving.refusal} ${saving.isOld && html`<button class="small" type="button" onClick=${reload}>${t("settings.reload")}</button>`}</${Notice}>`}
  </div>
  <div class="actions">
    ${add && html`<button type="button" onClick=${add}>${addText}</button>`}
    <${BusyButton} type="submit" class="primary" isBusy=${saving.isBusy}>${t("action.save")}</${BusyButton}>
  </div>`;
