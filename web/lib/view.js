/** The view library: Preact's elements as templates (htm), and signals that redraw what reads them. */

import htm from "../vendor/htm.js";
import { h } from "../vendor/preact.js";

export { render } from "../vendor/preact.js";
export { useEffect, useLayoutEffect, useMemo, useRef } from "../vendor/preact-hooks.js";
export { batch, computed, effect, signal, untracked, useSignal } from "../vendor/signals.js";

/**
 * @template T
 * @typedef {import("../vendor/signals.js").ReadonlySignal<T>} ReadonlySignal
 */

export const html = htm.bind(h);
