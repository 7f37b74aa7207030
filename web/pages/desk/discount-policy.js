/** How much agents may take off without asking a lead. */

import { AmountField } from "../../lib/amount-field.js";
import { FormField } from "../../lib/fields.js";
import { currencyName, money, t } from "../../lib/i18n.js";
import { ask } from "../../lib/ui/dialog.js";
import { Field } from "../../lib/ui/field.js";
import { Facts, Trail } from "../../lib/ui/status.js";
import { announce } from "../../lib/ui/toast.js";
import { html, useMemo, useSignal } from "../../lib/view.js";
import { SavingFoot, useSaving } from "./settings-form.js";

const PATH = "/desk/discount-policy";

/** @param {import("screens").Context} context */
export async function showDiscountPolicy(context) {
  const { api, can, go, signal } = context;
  const { body, etag } = await api.getWithTag(PATH, { signal });
  const reload = () => go(PATH, { replace: true });
  const page = can("desk:papers")
    ? html`<${PolicyForm} context=${context} policy=${body} etag=${etag} reload=${reload} />`
    : html`<${Policy} policy=${body} />`;
  return html`
    <div class="screen">
      <${Trail} steps=${[[t("nav.desk")], [t("nav.discounts")]]} />
      <div class="title-row"><h1>${t("nav.discounts")}</h1></div>
      <p class="hint">${t("discounts.text")}</p>
      ${page}
    </div>`;
}

const share = (percent) => (percent === null ? t("discounts.no_limit") : t("discounts.share", { percent }));

/** @param {{ policy: import("screens").DiscountPolicy }} props */
function Policy({ policy }) {
  const amounts = Object.entries(policy.amounts);
  const pairs = [
    [t("discounts.percent"), share(policy.percent)],
    [
      t("discounts.amounts"),
      amounts.map(([currency, amount]) => money(amount, currency)).join(", ") || t("discounts.no_limit"),
    ],
    [t("discounts.margin_percent"), share(policy.margin_percent)],
  ];
  return html`<section class="card facts"><${Facts} pairs=${pairs} /></section>`;
}

/** Returns a decimal as the API takes it, whichever separator was typed. */
const decimal = (field) => field.read()?.replace(",", ".") ?? null;

const percentField = (name, value) =>
  new FormField({
    name,
    label: t(`discounts.${name}`),
    hint: t(`discounts.${name}_hint`),
    value,
    attributes: { inputmode: "decimal", autocomplete: "off" },
  });

const amountField = (currency, value, known) =>
  new AmountField({
    name: `amount-${currency}`,
    label: t("discounts.amount_in", { currency: currencyName(currency) }),
    required: true,
    value,
    currency,
    known,
    judge: (units) => (units < 0n ? t("fault.at_least", { min: 0 }) : null),
  });

/** @param {{ context: import("screens").Context, policy: import("screens").DiscountPolicy, etag: string | null, reload: () => void }} props */
function PolicyForm({ context: { api, catalog }, policy, etag, reload }) {
  const percent = useMemo(() => percentField("percent", policy.percent), []);
  const margin = useMemo(() => percentField("margin_percent", policy.margin_percent), []);
  const known = useMemo(() => new Set(Object.values(policy.amounts)), []);
  const amounts = useSignal(
    useMemo(() => Object.entries(policy.amounts).map(([currency, amount]) => amountField(currency, amount, known)), []),
  );

  const saving = useSaving({
    etag,
    fields: () => [percent, ...amounts.value, margin],
    send: (version) =>
      api.putWithTag(PATH, {
        body: {
          percent: decimal(percent),
          amounts: Object.fromEntries(amounts.value.map((each) => [each.currency, each.written()])),
          margin_percent: decimal(margin),
        },
        headers: { "If-Match": version ?? "" },
      }),
    fieldAt: (pointer) =>
      ({ "/percent": percent, "/margin_percent": margin })[pointer] ??
      amounts.value.find((each) => pointer === `/amounts/${each.currency}`),
  });

  function add() {
    const taken = new Set(amounts.value.map((each) => each.currency));
    const left = catalog.currencies.map((each) => each.currency).filter((each) => !taken.has(each));
    ask({
      title: t("discounts.add"),
      fields: [
        new FormField({
          name: "currency",
          label: t("account.currency"),
          type: "select",
          required: true,
          value: left.includes("EUR") ? "EUR" : left[0],
          options: left.map((each) => [each, `${each} · ${currencyName(each)}`]),
        }),
      ],
      action: t("action.add"),
      act: async ({ currency }) => {
        const field = amountField(currency, "", known);
        amounts.value = [...amounts.value, field];
        setTimeout(() => field.focus());
      },
    });
  }
  function remove(field) {
    amounts.value = amounts.value.filter((each) => each !== field);
    announce(t("discounts.removed"));
  }

  return html`
    <form class="card" novalidate onSubmit=${saving.submit}>
      <${Field} of=${percent} />
      ${amounts.value.map(
        (field) => html`
        <div key=${field.currency}>
          <${Field} of=${field} />
          <button class="small plain" type="button" aria-label=${t("discounts.remove_of", { currency: currencyName(field.currency) })} onClick=${() => remove(field)}>${t("action.remove")}</button>
        </div>`,
      )}
      <${Field} of=${margin} />
      <${SavingFoot} saving=${saving} reload=${reload} add=${add} addText=${t("discounts.add")} />
    </form>`;
}
