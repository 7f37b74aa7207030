/**
 * Charts of bars, as SVG: in the colours of the styles, in every language, at any width, and on paper.
 *
 * The numbers stand in a table beside each chart, so a screen reader gets the chart's title and reads the table.
 */

import { html } from "../view.js";

const HEIGHT = 200;
const TOP = 10;
const FOOT = 24;
const SCALE_WIDTH = 56;
const PLOT = HEIGHT - TOP - FOOT;
const MAX_TICKS = 4;
const MAX_LABELS = 4;

/**
 * Returns evenly spaced round numbers from 0 on, of which the last is the largest value or more.
 *
 * @param {number} largest
 */
export function ticksUpTo(largest, isWhole = false) {
  if (largest <= 0) return [0, 1];
  const rough = largest / MAX_TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const found = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  const step = isWhole ? Math.max(1, found) : found;
  return Array.from({ length: Math.ceil(largest / step) + 1 }, (_, index) => index * step);
}

/**
 * Bars of several series on top of each other, or beside each other (`isGrouped`); `marks` are lines above the bars.
 *
 * @typedef {{ name: string, className: string, values: (number | null)[] }} Series
 * @param {object} props
 * @param {string} props.title
 * @param {string[]} props.labels
 * @param {Series[]} props.series
 * @param {Series} [props.marks]
 * @param {(value: number) => string} props.write
 * @param {boolean} [props.isGrouped]
 * @param {boolean} [props.isWhole] Whether the values are counts.
 */
export function BarChart({ title, labels, series, marks, write, isGrouped = false, isWhole = false }) {
  const tops = labels.map((_, index) => {
    const values = series.map((each) => each.values[index] ?? 0);
    return isGrouped ? Math.max(...values) : values.reduce((sum, each) => sum + each, 0);
  });
  const ticks = ticksUpTo(Math.max(0, ...tops, ...(marks?.values ?? []).map((each) => each ?? 0)), isWhole);
  const highest = ticks.at(-1) ?? 1;
  const y = (value) => TOP + PLOT * (1 - value / highest);
  const band = 100 / labels.length;
  const every = Math.ceil(labels.length / MAX_LABELS);
  const lanes = isGrouped ? series.length : 1;

  function bars(index) {
    let below = 0;
    return series.map(({ name, className, values }, lane) => {
      const value = values[index];
      if (!value) return null;
      const base = isGrouped ? 0 : below;
      below += value;
      const width = (band * 0.7) / lanes;
      const left = index * band + band * 0.15 + (isGrouped ? lane * width : 0);
      const height = y(base) - y(base + value);
      return html`
        <rect key=${name} class="bar ${className}" x="${left}%" width="${width}%" y=${y(base + value)} height=${height}>
          <title>${`${labels[index]}, ${name}: ${write(value)}`}</title>
        </rect>`;
    });
  }

  function mark(index) {
    const value = marks?.values[index];
    if (!marks || !value) return null;
    return html`
      <rect class="bar ${marks.className}" x="${index * band + band * 0.05}%" width="${band * 0.9}%" y=${y(value) - 1} height="2">
        <title>${`${labels[index]}, ${marks.name}: ${write(value)}`}</title>
      </rect>`;
  }

  return html`
    <figure class="chart">
      <figcaption>${title}</figcaption>
      <div class="plot">
        <svg class="scale" width=${SCALE_WIDTH} height=${HEIGHT} aria-hidden="true">
          ${ticks.map((tick) => html`<text x=${SCALE_WIDTH - 6} y=${y(tick) + 4} text-anchor="end">${write(tick)}</text>`)}
        </svg>
        <svg width="100%" height=${HEIGHT} role="img" aria-label=${title}>
          ${ticks.map((tick) => html`<line class="grid" x1="0" x2="100%" y1=${y(tick)} y2=${y(tick)} />`)}
          ${labels.map((_, index) => [bars(index), mark(index)])}
          ${labels.map((label, index) => (index % every === 0 ? html`<text x="${index * band}%" y=${HEIGHT - 6}>${label}</text>` : null))}
        </svg>
      </div>
      <${Legend} series=${marks ? [...series, marks] : series} />
    </figure>`;
}

/**
 * Rows of bars that lie, one for each key.
 *
 * @param {{ title: string, rows: { key: string, label: string, values: number[] }[], series: { name: string, className: string }[] }} props
 */
export function LyingBars({ title, rows, series }) {
  const longest = Math.max(1, ...rows.map(({ values }) => values.reduce((sum, each) => sum + each, 0)));
  return html`
    <figure class="chart">
      <figcaption>${title}</figcaption>
      <ul class="lying">
        ${rows.map(({ key, label, values }) => {
          const total = values.reduce((sum, each) => sum + each, 0);
          let left = 0;
          return html`
            <li key=${key}>
              <span class="name">${label}</span>
              <svg width="100%" height="16" aria-hidden="true">
                ${values.map((value, index) => {
                  const start = left;
                  left += (value / longest) * 100;
                  return (
                    value > 0 &&
                    html`<rect class="bar ${series[index].className}" x="${start}%" width="${(value / longest) * 100}%" y="0" height="16"><title>${`${label}, ${series[index].name}: ${value}`}</title></rect>`
                  );
                })}
              </svg>
              <span class="total">${total}</span>
            </li>`;
        })}
      </ul>
      <${Legend} series=${series} />
    </figure>`;
}

const Legend = ({ series }) => html`
  <ul class="legend">
    ${series.map(
      ({ name, className }) => html`
      <li key=${name}><svg width="12" height="12" aria-hidden="true"><rect class="bar ${className}" width="12" height="12" /></svg>${name}</li>`,
    )}
  </ul>`;
