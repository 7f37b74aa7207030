/** What is done with many orders at once: one call for each, a few at a time, and a row of what became of each. */

import { checkFields, FormField } from "../../lib/fields.js";
import { LIMITS } from "../../lib/generated/limits.js";
import { t } from "../../lib/i18n.js";
import { accountName, may, OrderId } from "../../lib/orders/describe.js";
import { errorText, isOutdated } from "../../lib/problems.js";
import { SignedOut } from "../../lib/session.js";
import { BusyButton, useOnce } from "../../lib/ui/button.js";
import { openDialog } from "../../lib/ui/dialog.js";
import { Field } from "../../lib/ui/field.js";
import { announce } from "../../lib/ui/toast.js";
import { html, useEffect, useMemo, useRef, useSignal } from "../../lib/view.js";
import { colleagues } from "./colleagues.js";
import { assigneeField } from "./handling.js";

const AT_ONCE = 4;

/** The actions: what is asked for before, and the call for one order. */
const ACTIONS = {
  claim: {
    fields: async () => [],
    send: (api, how) => api.post("/desk/orders/{order_id}/claim", { ...how, body: {} }),
  },
  assign: {
    fields: async ({ api, signal }) => [assigneeField(await colleagues(api, signal))],
    send: (api, how, body) => api.post("/desk/orders/{order_id}/assign", { ...how, body }),
  },
  resend: {
    fields: async () => [],
    send: (api, how) => api.post("/desk/orders/{order_id}/resend", { ...how, body: {} }),
  },
  decline: {
    fields: async () => [
      new FormField({
        name: "reason",
        label: t("order.reason"),
        type: "textarea",
        required: true,
        limits: LIMITS.NeededReason.reason,
      }),
    ],
    send: (api, how, body) => api.post("/desk/orders/{order_id}/decline", { ...how, body }),
  },
};

/**
 * Asks for what an action needs, and takes it with every order. `done(orderIds)` is called with those that it was taken
 * with, once the reader closes the dialog.
 *
 * @param {import("screens").Context} context
 * @param {string} action
 * @param {import("screens").DeskOrder[]} orders
 * @param {(done: string[]) => void} done
 */
export async function actOnMany(context, action, orders, done) {
  const fields = await ACTIONS[action].fields(context);
  const finished = new Set();
  openDialog({
    className: "ask bulk",
    title: t(`bulk.${action}`),
    content: ({ close }) =>
      html`<${Bulk} context=${context} action=${action} orders=${orders} fields=${fields} finished=${finished} close=${close} />`,
    closed: () => done([...finished]),
  });
}

/** @param {{ context: import("screens").Context, action: string, orders: import("screens").DeskOrder[], fields: FormField[], finished: Set<string>, close: () => void }} props */
function Bulk({ context: { api, signal }, action, orders, fields, finished, close }) {
  const rows = useMemo(() => orders.map((order) => ({ order, state: "waiting", why: "" })), []);
  const count = useSignal(0); // rises with every change of a row
  const hasBegun = useSignal(false);
  const isLeft = useRef(false);
  const { isBusy, once } = useOnce();
  useEffect(
    () => () => {
      isLeft.current = true;
    },
    [],
  );

  function become(row, state, why = "") {
    Object.assign(row, { state, why });
    count.value += 1;
  }

  /** Takes the action with one order, on the version that is shown; after a failure, on the one that there is by then. */
  async function take(row, body) {
    const path = { order_id: row.order.order_id };
    try {
      if (row.state === "failed") row.order = await api.get("/desk/orders/{order_id}", { path, signal });
      become(row, "working");
      if (!may(row.order, action)) return become(row, "failed", t("bulk.not_allowed"));
      await ACTIONS[action].send(api, { path, headers: { "If-Match": `"${row.order.version}"` }, signal }, body);
      finished.add(row.order.order_id);
      return become(row, "done");
    } catch (error) {
      if (error instanceof SignedOut) throw error;
      return become(row, "failed", isOutdated(error) ? t("bulk.outdated") : errorText(error));
    }
  }

  async function run() {
    if (!checkFields(fields)) return;
    const body = Object.fromEntries(fields.map((each) => [each.name, each.read()]));
    const left = rows.filter((row) => row.state !== "done");
    hasBegun.value = true;
    const worker = async () => {
      for (let row = left.shift(); row && !isLeft.current; row = left.shift()) await take(row, body);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const failed = rows.filter((row) => row.state === "failed").length;
    announce(failed ? t("bulk.some_failed", { count: failed }) : t("bulk.all_done"));
  }

  function submit(event) {
    event.preventDefault();
    return once(run);
  }

  const of = (state) => rows.filter((row) => row.state === state).length;
  const [doneCount, failedCount] = count.value >= 0 ? [of("done"), of("failed")] : [0, 0];
  const isOver = hasBegun.value && !isBusy.value;
  return html`
    <form novalidate onSubmit=${submit}>
      <p>${t(`bulk.${action}_text`, { count: rows.length })}</p>
      ${!hasBegun.value && fields.map((each, index) => html`<${Field} key=${each.id} of=${each} attributes=${index === 0 ? { autofocus: true } : {}} />`)}
      ${
        hasBegun.value &&
        html`<progress max=${rows.length} value=${doneCount + failedCount} aria-label=${t("bulk.progress")}></progress>
          <p class="hint">${t("bulk.counted", { done: String(doneCount), failed: String(failedCount), all: String(rows.length) })}</p>`
      }
      <ul class="bulk-rows" tabindex="0" aria-label=${t("bulk.orders")}>${rows.map((row) => html`<${Row} key=${row.order.order_id} order=${row.order} why=${row.why} state=${hasBegun.value ? row.state : ""} />`)}</ul>
      <div class="actions">
        ${!isOver && html`<${BusyButton} key="run" type="submit" class=${action === "decline" ? "danger" : "primary"} isBusy=${isBusy.value}>${t(`bulk.${action}`)}</${BusyButton}>`}
        ${isOver && failedCount > 0 && html`<${BusyButton} key="again" type="submit" isBusy=${false}>${t("bulk.again")}</${BusyButton}>`}
        <button key="close" class=${isOver && failedCount === 0 ? "primary" : undefined} type="button" onClick=${close}>${t(isOver ? "action.close" : "action.cancel")}</button>
      </div>
    </form>`;
}

const Row = ({ order, why, state }) => html`
  <li class="bulk-${state}">
    <span class="what">${accountName(order)} <${OrderId} order=${order} /></span>
    <span class="state">${state && t(`bulk.state.${state}`)}</span>
    ${why && html`<span class="why">${why}</span>`}
  </li>`;
