/**
 * Looks again and again whether something has changed, as long as somebody looks at the page: soon after a change,
 * then more and more rarely, and not at all in a hidden or an offline tab.
 * `look` answers whether something changed; what it throws is its own to show. `signal` ends it. Answers a function that
 * has it look at once.
 */
export function poll(look, signal, { soonest = 4_000, latest = 30_000 } = {}) {
  let wait = soonest;
  let timer = null;
  let looking = null;
  let isWantedAgain = false;

  /** One look after the other, so that no older answer is shown after a newer one. */
  function turn() {
    isWantedAgain = looking !== null;
    looking ??= lookUntilDone().finally(() => (looking = null));
    return looking;
  }

  async function lookUntilDone() {
    clearTimeout(timer);
    do {
      isWantedAgain = false;
      if (signal.aborted) return;
      if (!document.hidden && navigator.onLine) {
        const changed = await look();
        wait = changed ? soonest : Math.min(wait * 1.3, latest);
      }
    } while (isWantedAgain);
    if (!signal.aborted) timer = setTimeout(turn, wait);
  }

  function now() {
    wait = soonest;
    return turn();
  }

  document.addEventListener("visibilitychange", () => !document.hidden && now(), { signal });
  addEventListener("online", now, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  timer = setTimeout(turn, wait);
  return now;
}
