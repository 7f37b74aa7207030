/**
 * Signing in by OpenID Connect: authorization code with PKCE, as RFC 9700 asks of a page. The protocol and its checks
 * (state, nonce, issuer, claims of the id token) are oauth4webapi's; it is fetched when they are needed.
 * Tokens are kept in sessionStorage: they end with the tab, and no other tab or site reads them.
 */

const KEPT = "online-orders.session";
const PENDING = "online-orders.sign-in";
const OWNER = "online-orders.owner";
const SPARE_SECONDS = 60;

/** Where a tab signs in for another one, whose `for` it has in its query; and where it is when that is done. */
export const SIGN_IN_AGAIN = "/sign-in";
export const SIGNED_IN_AGAIN = "/signed-in";

export class SignedOut extends Error {}

/** The device's clock is so far off that a token of this moment is not one of now: by `seconds`, more than 0 when ahead. */
export class WrongClock extends SignedOut {
  constructor(seconds, cause) {
    super("wrong_clock", { cause });
    this.seconds = seconds;
  }
}

/** The provider was not reached, or gave no answer that can be read: nobody knows whether it would have refused. */
class ProviderSilent extends TypeError {}

const library = () => import("../vendor/oauth4webapi.js");

export class Session {
  #config;
  #kept;
  #refreshing = null;

  /** `config`: issuer, client_id, scope, and the provider's metadata as its discovery document has them. */
  constructor(config) {
    this.#config = config;
    this.#kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  }

  get isSignedIn() {
    return this.#kept !== null;
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
    return this.#kept?.claims ?? {};
  }

  /** Leaves for the provider; the reader comes back to `path`. */
  async signIn(path) {
    const oauth = await library();
    const pending = {
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier: oauth.generateRandomCodeVerifier(),
      path,
    };
    sessionStorage.setItem(PENDING, JSON.stringify(pending));
    const query = new URLSearchParams({
      response_type: "code",
      client_id: this.#config.client_id,
      redirect_uri: returnAddress(),
      scope: this.#config.scope,
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: "S256",
    });
    location.assign(withQuery(this.#config.authorization_endpoint, query));
  }

  /**
   * Takes the provider's answer from the address, if there is one.
   * Answers the path that the reader wanted; null when this is no return from the provider. Throws SignedOut when the
   * answer is a refusal, or not one to a question that this tab asked.
   */
  async comeBack() {
    const address = new URL(location.href);
    const { searchParams } = address;
    if (address.pathname !== "/" || !(searchParams.has("code") || searchParams.has("error"))) return null;
    const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null");
    sessionStorage.removeItem(PENDING);
    history.replaceState(null, "", "/");
    if (!pending || searchParams.get("state") !== pending.state) {
      if (this.isSignedIn) return "/";
      throw new SignedOut("unasked");
    }
    await this.#ask(async (oauth, provider, client) => {
      const answer = oauth.validateAuthResponse(provider, client, searchParams, pending.state);
      const response = await oauth.authorizationCodeGrantRequest(
        provider,
        client,
        oauth.None(),
        answer,
        returnAddress(),
        pending.verifier,
        this.#how(oauth),
      );
      return oauth.processAuthorizationCodeResponse(provider, client, response, {
        expectedNonce: pending.nonce,
        requireIdToken: true,
      });
    });
    return pending.path;
  }

  /** An id token that is good for a while yet; throws SignedOut when there is none to be had. */
  async token({ fresh = false } = {}) {
    if (!this.#kept) throw new SignedOut("signed_out");
    const spare = this.#claims.exp - Date.now() / 1000;
    if (!fresh && spare > SPARE_SECONDS) return this.#kept.id_token;
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null));
    await this.#refreshing;
    return this.#kept.id_token;
  }

  /**
   * What a reader left half written is his: it stays when the session ends, and goes when another one comes, or when
   * he signs out.
   */
  takeOver() {
    const owner = sessionStorage.getItem(OWNER);
    if (owner && owner !== this.userId) forgetAll({ but: KEPT });
    sessionStorage.setItem(OWNER, this.userId);
  }

  /** The session has ended by itself. */
  end() {
    this.#kept = null;
    sessionStorage.removeItem(KEPT);
  }

  /**
   * Has another tab sign in, so that the page here can stay as it is; resolves when it has, with whether it was the same
   * reader. `opened(isOpen)` says whether the browser allowed the tab.
   */
  async signInElsewhere(signal, opened) {
    const name = crypto.randomUUID();
    const channel = new BroadcastChannel(channelOf(name));
    try {
      const answer = new Promise((resolve, reject) => {
        channel.addEventListener("message", ({ data }) => resolve(data), { once: true });
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
      opened(Boolean(open(`${SIGN_IN_AGAIN}?for=${name}`)));
      const kept = await answer;
      const isSame = kept.claims.sub === sessionStorage.getItem(OWNER);
      this.#keep(kept);
      return isSame;
    } finally {
      channel.close();
    }
  }

  /** Hands what this tab has got to the one that it signed in for, and keeps nothing. */
  handOver(name) {
    const channel = new BroadcastChannel(channelOf(name));
    channel.postMessage(this.#kept);
    channel.close();
    this.forget();
  }

  #keep(kept) {
    this.#kept = kept;
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  }

  /** Forgets the tokens, has the provider revoke the lasting one where it can, and forget the reader. */
  async signOut() {
    const refreshToken = this.#kept?.refresh_token;
    this.forget();
    if (refreshToken && this.#config.revocation_endpoint) await this.#revoke(refreshToken);
    if (!this.#config.end_session_endpoint) {
      location.assign("/");
      return;
    }
    const query = new URLSearchParams({
      client_id: this.#config.client_id,
      logout_uri: returnAddress(), // Cognito's name for the next
      post_logout_redirect_uri: returnAddress(),
    });
    location.assign(withQuery(this.#config.end_session_endpoint, query));
  }

  forget() {
    this.#kept = null;
    forgetAll();
  }

  async #refresh() {
    const refreshToken = this.#kept.refresh_token;
    if (!refreshToken) throw new SignedOut("expired");
    await this.#ask(async (oauth, provider, client) => {
      const response = await oauth.refreshTokenGrantRequest(
        provider,
        client,
        oauth.None(),
        refreshToken,
        this.#how(oauth),
      );
      return oauth.processRefreshTokenResponse(provider, client, response);
    }, refreshToken);
  }

  /** Whether it can be revoked or not, the reader wants out; the token ends by itself. */
  async #revoke(refreshToken) {
    const oauth = await library();
    try {
      await oauth.revocationRequest(
        this.#config,
        { client_id: this.#config.client_id },
        oauth.None(),
        refreshToken,
        this.#how(oauth),
      );
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** Gets tokens by a conversation with the provider, and keeps them; SignedOut when it or its answer is refused. */
  async #ask(talk, refreshToken) {
    const oauth = await library();
    let tokens;
    try {
      tokens = await talk(oauth, this.#config, { client_id: this.#config.client_id });
    } catch (error) {
      if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError)
        throw new SignedOut(error.error, { cause: error });
      if (error instanceof oauth.WWWAuthenticateChallengeError) throw new SignedOut("refused", { cause: error });
      if (error instanceof oauth.OperationProcessingError && /** @type {Response} */ (error.cause)?.status >= 500)
        throw new ProviderSilent(error.message, { cause: error });
      if (error.code === oauth.JWT_TIMESTAMP_CHECK && error.cause?.claims?.iat)
        throw new WrongClock(error.cause.now - error.cause.claims.iat, error);
      if (error instanceof oauth.OperationProcessingError) throw new SignedOut("unsound_answer", { cause: error });
      throw error;
    }
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    if (!claims) throw new SignedOut("no_id_token");
    this.#keep({ id_token: tokens.id_token, refresh_token: tokens.refresh_token ?? refreshToken, claims });
  }

  /** The local run has no TLS. */
  #how(oauth) {
    return { [oauth.allowInsecureRequests]: new URL(this.#config.token_endpoint).hostname === "localhost" };
  }
}

const channelOf = (name) => `online-orders.sign-in.${name}`;

function forgetAll({ but = null } = {}) {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith("online-orders.") && key !== but) sessionStorage.removeItem(key);
  }
}

const returnAddress = () => `${location.origin}/`;

const withQuery = (endpoint, query) => `${endpoint}${endpoint.includes("?") ? "&" : "?"}${query}`;
