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

/** The API was not reached, so nobody knows whether it did what it was asked. */
export class Unreachable extends Error {}

const BUSY = new Set([429, 503]);
const TRIES = 3;

export class Api {
  #session;
  #signInAgain;

  /** `signInAgain()` is asked when the session has ended: it resolves once the reader is back, or throws SignedOut. */
  constructor(session, signInAgain) {
    this.#session = session;
    this.#signInAgain = signInAgain;
  }

  get(path, query = {}, signal) {
    return this.#json("GET", path, { query, signal });
  }

  /** `headers` may name an Idempotency-Key or an If-Match. */
  post(path, body, headers = {}) {
    return this.#json("POST", path, { body, headers });
  }

  put(path, body, headers = {}) {
    return this.#json("PUT", path, { body, headers });
  }

  /** Sends a file as it is. */
  putCsv(path, file, headers = {}) {
    return this.#json("PUT", path, { body: file, headers: { "Content-Type": "text/csv", ...headers } });
  }

  async getWithTag(path) {
    const answer = await this.#send("GET", path, {});
    return { body: await answer.json(), etag: answer.headers.get("ETag") };
  }

  async getPdf(path) {
    const answer = await this.#send("GET", path, { headers: { Accept: "application/pdf" } });
    return answer.blob();
  }

  async postForPdf(path, body) {
    const answer = await this.#send("POST", path, { body, headers: { Accept: "application/pdf" } });
    return answer.blob();
  }

  /** A list as CSV, all its pages in one file, as a spreadsheet in the language `locale` opens it. */
  async getCsv(path, query, locale) {
    const parts = [];
    let next = { path, query: { ...query, spreadsheet: locale } };
    while (next) {
      const answer = await this.#send("GET", next.path, { query: next.query, headers: { Accept: "text/csv" } });
      const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(await answer.arrayBuffer()); // which keeps the mark
      parts.push(parts.length ? text.slice(text.indexOf("\n") + 1) : text);
      const following = /<\/api([^>]+)>; rel="next"/.exec(answer.headers.get("Link") ?? "");
      next = following && { path: following[1], query: {} };
    }
    return new Blob(parts, { type: "text/csv" });
  }

  /** Every item of a list, page by page. */
  async getAll(path, query = {}, signal) {
    const items = [];
    let cursor = null;
    do {
      const page = await this.get(path, { ...query, limit: 100, ...(cursor && { cursor }) }, signal);
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    return items;
  }

  async #json(method, path, options) {
    const answer = await this.#send(method, path, options);
    return answer.json();
  }

  async #send(method, path, { query = {}, body, headers = {}, signal }) {
    const wanted = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
    const address = `/api${path}${wanted.length ? `?${new URLSearchParams(wanted)}` : ""}`;
    for (let attempt = 1; ; attempt += 1) {
      const token = await this.#token();
      const request = {
        method,
        signal,
        headers: { Authorization: `Bearer ${token}`, ...(body !== undefined && { "Content-Type": "application/json" }), ...headers },
        body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
      };
      const answer = await this.#reach(() => fetch(address, request));
      if (answer.ok) return answer;
      if (answer.status === 401 && attempt === 1) {
        await this.#token({ fresh: true });
        continue;
      }
      if (answer.status === 401) {
        await this.#signInAgain(new SignedOut("expired"));
        continue;
      }
      // Only what changes nothing is asked again by itself.
      if (BUSY.has(answer.status) && method === "GET" && attempt < TRIES) {
        await pause(answer.headers.get("Retry-After") ?? attempt);
        continue;
      }
      throw new Problem(answer.status, await answer.json().catch(() => ({})));
    }
  }

  /** A token; when there is none to be had, the one of the reader who has signed in again. */
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

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, Math.min(Number(seconds) || 1, 10) * 1000));
