/**
 * Sets up a second factor for sign-in: an app that shows codes (TOTP, RFC 6238). The user pool's own API makes the key
 * and checks the first code. It takes the token of a sign-in for this alone.
 */

import { checkFields, FormField } from "../lib/fields.js";
import { t } from "../lib/i18n.js";
import { errorText } from "../lib/problems.js";
import { BusyButton, useOnce } from "../lib/ui/button.js";
import { Field } from "../lib/ui/field.js";
import { Notice, Trail } from "../lib/ui/status.js";
import { toast } from "../lib/ui/toast.js";
import { FactorRefused, UserPool } from "../lib/user-pool.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useSignal } from "../lib/view.js";

const ADDRESS = "/second-factor";

/** @param {import("screens").Context} context */
export async function showSecondFactor(context) {
  const { go, me } = context;
  const done = () => {
    toast(t("factor.done"));
    go("/");
  };
  return html`
    <div class="screen">
      <${Trail} steps=${[[t(me.account_id === null ? "nav.desk" : "nav.administration")], [t("nav.second_factor")]]} />
      <section class="card factor"><${SecondFactor} context=${context} done=${done} /></section>
    </div>`;
}

/**
 * The set-up. `isRequired`: without it there are no other pages. `done()` is called once the id token tells of the
 * factor.
 *
 * @param {{ context: import("screens").Context, isRequired?: boolean, done: () => unknown }} props
 */
export function SecondFactor({ context: { config, session }, isRequired = false, done }) {
  const key = useSignal(null);
  const refusal = useSignal(null);
  const { isBusy, once } = useOnce();
  const { pool, code } = useMemo(
    () => ({
      pool: new UserPool(config.second_factor.endpoint, session.factorToken),
      code: new FormField({
        name: "code",
        label: t("factor.code"),
        required: true,
        limits: { pattern: "^[0-9]{6}$" },
        attributes: { inputmode: "numeric", autocomplete: "one-time-code" },
      }),
    }),
    [],
  );
  const shown = useRef(null);
  useLayoutEffect(() => shown.current?.focus(), [key.value]);

  /** Does a step, and shows why it could not be done. */
  const step = (act) =>
    once(async () => {
      refusal.value = null;
      try {
        await act();
      } catch (error) {
        if (error instanceof FactorRefused && error.code === "wrong_code") {
          code.show(t("factor.wrong_code"));
          code.focus();
        } else refusal.value = error instanceof FactorRefused ? t(`factor.${error.code}`) : errorText(error);
      }
    });

  const newKey = () =>
    step(async () => {
      key.value = await pool.newKey();
    });

  /** Signs in once more, for a token that may change how to sign in. */
  const begin = () => step(() => session.signIn(ADDRESS, "second_factor"));

  useEffect(() => void (session.factorToken && newKey()), []);

  function confirm(event) {
    event.preventDefault();
    return step(async () => {
      if (!checkFields([code])) return;
      await pool.confirm(code.read());
      await session.token({ fresh: true });
      await done();
    });
  }

  return html`
    <h1>${t("nav.second_factor")}</h1>
    <p>${t(isRequired ? "factor.required" : "factor.text")}</p>
    ${refusal.value && html`<${Notice} kind="bad">${refusal.value}</${Notice}>`}
    ${
      key.value === null
        ? html`
        <p><${BusyButton} class="primary" isBusy=${isBusy.value} onClick=${begin}>${t("factor.begin")}</${BusyButton}></p>
        ${config.second_factor.passkeys_endpoint && html`<p>${t("factor.passkey_text")} <a href=${passkeyPage(config.second_factor)} data-outside>${t("factor.passkey")}</a></p>`}`
        : html`
        <ol class="steps">
          <li>
            <p>${t("factor.step_key")}</p>
            <p><code class="key" tabindex="-1" ref=${shown}>${grouped(key.value)}</code></p>
            <p><a href=${addressOf(config.brand, session.email, key.value)} data-outside>${t("factor.open_app")}</a></p>
          </li>
          <li>
            <p>${t("factor.step_code")}</p>
            <form novalidate onSubmit=${confirm}>
              <${Field} of=${code} />
              <${BusyButton} type="submit" class="primary" isBusy=${isBusy.value}>${t("factor.confirm")}</${BusyButton}>
            </form>
          </li>
        </ol>`
    }`;
}

/**
 * Returns the sign-in service's own page for passkeys, which leads back here.
 *
 * @param {{ client_id: string, passkeys_endpoint?: string }} places
 */
const passkeyPage = ({ client_id, passkeys_endpoint }) =>
  `${passkeys_endpoint}?${new URLSearchParams({ client_id, redirect_uri: `${location.origin}/` })}`;

/** Returns the key in groups of four, to be typed. */
const grouped = (key) => key.replace(/(.{4})(?=.)/g, "$1 ");

/** Returns the address that an app on the same device opens. */
function addressOf(brand, email, key) {
  const label = [brand, email].map(encodeURIComponent).join(":");
  return `otpauth://totp/${label}?${new URLSearchParams({ secret: key, issuer: brand })}`;
}
