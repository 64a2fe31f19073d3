// The browser's own eye on what is ours: an observer that knows of all that lies over it, whether it takes clicks or not,
// and of every effect. It is strict: the shadow of a neighbour, or a filter over the whole page, and it says no. Only
// Chromium has it.

const DELAY_MS = 100; // the least the browser allows
const YOUNG_MS = 2.5 * DELAY_MS;

/** What it says: seen, hidden, or nothing that counts. */
export type Word = "seen" | "hidden" | "unsure";

/** The part of an entry that is needed; `isVisible` is not there where the browser has no such eye. */
export interface Glimpse {
  readonly target: Element;
  readonly time: number;
  readonly isIntersecting: boolean;
  readonly isVisible?: boolean;
}

/** The part of IntersectionObserver that is needed. */
export interface Eye {
  observe(node: Element): void;
  takeRecords(): Glimpse[];
}

export class Lookout {
  readonly #glimpses = new WeakMap<Element, Glimpse>();
  readonly #eye: Eye;
  readonly #now: () => number;

  constructor(open: (see: (glimpses: Glimpse[]) => void) => Eye = openEye, now = () => performance.now()) {
    this.#eye = open((glimpses) => this.#keep(glimpses));
    this.#now = now;
  }

  /** Keep an eye on it, for as long as it lives. */
  watch(node: Element): void {
    this.#eye.observe(node);
  }

  /** A "no" counts once it has stood for a while: what has just come into view is not seen yet. */
  told(node: Element): Word {
    this.#keep(this.#eye.takeRecords());
    const glimpse = this.#glimpses.get(node);
    if (!glimpse?.isIntersecting || glimpse.isVisible === undefined) return "unsure";
    if (glimpse.isVisible) return "seen";
    return this.#now() - glimpse.time < YOUNG_MS ? "unsure" : "hidden";
  }

  #keep(glimpses: Glimpse[]): void {
    for (const glimpse of glimpses) this.#glimpses.set(glimpse.target, glimpse);
  }
}

function openEye(see: (glimpses: Glimpse[]) => void): Eye {
  const how = { trackVisibility: true, delay: DELAY_MS, threshold: [0, 1] };
  return new IntersectionObserver((entries) => see(entries), how);
}
