// Notices that nothing comes any more. Counts only time in which the tab was awake: a laptop that slept, a tab that was
// put aside or a clock that jumped is no silence.

const TICK_MS = 1000;
const MOST_A_TICK_MS = 2 * TICK_MS;

export interface Silence {
  /** Something came: count anew. */
  heard(): void;
  end(): void;
}

/** Call `silent` once when nothing was heard for so long, and `tick` about every second until then. */
export function watchSilence(limitMs: number, now: () => number, silent: () => void, tick: () => void): Silence {
  let [quietMs, last] = [0, now()];
  const timer = setInterval(() => {
    const passed = now() - last;
    last = now();
    quietMs += Math.min(Math.max(passed, 0), MOST_A_TICK_MS);
    tick();
    if (quietMs < limitMs) return;
    clearInterval(timer);
    silent();
  }, TICK_MS);
  return {
    heard: () => {
      quietMs = 0;
    },
    end: () => clearInterval(timer),
  };
}
