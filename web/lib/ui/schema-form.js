/** A nested form: the nodes of `schema-form.js` as fields, groups, and lists whose items can be added and moved. */

import { currentLanguage, t } from "../i18n.js";
import { isLeaf, isVariants, isWordsNode, List } from "../schema-form.js";
import { html, useLayoutEffect, useRef } from "../view.js";
import { Field } from "./field.js";
import { announce } from "./toast.js";

/** Shows a node with its label and all that is below it. */
export function SchemaNode({ of: node }) {
  if (isLeaf(node)) return html`<${LeafField} node=${node} />`;
  if (isWordsNode(node)) return html`<${WordsFields} node=${node} />`;
  if (node instanceof List) return html`<${ListFields} node=${node} />`;
  return html`
    <fieldset class="nested">
      <${Legend} node=${node} />
      <${Members} of=${node} />
    </fieldset>`;
}

/** Shows the members of a group, or some of them by their `names`, without a frame of their own. */
export function Members({ of: node, names }) {
  const wanted = names ?? Object.keys(node.members);
  const shown = wanted.map((name) => node.members[name]).filter((each) => each && !each.isFixed);
  const isMark = (each) => each.field.type === "checkbox";
  const leaves = shown.filter(isLeaf);
  const simple = [...leaves.filter((each) => !isMark(each)), ...leaves.filter(isMark)];
  return html`
    ${node.fault.value && html`<p class="fault">${node.fault.value}</p>`}
    ${
      (simple.length > 0 || (isVariants(node) && !names)) &&
      html`
    <div class="fields">
      ${isVariants(node) && !names && html`<${Field} of=${node.field} options=${node.options} hint=${node.hint} attributes=${{ onChange: () => node.choose() }} />`}
      ${simple.map((each) => html`<${LeafField} key=${each.id} node=${each} />`)}
    </div>`
    }
    ${shown.filter((each) => !isLeaf(each)).map((each) => html`<${SchemaNode} key=${each.id} of=${each} />`)}`;
}

function LeafField({ node }) {
  return html`<${Field} of=${node.field} options=${node.field.type === "select" ? node.options : undefined} />`;
}

/** The label of several fields, with their hint and the error that is none of a single field. */
const Legend = ({ node }) => html`
  <legend>${node.label}${!(node.isRequired || node instanceof List) && html`<span class="optional"> ${t("form.optional")}</span>`}</legend>
  ${node.hint && html`<p class="hint">${node.hint}</p>`}`;

const WordsFields = ({ node }) => html`
  <fieldset class="nested words">
    <${Legend} node=${node} />
    ${node.fault.value && html`<p class="fault">${node.fault.value}</p>`}
    <div class="fields">${Object.values(node.fields).map((each) => html`<${Field} key=${each.id} of=${each} />`)}</div>
  </fieldset>`;

/** A list of items, each of which can be opened, moved and removed; of single values, each is a field. */
function ListFields({ node: list }) {
  const wanted = useRef(null);
  const box = useRef(null);
  const add = useRef(null);
  const items = list.items.value;

  // What was moved, added or removed decides where the reader goes on.
  useLayoutEffect(() => {
    const { node, button } = wanted.current ?? {};
    wanted.current = null;
    if (button) {
      const controls = [...box.current.querySelectorAll(`:scope > [data-node="${node.id}"] > .actions > button`)];
      const found = controls.find((each) => each.dataset.does === button && !each.disabled);
      (found ?? controls.find((each) => !each.disabled)).focus();
    } else if (node) node.focus();
    else if (node === null) add.current?.focus();
  });

  function append() {
    const added = list.add();
    added.isOpen.value = true;
    wanted.current = { node: added };
  }

  function move(item, by) {
    wanted.current = { node: item, button: by < 0 ? "up" : "down" };
    list.move(item, by);
    announce(t("nested.moved", { item: titleOf(item), place: list.items.value.indexOf(item) + 1 }));
  }

  function remove(item) {
    const at = items.indexOf(item);
    const next = items[at + 1] ?? items[at - 1] ?? null;
    wanted.current = next ? { node: next, button: "remove" } : { node: null };
    list.remove(item);
    announce(t("nested.removed", { item: titleOf(item) }));
  }

  return html`
    <fieldset class="nested list">
      <${Legend} node=${list} />
      ${list.fault.value && html`<p class="fault">${list.fault.value}</p>`}
      <ol class="node-items" ref=${box}>
        ${items.map(
          (item, index) => html`
          <li key=${item.id} data-node=${item.id}>
            ${isLeaf(item) ? html`<${LeafField} node=${item} />` : html`<${Item} node=${item} />`}
            <${Moves} title=${titleOf(item)} isFirst=${index === 0} isLast=${index === items.length - 1}
              move=${(by) => move(item, by)} remove=${() => remove(item)} />
          </li>`,
        )}
      </ol>
      <button class="small add" type="button" ref=${add} disabled=${list.isFull} onClick=${append}>${list.text("add") ?? t("action.add")}</button>
    </fieldset>`;
}

/** The buttons of an item of a list. */
export const Moves = ({ title, isFirst, isLast, move, remove, children }) => html`
  <div class="actions">
    ${children}
    <button class="small" type="button" data-does="up" disabled=${isFirst} aria-label=${t("nested.up", { item: title })} onClick=${() => move(-1)}><span aria-hidden="true">↑</span></button>
    <button class="small" type="button" data-does="down" disabled=${isLast} aria-label=${t("nested.down", { item: title })} onClick=${() => move(1)}><span aria-hidden="true">↓</span></button>
    <button class="small" type="button" data-does="remove" aria-label=${t("nested.remove", { item: title })} onClick=${remove}>${t("action.remove")}</button>
  </div>`;

/** An item of a list that has members: a line, which opens to its fields. */
function Item({ node }) {
  const { faults } = node;
  const opened = (event) => {
    node.isOpen.value = event.currentTarget.open;
  };
  return html`
    <details open=${node.isOpen.value} onToggle=${opened}>
      <summary>
        <span class="node-title">${titleOf(node)}</span> <span class="hint">${detailOf(node)}</span>
        <${Faults} count=${faults} />
      </summary>
      ${node.isOpen.value && html`<div class="node-body"><${Members} of=${node} /></div>`}
    </details>`;
}

/** How many errors there are in what is closed. */
export const Faults = ({ count }) => count > 0 && html`<span class="fault">${t("nested.faults", { count })}</span>`;

/** Returns what an item of a list is called: its label, else its first value. */
export function titleOf(node) {
  if (isLeaf(node)) return node.field.text || node.label;
  const { labels } = node.members;
  const label = labels && isWordsNode(labels) ? labels.in(currentLanguage()) : "";
  const chosen = isVariants(node) && !labels ? chosenOf(node) : "";
  return label || chosen || leavesOf(node).map(textOf).find(Boolean) || t("nested.new");
}

/** Returns what distinguishes an item besides its title: what it is of several, its id, and what else is set. */
function detailOf(node) {
  const leaves = leavesOf(node);
  const id = node.members.labels || !isVariants(node) ? leaves[0] : null;
  const found = leaves.map((each) => {
    if (each.field.type === "checkbox") return each.field.value.value && !each.schema.default ? each.label : "";
    const text = textOf(each);
    return text && each !== id ? `${each.label}: ${text}` : text;
  });
  const chosen = isVariants(node) && chosenOf(node);
  return [chosen, ...found].filter((each) => each && each !== titleOf(node)).join(" · ");
}

const leavesOf = (node) => Object.values(node.members).filter((each) => isLeaf(each) && !each.isFixed);
const chosenOf = (node) => node.options.find(([value]) => value && value === node.field.value.value)?.[1];

/** Returns the text of a single value as it is shown; of a mark, whether it is set. */
function textOf(leaf) {
  const value = leaf.field.value.value;
  return (leaf.field.type === "select" && value && leaf.options.find(([each]) => String(each) === value)?.[1]) || value;
}

/** Opens everything on the way of a JSON Pointer, and gives the focus to what it leads to. */
export function reveal(root, pointer) {
  const path = root.path(pointer);
  for (const each of path) if (each.isOpen) each.isOpen.value = true;
  // Once it is drawn.
  setTimeout(() => path.at(-1).focus());
}

/** Returns where a JSON Pointer leads to, in words: "Kinds › Sockets › Quantity". */
export function placeOf(root, pointer) {
  const path = root.path(pointer);
  const rest = pointer.split("/").slice(path.length);
  const names = path.slice(1).map((each) => (each.parent instanceof List ? titleOf(each) : each.label));
  return [...names, ...rest].join(" › ");
}
