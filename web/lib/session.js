/**
 * Sign-in by OpenID Connect: authorization code with PKCE, as RFC 9700 requires for a page. The protocol and its checks
 * (state, nonce, issuer, claims of the id token) are those of oauth4webapi, which is loaded when needed. Tokens are
 * kept in sessionStorage: they end with the tab, and no other tab or site can read them.
 */

const KEPT = "online-orders.session";
const PENDING = "online-orders.sign-in";
const OWNER = "online-orders.owner";
const ACCOUNT = "online-orders.acting-for";
const SPARE_SECONDS = 60;
const FACTOR = "second_factor";
/** What Cognito asks of a token that changes how its user signs in. */
const FACTOR_SCOPE = "openid aws.cognito.signin.user.admin";

/** The page where a tab signs in for another one, named `for` in its query; and the page shown after that. */
export const SIGN_IN_AGAIN = "/sign-in";
export const SIGNED_IN_AGAIN = "/signed-in";

export class SignedOut extends Error {}

/** The device's clock is wrong by `seconds` (more than 0: ahead), so that a new token is not valid now. */
export class WrongClock extends SignedOut {
  constructor(seconds, cause) {
    super("wrong_clock", { cause });
    this.seconds = seconds;
  }
}

/** The provider did not respond, or not readably, so nobody knows whether it would have refused. */
class ProviderSilent extends TypeError {}

const library = () => import("../vendor/oauth4webapi.js");

export class Session {
  #config;
  #kept;
  #as = null;
  #refreshing = null;
  #factorToken = null;

  /**
   * `config`: issuer, client_id, scope, and the provider's metadata from its discovery document; `staff_provider` and
   * `second_factor`, where there are such, have clients of their own.
   */
  constructor(config) {
    this.#config = config;
    this.#kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    this.#as = this.#kept?.as ?? null;
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

  /** The account that the reader chose in this tab, where it was chosen; belongs to the tab as the tokens do. */
  get chosenAccount() {
    return sessionStorage.getItem(ACCOUNT);
  }

  set chosenAccount(accountId) {
    if (accountId === null) sessionStorage.removeItem(ACCOUNT);
    else sessionStorage.setItem(ACCOUNT, accountId);
  }

  get #claims() {
    return this.#kept?.claims ?? {};
  }

  /**
   * The access token of a sign-in as `second_factor`, with which the reader changes how to sign in; null without one. It
   * is never stored, and no other page has it.
   */
  get factorToken() {
    return this.#factorToken;
  }

  /**
   * Goes to the provider; the reader returns to `path`. `as` is another client of the configuration: `staff_provider`
   * leads to the company's own provider at once, `second_factor` brings the `factorToken` and leaves the session as it is.
   */
  async signIn(path, as = null) {
    const oauth = await library();
    const pending = {
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier: oauth.generateRandomCodeVerifier(),
      path,
      as,
    };
    sessionStorage.setItem(PENDING, JSON.stringify(pending));
    const provider = as && this.#config[as].identity_provider;
    const query = new URLSearchParams({
      response_type: "code",
      client_id: this.#clientId(as),
      redirect_uri: returnAddress(),
      scope: as === FACTOR ? FACTOR_SCOPE : this.#config.scope,
      ...(provider && { identity_provider: provider }),
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: "S256",
    });
    location.assign(withQuery(this.#config.authorization_endpoint, query));
  }

  /**
   * Takes the provider's response from the address, if there is one.
   *
   * Returns the path that the reader wanted; null when this is no return from the provider. Throws SignedOut when the
   * response is a refusal, or does not belong to a request of this tab.
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
      const callback = oauth.validateAuthResponse(provider, client, searchParams, pending.state);
      const response = await oauth.authorizationCodeGrantRequest(
        provider,
        client,
        oauth.None(),
        callback,
        returnAddress(),
        pending.verifier,
        this.#how(oauth),
      );
      return oauth.processAuthorizationCodeResponse(provider, client, response, {
        expectedNonce: pending.nonce,
        requireIdToken: true,
      });
    }, pending.as);
    return pending.path;
  }

  /** Returns an id token that is valid for some time; throws SignedOut when there is none. */
  async token({ fresh = false } = {}) {
    if (!this.#kept) throw new SignedOut("signed_out");
    const spare = this.#claims.exp - Date.now() / 1000;
    if (!fresh && spare > SPARE_SECONDS) return this.#kept.id_token;
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null));
    await this.#refreshing;
    return this.#kept.id_token;
  }

  /**
   * Unsaved input belongs to one reader: it is kept when the session ends, and deleted when another reader signs in, or
   * on sign-out.
   */
  takeOver() {
    const owner = sessionStorage.getItem(OWNER);
    if (owner && owner !== this.userId) forgetAll({ but: KEPT });
    sessionStorage.setItem(OWNER, this.userId);
  }

  /** The client of the last sign-in, also after it has expired: `staff_provider`, or null for the usual one. */
  get as() {
    return this.#as;
  }

  /** Ends the session after it has expired. */
  end() {
    this.#kept = null;
    sessionStorage.removeItem(KEPT);
  }

  /**
   * Opens another tab for a new sign-in, so that the page here stays as it is; resolves after it, with whether it was
   * the same reader. `opened(isOpen)` says whether the browser allowed the tab.
   */
  async signInElsewhere(signal, opened) {
    const name = crypto.randomUUID();
    const channel = new BroadcastChannel(channelOf(name));
    try {
      const tokens = new Promise((resolve, reject) => {
        channel.addEventListener("message", ({ data }) => resolve(data), { once: true });
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
      opened(Boolean(open(`${SIGN_IN_AGAIN}?${new URLSearchParams({ for: name, ...(this.as && { as: this.as }) })}`)));
      const kept = await tokens;
      const isSame = kept.claims.sub === sessionStorage.getItem(OWNER);
      this.#keep(kept);
      return isSame;
    } finally {
      channel.close();
    }
  }

  /** Passes the tokens of this tab to the one that it signed in for, and keeps nothing. */
  passTokens(name) {
    const channel = new BroadcastChannel(channelOf(name));
    channel.postMessage(this.#kept);
    channel.close();
    this.forget();
  }

  #keep(kept) {
    this.#kept = kept;
    this.#as = kept.as ?? null;
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  }

  /** Deletes the tokens, lets the provider revoke the refresh token where it can, and end its own session. */
  async signOut() {
    const { refresh_token: refreshToken, as = null } = this.#kept ?? {};
    this.forget();
    if (refreshToken && this.#config.revocation_endpoint) await this.#revoke(refreshToken, as);
    if (!this.#config.end_session_endpoint) {
      location.assign("/");
      return;
    }
    const query = new URLSearchParams({
      client_id: this.#clientId(as),
      logout_uri: returnAddress(), // Cognito's name for the next
      post_logout_redirect_uri: returnAddress(),
    });
    location.assign(withQuery(this.#config.end_session_endpoint, query));
  }

  forget() {
    this.#kept = null;
    this.#factorToken = null;
    forgetAll();
  }

  async #refresh() {
    const { refresh_token: refreshToken, as = null } = this.#kept;
    if (!refreshToken) throw new SignedOut("expired");
    await this.#ask(
      async (oauth, provider, client) => {
        const response = await oauth.refreshTokenGrantRequest(
          provider,
          client,
          oauth.None(),
          refreshToken,
          this.#how(oauth),
        );
        return oauth.processRefreshTokenResponse(provider, client, response);
      },
      as,
      refreshToken,
    );
  }

  /** Revokes the refresh token; errors are ignored, since the token expires by itself. */
  async #revoke(refreshToken, as) {
    const oauth = await library();
    try {
      await oauth.revocationRequest(
        this.#config,
        { client_id: this.#clientId(as) },
        oauth.None(),
        refreshToken,
        this.#how(oauth),
      );
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** Requests tokens from the provider and keeps them; throws SignedOut on a refusal or an invalid response. */
  async #ask(talk, as, refreshToken) {
    const oauth = await library();
    let tokens;
    try {
      tokens = await talk(oauth, this.#config, { client_id: this.#clientId(as) });
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
    if (as === FACTOR) {
      if (this.isSignedIn && claims.sub !== this.userId) throw new SignedOut("another_user");
      this.#factorToken = tokens.access_token;
      return;
    }
    this.#keep({ id_token: tokens.id_token, refresh_token: tokens.refresh_token ?? refreshToken, claims, as });
  }

  #clientId(as) {
    return as ? this.#config[as].client_id : this.#config.client_id;
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
