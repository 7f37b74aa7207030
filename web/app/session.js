/**
 * Signing in by OpenID Connect: authorization code with PKCE (RFC 7636), as RFC 9700 asks of a page.
 * Tokens are kept in sessionStorage: they end with the tab, and no other tab or site reads them.
 */

const KEPT = "online-orders.session";
const PENDING = "online-orders.sign-in";
const SPARE_SECONDS = 60;

export class SignedOut extends Error {}

export class Session {
  #config;
  #tokens;
  #refreshing = null;

  /** `config`: issuer, client_id, scope, and the addresses of the provider's endpoints. */
  constructor(config) {
    this.#config = config;
    this.#tokens = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  }

  get isSignedIn() {
    return this.#tokens !== null;
  }

  get email() {
    return this.#claims.email ?? "";
  }

  get userId() {
    return this.#claims.sub;
  }

  get isStaff() {
    return [this.#claims["cognito:groups"] ?? []].flat().includes("customer-success");
  }

  get accountId() {
    return this.#claims["custom:account_id"] ?? null;
  }

  get #claims() {
    return this.#tokens ? claimsOf(this.#tokens.id_token) : {};
  }

  /** Leaves for the provider; the reader comes back to `path`. */
  async signIn(path) {
    const verifier = randomText(48);
    const pending = { state: randomText(24), nonce: randomText(24), verifier, path };
    sessionStorage.setItem(PENDING, JSON.stringify(pending));
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
    const query = new URLSearchParams({
      response_type: "code",
      client_id: this.#config.client_id,
      redirect_uri: returnAddress(),
      scope: this.#config.scope,
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: base64url(new Uint8Array(digest)),
      code_challenge_method: "S256",
    });
    location.assign(`${this.#config.authorization_endpoint}?${query}`);
  }

  /**
   * Takes the provider's answer from the address, if there is one.
   * Answers the path that the reader wanted; null when this is no return from the provider. Throws SignedOut when the
   * answer is a refusal, or not one to a question that this tab asked.
   */
  async comeBack() {
    const answer = new URLSearchParams(location.search);
    if (location.pathname !== "/" || !(answer.has("code") || answer.has("error"))) return null;
    const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null");
    sessionStorage.removeItem(PENDING);
    history.replaceState(null, "", "/");
    if (!pending || answer.get("state") !== pending.state) {
      if (this.isSignedIn) return "/";
      throw new SignedOut("unasked");
    }
    if (answer.has("error")) throw new SignedOut(answer.get("error"));
    const tokens = await this.#ask({
      grant_type: "authorization_code",
      code: answer.get("code"),
      redirect_uri: returnAddress(),
      code_verifier: pending.verifier,
    });
    const claims = claimsOf(tokens.id_token);
    const isForUs = [claims.aud].flat().includes(this.#config.client_id) && claims.iss === this.#config.issuer;
    if (!isForUs || claims.nonce !== pending.nonce) throw new SignedOut("foreign_token");
    this.#keep(tokens);
    return pending.path;
  }

  /** An id token that is good for a while yet; throws SignedOut when there is none to be had. */
  async token({ fresh = false } = {}) {
    if (!this.#tokens) throw new SignedOut("signed_out");
    const spare = claimsOf(this.#tokens.id_token).exp - Date.now() / 1000;
    if (!fresh && spare > SPARE_SECONDS) return this.#tokens.id_token;
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null));
    await this.#refreshing;
    return this.#tokens.id_token;
  }

  /** Forgets the tokens, and has the provider forget the reader. */
  signOut() {
    this.forget();
    const query = new URLSearchParams({
      client_id: this.#config.client_id,
      logout_uri: returnAddress(), // Cognito's name for the next
      post_logout_redirect_uri: returnAddress(),
    });
    location.assign(`${this.#config.end_session_endpoint}?${query}`);
  }

  forget() {
    this.#tokens = null;
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith("online-orders.")) sessionStorage.removeItem(key);
    }
  }

  async #refresh() {
    const refreshToken = this.#tokens.refresh_token;
    if (!refreshToken) throw new SignedOut("expired");
    const tokens = await this.#ask({ grant_type: "refresh_token", refresh_token: refreshToken });
    this.#keep({ refresh_token: refreshToken, ...tokens });
  }

  async #ask(form) {
    const answer = await fetch(this.#config.token_endpoint, {
      method: "POST",
      body: new URLSearchParams({ client_id: this.#config.client_id, ...form }),
    });
    if (!answer.ok) throw new SignedOut("refused");
    return answer.json();
  }

  #keep({ id_token, refresh_token }) {
    this.#tokens = { id_token, refresh_token };
    sessionStorage.setItem(KEPT, JSON.stringify(this.#tokens));
  }
}

const returnAddress = () => `${location.origin}/`;

function randomText(bytes) {
  return base64url(crypto.getRandomValues(new Uint8Array(bytes)));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** What a token says; it came from the provider itself, over TLS, so its signature is the API's to check. */
function claimsOf(token) {
  const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (character) => character.charCodeAt(0))));
}
