/** A table that becomes a list of cards where it has no room: see `data-label` in the styles. */

import { html } from "../view.js";

/**
 * `columns`: the cell of a name stands on the card without its label. `keyOf(row)` tells rows apart, `classOf(row)` is a
 * row's class.
 *
 * @template T
 * @param {object} props
 * @param {string} props.caption
 * @param {{ head: string, cell: (row: T) => unknown, className?: string, isName?: boolean }[]} props.columns
 * @param {T[]} props.rows
 * @param {(row: T) => string | number} props.keyOf
 * @param {(row: T) => string | undefined} [props.classOf]
 */
export const Table = ({ caption, columns, rows, keyOf, classOf, ...attributes }) => html`
  <table ...${attributes}>
    <caption class="visually-hidden">${caption}</caption>
    <thead><tr>${columns.map(({ head, className }) => html`<th scope="col" class=${className === "number" ? className : undefined}>${head}</th>`)}</tr></thead>
    <tbody>
      ${rows.map(
        (row) => html`
        <tr key=${keyOf(row)} class=${classOf?.(row)}>
          ${columns.map(({ head, cell, className, isName }) => html`<td class=${className} data-label=${isName ? undefined : head}>${cell(row)}</td>`)}
        </tr>`,
      )}
    </tbody>
  </table>`;
