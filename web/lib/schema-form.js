/** The values of a nested form, made from a JSON Schema and shown by `ui/schema-form.js`. */

import { FormField } from "./fields.js";
import { LANGUAGES, t, tOr } from "./i18n.js";
import { parseWhole } from "./money.js";
import { signal } from "./view.js";

/** From this length on, a text gets more than one line. */
const LONG_TEXT = 250;

let made = 0;

/**
 * What a form needs beside schema and value. `words` is the prefix of its texts: the label of a member is
 * `{words}.of.{list}.{name}` or `{words}.of.{name}`, else the schema's title; hints are under `hint`, the texts of
 * values under `value`. `references` has, under the same names, `(node) => [[value, text]]` for members that name
 * something else in the document.
 *
 * @typedef {object} Setup
 * @property {Record<string, any>} schema
 * @property {string} words
 * @property {string} [name]
 * @property {Record<string, (node: any) => any[][]>} [references]
 */

/** Returns the root of a form; in the names of texts it is called `name`. */
export const formOf = (setup, value) => nodeOf({ name: setup.words, ...setup }, setup.schema, value, null, true);

/** Returns a node for a schema: its value, and the nodes below it. */
function nodeOf(place, schema, value, parent, isRequired) {
  const known = resolved(schema, place.schema);
  const Kind = kindOf(known);
  return new Kind(place, known, value, parent, isRequired);
}

/** Returns a schema without references, and without the alternative null. */
function resolved(schema, root) {
  let found = schema;
  for (;;) {
    const { $ref, anyOf, allOf, ...own } = found;
    const some = (anyOf ?? allOf)?.filter((each) => each.type !== "null");
    if ($ref) found = { ...root.$defs[$ref.split("/").at(-1)], ...own };
    else if (some?.length === 1) found = { ...some[0], ...own };
    else return some && !found.oneOf ? { ...own, anyOf: some } : found;
  }
}

function kindOf(schema) {
  if (schema.oneOf) return Variants;
  if (schema.type === "array") return List;
  if (isWords(schema)) return Words;
  return schema.type === "object" ? Group : Leaf;
}

/** Returns whether a schema is that of a text in each language. */
const isWords = ({ type, properties, additionalProperties }) =>
  type === "object" &&
  (properties
    ? Object.keys(properties).length > 0 && Object.keys(properties).every((each) => each in LANGUAGES)
    : additionalProperties?.type === "string");

/** What all nodes have: their place in the form, and an error of their own. */
class Node {
  constructor(place, schema, value, parent, isRequired) {
    made += 1;
    this.id = `node-${made}`;
    this.place = place;
    this.schema = schema;
    this.parent = parent;
    this.isRequired = isRequired;
    this.isGiven = value !== undefined && value !== null;
    this.fault = signal(/** @type {string | null} */ (null));
    /** Whether an item of a list shows its members. */
    this.isOpen = signal(false);
  }

  get name() {
    return this.place.name;
  }

  /** Returns the name of the list or group that this node is in, which tells members of one name apart. */
  get owner() {
    return this.parent?.place.name ?? "";
  }

  /** Returns the text of a kind, `of` or `hint`; undefined if there is none. */
  text(kind, name = this.name) {
    const { words } = this.place;
    return tOr(`${words}.${kind}.${this.owner}.${name}`, tOr(`${words}.${kind}.${name}`, undefined));
  }

  get label() {
    return this.text("of") ?? this.schema.title ?? this.name;
  }

  get hint() {
    return this.text("hint") ?? this.schema.description ?? "";
  }

  /** Returns the text of a value. */
  textOf(value) {
    return this.text("value", `${this.name}.${value}`) ?? String(value);
  }

  /** Returns the nodes right below this one. */
  get children() {
    return [];
  }

  /** Returns the node below this one by its name or index in the document. */
  child(_name) {
    return undefined;
  }

  /** Returns the nodes on the way of a JSON Pointer, from this one as far as there are nodes. */
  path(pointer) {
    const found = [/** @type {any} */ (this)];
    for (const part of pointer.split("/").slice(1)) {
      const below = found.at(-1).child?.(part.replaceAll("~1", "/").replaceAll("~0", "~"));
      if (!below) break;
      found.push(below);
    }
    return found;
  }

  /** Returns the nearest node above this one that is an item of the list of a name. */
  within(list) {
    let found = /** @type {any} */ (this);
    while (found && !(found.parent instanceof List && found.parent.name === list)) found = found.parent;
    return found;
  }

  get root() {
    let found = /** @type {any} */ (this);
    while (found.parent) found = found.parent;
    return found;
  }

  show(text) {
    this.fault.value = text;
  }

  focus() {
    this.children[0]?.focus();
  }

  clear() {
    this.show(null);
    for (const each of this.children) each.clear();
  }

  /** Returns how many errors are shown at this node and below it. */
  get faults() {
    return (this.fault.value ? 1 : 0) + this.children.reduce((sum, each) => sum + each.faults, 0);
  }

  below(name, schema, value, isRequired) {
    return nodeOf({ ...this.place, name }, schema, value, this, isRequired);
  }
}

/** A single value: a text, a number, one of several values, or yes and no. */
class Leaf extends Node {
  constructor(place, schema, value, parent, isRequired) {
    super(place, schema, value, parent, isRequired);
    const { references = {} } = place;
    this.reference = references[`${this.owner}.${this.name}`] ?? references[this.name] ?? null;
    this.values = schema.const === undefined ? (schema.enum ?? null) : [schema.const];
    this.types = [schema.type, ...(schema.anyOf ?? []).map((each) => each.type)].filter(Boolean);
    const begun = value ?? schema.default ?? (this.isFixed ? schema.const : undefined);
    this.first = value;
    this.field = new FormField({
      name: this.name,
      label: this.label,
      type: this.#type(),
      required: isRequired,
      value: begun,
      hint: parent instanceof List ? "" : this.hint,
      limits: { maxLength: schema.maxLength },
      attributes: { autocomplete: "off", ...(this.#type() !== "select" && { spellcheck: this.isProse }) },
    });
    this.fault = this.field.fault;
  }

  /** Returns whether the schema allows one value only, which needs no control. */
  get isFixed() {
    return this.schema.const !== undefined;
  }

  /** Returns whether people read the text, so that its spelling may be checked. */
  get isProse() {
    return this.schema.pattern === undefined && !this.types.includes("integer");
  }

  #type() {
    if (this.types.includes("boolean")) return "checkbox";
    if (this.values || this.reference) return "select";
    if (this.schema.format === "date") return "date";
    if (this.types.length === 1 && this.types[0] === "integer") return "integer";
    return this.schema.maxLength >= LONG_TEXT ? "textarea" : "text";
  }

  /** Returns what can be chosen, as [value, text]. */
  get options() {
    const found = this.values ? this.values.map((each) => [each, this.textOf(each)]) : this.reference(this);
    return [["", t("form.choose")], ...found];
  }

  read() {
    const found = this.field.value.value;
    const isOmitted = !this.isRequired && !this.isGiven && String(found) === String(this.schema.default ?? false);
    if (isOmitted) return undefined;
    if (this.field.type === "checkbox") return found;
    if (found === "") return this.isRequired && this.types.includes("string") ? "" : undefined;
    if (this.field.type === "select") return this.options.find(([value]) => String(value) === found)?.[0] ?? found;
    // What was not changed keeps its type, where both are possible.
    if (String(this.first) === found) return this.first;
    return this.types.includes("integer") ? (parseWhole(found.trim()) ?? found) : found;
  }

  show(text) {
    this.field.show(text);
  }

  focus() {
    this.field.focus();
  }
}

/** A text in each language. */
class Words extends Node {
  constructor(place, schema, value, parent, isRequired) {
    super(place, schema, value, parent, isRequired);
    const languages = Object.keys(schema.properties ?? LANGUAGES);
    const others = Object.keys(value ?? {}).filter((each) => !languages.includes(each));
    this.fields = Object.fromEntries(
      [...languages, ...others].map((language) => [language, this.#fieldOf(language, value?.[language])]),
    );
  }

  #fieldOf(language, value) {
    const { maxLength } = this.schema.properties?.[language] ?? this.schema.additionalProperties ?? {};
    return new FormField({
      name: `${this.name}-${language}`,
      label: LANGUAGES[language] ?? language,
      type: maxLength >= LONG_TEXT ? "textarea" : "text",
      required: true,
      value,
      limits: { maxLength },
      attributes: { lang: language, autocomplete: "off" },
    });
  }

  /** Returns what is to be said of it; that it is in every language can be seen. */
  get hint() {
    return this.text("hint") ?? "";
  }

  child(name) {
    return this.fields[name];
  }

  clear() {
    this.show(null);
    for (const each of Object.values(this.fields)) each.show(null);
  }

  get faults() {
    return [this, ...Object.values(this.fields)].filter((each) => each.fault.value).length;
  }

  /** Returns the text in a language, else in any. */
  in(language) {
    const found = this.fields[language]?.text;
    return found || Object.values(this.fields).find((each) => each.text)?.text || "";
  }

  read() {
    const found = Object.entries(this.fields)
      .map(([language, each]) => [language, each.text])
      .filter(([, text]) => text);
    return found.length || this.isRequired ? Object.fromEntries(found) : undefined;
  }

  focus() {
    Object.values(this.fields)[0]?.focus();
  }
}

/** Several members, each under its name. What has no member in the schema stays as it is. */
class Group extends Node {
  constructor(place, schema, value, parent, isRequired) {
    super(place, schema, value, parent, isRequired);
    const { properties = {}, required = [] } = schema;
    const given = isObject(value) ? value : {};
    this.members = Object.fromEntries(
      Object.entries(properties)
        .filter(([, each]) => !each.readOnly)
        .map(([name, each]) => [name, this.below(name, each, given[name], required.includes(name))]),
    );
    this.rest = Object.fromEntries(Object.entries(given).filter(([name]) => !(name in properties)));
  }

  get children() {
    return Object.values(this.members);
  }

  child(name) {
    return this.members[name];
  }

  read() {
    const found = this.children.map((each) => [each.name, each.read()]).filter(([, value]) => value !== undefined);
    const isEmpty = found.length === 0 && Object.keys(this.rest).length === 0;
    return isEmpty && !this.isRequired ? undefined : { ...Object.fromEntries(found), ...this.rest };
  }

  focus() {
    this.children.find((each) => !(each instanceof Leaf && each.isFixed))?.focus();
  }
}

/** One of several groups, told apart by the value of one member, as by `type`. */
class Variants extends Node {
  constructor(place, schema, value, parent, isRequired) {
    super(place, schema, value, parent, isRequired);
    const branches = schema.oneOf.map((each) => resolved(each, place.schema));
    this.tag = schema.discriminator?.propertyName ?? tagOf(branches);
    this.branches = new Map(branches.map((each) => [each.properties[this.tag].const, each]));
    this.field = new FormField({
      name: this.tag,
      label: this.text("of", this.tag) ?? branches[0].properties[this.tag].title,
      type: "select",
      required: true,
      value: isObject(value) ? value[this.tag] : "",
    });
    this.current = signal(this.#groupOf(value));
  }

  #groupOf(value) {
    const branch = this.branches.get(this.field.value.peek());
    return new Group(this.place, branch ?? {}, value, this, true);
  }

  get options() {
    const text = (value) => this.text("value", `${this.tag}.${value}`) ?? String(value);
    return [["", t("form.choose")], ...[...this.branches.keys()].map((value) => [value, text(value)])];
  }

  /** Returns what is to be said of what was chosen. */
  get hint() {
    const chosen = this.field.value.value;
    return this.text("hint", `${this.tag}.${chosen}`) ?? this.branches.get(chosen)?.description ?? "";
  }

  /** Draws the members of what was chosen, which keep the values that they have in common with those before. */
  choose() {
    this.current.value = this.#groupOf({ ...this.current.peek().read(), [this.tag]: this.field.value.value });
  }

  get children() {
    return [this.current.value];
  }

  get members() {
    return this.current.value.members;
  }

  child(name) {
    return name === this.tag ? this.field : this.current.value.child(name);
  }

  clear() {
    super.clear();
    this.field.show(null);
  }

  get faults() {
    return super.faults + (this.field.fault.value ? 1 : 0);
  }

  read() {
    return { ...this.current.value.read(), [this.tag]: this.field.value.value };
  }

  focus() {
    this.field.focus();
  }
}

/** Several values of one kind, in an order. */
export class List extends Node {
  constructor(place, schema, value, parent, isRequired) {
    super(place, schema, value, parent, isRequired);
    const given = Array.isArray(value) ? value : [];
    this.items = signal(given.map((each) => this.#itemOf(each)));
  }

  #itemOf(value) {
    return this.below(this.name, this.schema.items, value, true);
  }

  get isFull() {
    return this.items.value.length >= (this.schema.maxItems ?? Number.POSITIVE_INFINITY);
  }

  get children() {
    return this.items.value;
  }

  child(index) {
    return this.items.value[Number(index)];
  }

  /** Adds an item with a value, at the end or behind another one. */
  add(value = undefined, behind = null) {
    const added = this.#itemOf(value);
    const at = behind ? this.items.value.indexOf(behind) + 1 : this.items.value.length;
    this.items.value = this.items.value.toSpliced(at, 0, added);
    return added;
  }

  remove(item) {
    this.items.value = this.items.value.filter((each) => each !== item);
  }

  /** Moves an item by a number of places. */
  move(item, by) {
    const at = this.items.value.indexOf(item);
    this.items.value = this.items.value.toSpliced(at, 1).toSpliced(at + by, 0, item);
  }

  read() {
    const found = this.items.value.map((each) => each.read() ?? null);
    return found.length || this.isRequired ? found : undefined;
  }
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

const tagOf = (branches) =>
  Object.keys(branches[0].properties).find((name) => branches.every((each) => each.properties[name]?.const));

/** Returns whether a node is a single value, a text in each language, a group, or one of several groups. */
export const isLeaf = (node) => node instanceof Leaf;
export const isWordsNode = (node) => node instanceof Words;
export const isVariants = (node) => node instanceof Variants;

/**
 * Shows the errors of a 422 at their places, after those before are removed. `textOf(fault)` returns the text of one.
 */
export function showAt(root, faults, textOf) {
  root.clear();
  for (const each of faults) {
    const found = root.path(each.pointer).at(-1);
    const before = found.fault.peek();
    found.show(before ? `${before} ${textOf(each)}` : textOf(each));
  }
}
