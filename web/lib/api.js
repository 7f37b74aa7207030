import { SignedOut } from "./session.js";

/** A refusal by the API: RFC 9457, with a stable `code`, and for a 422 the `errors` {pointer, code, detail}. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail ?? document.message ?? "");
    this.status = status;
    this.code = document.code ?? `http_${status}`;
    this.errors = document.errors ?? [];
  }
}

/** The API did not respond, so nobody knows whether it has processed the request. */
export class Unreachable extends Error {}

const BUSY = new Set([429, 503]);
const TRIES = 3;

/** The client of the API. Its routes are typed by the OpenAPI document: see `Api` in `types/screens.d.ts`. */
export class Api {
  #session;
  #signInAgain;
  /** The account for which every request is made, so that no page shows one account's data beside another's. */
  accountId = null;

  /** `signInAgain()` is called when the session has ended: it resolves after a new sign-in, or throws SignedOut. */
  constructor(session, signInAgain) {
    this.#session = session;
    this.#signInAgain = signInAgain;
  }

  async get(route, how = {}) {
    return this.#json("GET", route, how);
  }

  /** Sends a request; `headers` may have an Idempotency-Key or an If-Match. */
  async post(route, how) {
    return this.#json("POST", route, how);
  }

  async put(route, how) {
    return this.#json("PUT", route, how);
  }

  async delete(route, how = {}) {
    await this.#send("DELETE", addressOf(route, how), how);
  }

  /** Sends what replaces something; returns the response with its version. */
  async putWithTag(route, how) {
    return withTag(await this.#send("PUT", addressOf(route, how), how));
  }

  /** Sends a file as it is. */
  async putCsv(route, how) {
    return this.#json("PUT", route, { ...how, headers: { "Content-Type": "text/csv", ...how.headers } });
  }

  async getWithTag(route, how = {}) {
    return withTag(await this.#send("GET", addressOf(route, how), how));
  }

  async getPdf(route, how) {
    return this.#pdf("GET", route, how);
  }

  async postForPdf(route, how) {
    return this.#pdf("POST", route, how);
  }

  /** Returns all pages of a list as one CSV file, for a spreadsheet in the language `locale`. */
  async getCsv(route, { path, query }, locale) {
    const parts = [];
    let next = addressOf(route, { path, query: { ...query, spreadsheet: locale } });
    while (next) {
      const response = await this.#send("GET", next, { headers: { Accept: "text/csv" } });
      const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(await response.arrayBuffer()); // with the mark
      parts.push(parts.length ? text.slice(text.indexOf("\n") + 1) : text);
      next = /<(\/api\/[^>]+)>; rel="next"/.exec(response.headers.get("Link") ?? "")?.[1] ?? null;
    }
    return new Blob(parts, { type: "text/csv" });
  }

  /** Returns every item of a list, page by page (pagination). */
  async getAll(route, how = {}) {
    const { path, query, signal } = how;
    const items = [];
    let cursor = null;
    do {
      const page = await this.#json("GET", route, { path, query: { ...query, limit: 100, cursor }, signal });
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    return items;
  }

  async #pdf(method, route, how) {
    const response = await this.#send(method, addressOf(route, how), {
      ...how,
      headers: { Accept: "application/pdf" },
    });
    return response.blob();
  }

  async #json(method, route, how) {
    const response = await this.#send(method, addressOf(route, how), how);
    return response.json();
  }

  /** @param {{ body?: any, headers?: Record<string, string>, signal?: AbortSignal }} request */
  async #send(method, address, request) {
    const { body, headers, signal } = request;
    for (let attempt = 1; ; attempt += 1) {
      const token = await this.#token();
      const sent = {
        method,
        signal,
        headers: {
          Authorization: `Bearer ${token}`,
          ...(this.accountId !== null && { "Account-Id": this.accountId }),
          ...(body !== undefined && { "Content-Type": "application/json" }),
          ...headers,
        },
        body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
      };
      const response = await this.#reach(() => fetch(address, sent));
      if (response.ok) return response;
      if (response.status === 401 && attempt === 1) {
        await this.#token({ fresh: true });
        continue;
      }
      if (response.status === 401) {
        await this.#signInAgain(new SignedOut("expired"));
        continue;
      }
      // Only requests that change nothing are retried.
      if (BUSY.has(response.status) && method === "GET" && attempt < TRIES) {
        await pause(response.headers.get("Retry-After") ?? attempt);
        continue;
      }
      throw new Problem(response.status, await response.json().catch(() => ({})));
    }
  }

  /** Returns a token, after a new sign-in if there is none. */
  async #token(how) {
    try {
      return await this.#reach(() => this.#session.token(how));
    } catch (error) {
      if (!(error instanceof SignedOut)) throw error;
      await this.#signInAgain(error);
      return this.#session.token();
    }
  }

  async #reach(call) {
    try {
      return await call();
    } catch (error) {
      if (error instanceof TypeError) throw new Unreachable(error.message, { cause: error });
      throw error;
    }
  }
}

const withTag = async (response) => ({ body: await response.json(), etag: response.headers.get("ETag") });

/** Returns the address of a route, with `{names}` replaced; empty parameters of the query are omitted. */
function addressOf(route, { path = {}, query = {} }) {
  const named = route.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(path[name]));
  const wanted = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return `/api${named}${wanted.length ? `?${new URLSearchParams(wanted)}` : ""}`;
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, Math.min(Number(seconds) || 1, 10) * 1000));
