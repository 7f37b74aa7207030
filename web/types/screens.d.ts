/** What the screens share: above all how they ask the API, by a route of its document, with what that takes and answers. */

import type { components, paths } from "openapi";
import type { Session } from "../lib/session.js";

type Method = "get" | "post" | "put" | "delete";
type Json = "application/json";

/** The routes of a method, without the `/api` before each. */
export type Route<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }>
    ? P extends `/api${infer R}`
      ? R
      : never
    : never;
}[keyof paths];

type Operation<M extends Method, R extends string> = `/api${R}` extends keyof paths ? paths[`/api${R}`][M] : never;

type Answers<O> = O extends { responses: infer A } ? A : never;
type Content<A, T extends string> = A extends { content: infer C } ? (T extends keyof C ? C[T] : never) : never;
/** What is answered when all is well. */
type Answer<O, T extends string = Json> = Content<Answers<O>[keyof Answers<O> & (200 | 201 | 202)], T>;

type Path<O> = O extends { parameters: { path: infer P } } ? P : undefined;
type Query<O> = O extends { parameters: { query?: infer Q } } ? Q : never;
type Body<O, T extends string = Json> = O extends { requestBody?: infer B } ? Content<NonNullable<B>, T> : never;

/** Empty members of a query are left out of the address. */
type Loose<Q> = { [K in keyof Q]?: Q[K] | null | "" };

type How<O> = { query?: Loose<Query<O>>; signal?: AbortSignal } & (Path<O> extends undefined
  ? { path?: undefined }
  : { path: Path<O> });
type Sent<O, T extends string = Json> = How<O> & { body: Body<O, T>; headers?: Record<string, string> };

type Optional<T> = Record<string, never> extends T ? [how?: T] : [how: T];
type Rows<T> = T extends { items: readonly (infer R)[] } ? R : never;

/** What `api.js` does. */
export interface Api {
  accountId: string | null;
  get<R extends Route<"get">>(
    route: R,
    ...how: Optional<How<Operation<"get", R>>>
  ): Promise<Answer<Operation<"get", R>>>;
  /** Of a list: all the rows of its pages. */
  getAll<R extends Route<"get">>(
    route: R,
    ...how: Optional<How<Operation<"get", R>>>
  ): Promise<Rows<Answer<Operation<"get", R>>>[]>;
  getWithTag<R extends Route<"get">>(
    route: R,
    ...how: Optional<How<Operation<"get", R>>>
  ): Promise<{ body: Answer<Operation<"get", R>>; etag: string | null }>;
  getPdf<R extends Route<"get">>(route: R, how: How<Operation<"get", R>>): Promise<Blob>;
  getCsv<R extends Route<"get">>(route: R, how: How<Operation<"get", R>>, locale: string): Promise<Blob>;
  post<R extends Route<"post">>(route: R, how: Sent<Operation<"post", R>>): Promise<Answer<Operation<"post", R>>>;
  postForPdf<R extends Route<"post">>(route: R, how: Sent<Operation<"post", R>>): Promise<Blob>;
  put<R extends Route<"put">>(route: R, how: Sent<Operation<"put", R>>): Promise<Answer<Operation<"put", R>>>;
  putWithTag<R extends Route<"put">>(
    route: R,
    how: Sent<Operation<"put", R>>,
  ): Promise<{ body: Answer<Operation<"put", R>>; etag: string | null }>;
  delete<R extends Route<"delete">>(
    route: R,
    how: How<Operation<"delete", R>> & { headers?: Record<string, string> },
  ): Promise<void>;
  putCsv<R extends Route<"put">>(
    route: R,
    how: Sent<Operation<"put", R>, "text/csv">,
  ): Promise<Answer<Operation<"put", R>>>;
}

/** What the screens use of config.json. */
interface Config {
  brand: string;
  local_run?: string;
  second_factor?: { client_id: string; endpoint: string; passkeys_endpoint?: string };
  staff_provider?: { client_id: string; identity_provider: string };
}

/** What every page is given. */
export interface Context {
  api: Api;
  session: Session;
  config: Config;
  catalog: Catalog;
  /** Who is signed in, and what that person may do. */
  me: Me;
  can(permission: Permission): boolean;
  /** The reader's own account, then its sub-accounts; nobody's at the desk. */
  accounts: Account[];
  /** Ended when the page is left. */
  signal: AbortSignal;
  /** Of the page's address. */
  query: URLSearchParams;
  go(path: string, how?: { replace?: boolean }): void;
}

type Schemas = components["schemas"];
export type Account = Schemas["Account"];
export type Attachment = Schemas["Attachment"];
export type AuditEntry = Schemas["AuditEntry"];
export type Catalog = Schemas["Catalog"];
export type Currency = Schemas["Currency"];
export type DeskOrder = Schemas["DeskOrder"];
export type DiscountPolicy = Schemas["DiscountPolicyAnswer"];
export type Entry = Schemas["Entry"];
export type Evidence = Schemas["Evidence"];
export type Figures = Schemas["Figures"];
export type FilledTextModule = Schemas["FilledTextModule"];
export type Letterhead = Schemas["Letterhead"];
export type Mail = Schemas["Mail"];
export type Me = Schemas["Me"];
/** A service user with its secret. */
export type NewSecret = Schemas["ServiceUserWithSecret"];
export type Message = Schemas["Message"];
export type Order = Schemas["Order"];
export type Permission = Me["permissions"][number];
export type Notifications = Schemas["Notifications"];
export type Watcher = Schemas["Watchers"]["items"][number];
export type Person = Schemas["PersonAnswer"];
export type PresentPerson = Schemas["PresentPerson"];
export type Quote = Schemas["Quote"];
export type SavedView = Schemas["SavedView"];
export type ServiceUser = Schemas["ServiceUser"];
export type Team = Schemas["DeskTeam"];
export type TextModule = Schemas["StoredTextModule"];
