/** The API of the user pool that signs people in, as far as everybody may call it for oneself. */

import { Unreachable } from "./api.js";

/** The pool's refusals, by the codes of the texts that say them. */
const CODES = {
  CodeMismatchException: "wrong_code",
  EnableSoftwareTokenMFAException: "wrong_code",
  NotAuthorizedException: "sign_in_again",
  TooManyRequestsException: "too_many",
  LimitExceededException: "too_many",
};

/** The pool does not do it; `code` is `wrong_code`, `sign_in_again`, `too_many` or `refused`. */
export class FactorRefused extends Error {
  constructor(type) {
    super(type);
    this.code = CODES[type] ?? "refused";
  }
}

export class UserPool {
  #endpoint;
  #accessToken;

  constructor(endpoint, accessToken) {
    this.#endpoint = endpoint;
    this.#accessToken = accessToken;
  }

  /** Returns the key of a new app, which counts from its first code on. */
  async newKey() {
    return (await this.#call("AssociateSoftwareToken")).SecretCode;
  }

  /** Checks the first code of the new app, and asks for one at every sign-in from now on. */
  async confirm(code) {
    const { Status } = await this.#call("VerifySoftwareToken", { UserCode: code });
    if (Status !== "SUCCESS") throw new FactorRefused("CodeMismatchException");
    await this.#call("SetUserMFAPreference", { SoftwareTokenMfaSettings: { Enabled: true, PreferredMfa: true } });
  }

  async #call(action, body = {}) {
    let response;
    try {
      response = await fetch(this.#endpoint, {
        method: "POST",
        headers: {
          "Content-Type": "application/x-amz-json-1.1",
          "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
        },
        body: JSON.stringify({ AccessToken: this.#accessToken, ...body }),
      });
    } catch (error) {
      throw new Unreachable(error.message, { cause: error });
    }
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new FactorRefused(String(answer.__type).split("#").at(-1));
    return answer;
  }
}
