// Words that stood in an editor before its owner wrote any: a signature without a mark, a draft taken up again. They are
// no instruction, and nothing takes them away.

import { PageChanged } from "../site";
import { type Line, type Stretch, wordedLinesOf } from "./lines";
import { HOOKS } from "./selectors";

// More lines that differ are no typing of an owner's; to compare them takes the square of their number.
const MOST_LINES = 1000;

/**
 * What of `text` its owner added to the words `given`: the first lines that stand there beside all that was given. Empty
 * where nothing was added, or where it cannot be told from a change of what was given.
 */
export function addedTo(given: string, text: string): Stretch {
  const [before, now] = [wordedLinesOf(given), wordedLinesOf(text)];
  const kept = keptOf(before, now);
  if (kept === null) return { from: 0, to: 0 };
  if (kept.length === 0) return { from: 0, to: text.length };
  const gap = gapsOf(kept, before.length, now.length).find(({ old, fresh }) => old === 0 && fresh.length > 0);
  if (gap === undefined) return { from: 0, to: 0 };
  const [first, last] = [now[gap.fresh[0] as number] as Line, now[gap.fresh.at(-1) as number] as Line];
  return { from: first.from, to: last.to };
}

type Pair = [before: number, now: number];

/**
 * Pairs of lines that stayed, as many as can be, in order; of equal ones the last, for what is given stands below. Null
 * where too much differs.
 */
function keptOf(before: readonly Line[], now: readonly Line[]): Pair[] | null {
  const most = Math.min(before.length, now.length);
  const isEqual = (a: number, b: number) => before[a]?.text === now[b]?.text;
  let below = 0;
  while (below < most && isEqual(before.length - 1 - below, now.length - 1 - below)) below++;
  // Of equal lines this takes the first, so no more than has to be.
  let above = 0;
  const rest = () => Math.max(before.length, now.length) - below - above;
  while (rest() > MOST_LINES && above < most - below && isEqual(above, above)) above++;
  const [old, fresh] = [before.slice(above, before.length - below), now.slice(above, now.length - below)];
  if (Math.max(old.length, fresh.length) > MOST_LINES && Math.min(old.length, fresh.length) > 0) return null;
  const ends = (count: number, a: number, b: number) =>
    Array.from({ length: count }, (_, at): Pair => [a + at, b + at]);
  return [
    ...ends(above, 0, 0),
    ...between(old, fresh).map(([a, b]): Pair => [a + above, b + above]),
    ...ends(below, before.length - below, now.length - below),
  ];
}

/** The same without what is equal at both ends. */
function between(before: readonly Line[], now: readonly Line[]): Pair[] {
  const most = tableOf(before, now);
  const at = (a: number, b: number) => most[a]?.[b] ?? 0;
  const pairs: Pair[] = [];
  for (let a = before.length, b = now.length; a > 0 && b > 0; ) {
    if (before[a - 1]?.text === now[b - 1]?.text) pairs.unshift([--a, --b]);
    else if (at(a, b - 1) >= at(a - 1, b)) b--;
    else a--;
  }
  return pairs;
}

function tableOf(before: readonly Line[], now: readonly Line[]): number[][] {
  const table: number[][] = [new Array(now.length + 1).fill(0)];
  for (const { text } of before) {
    const above = table.at(-1) as number[];
    const row = [0];
    for (const [b, line] of now.entries()) {
      row.push(line.text === text ? (above[b] ?? 0) + 1 : Math.max(above[b + 1] ?? 0, row[b] ?? 0));
    }
    table.push(row);
  }
  return table;
}

/** Between the lines that stayed: how many went, and which came. */
function gapsOf(kept: readonly Pair[], before: number, now: number): { old: number; fresh: number[] }[] {
  const edges: Pair[] = [[-1, -1], ...kept, [before, now]];
  return edges.slice(1).map(([a, b], at) => {
    const [c, d] = edges[at] as Pair;
    return { old: a - c - 1, fresh: Array.from({ length: b - d - 1 }, (_none, step) => d + 1 + step) };
  });
}

interface Ear {
  trusts(event: Event): boolean;
  readonly until: AbortSignal;
}

const WRITES = ["keydown", "beforeinput", "paste", "drop"] as const;

/** Notes what stands in an editor when its owner begins to write. */
export class Given {
  readonly #read: () => string;
  readonly #isOld: boolean;
  #words: string | null = null;

  /** `isOld`: it was there before anybody looked, so what is typed in it may be its owner's. */
  constructor(root: HTMLElement, read: () => string, isOld: boolean, { trusts, until }: Ear) {
    this.#read = read;
    this.#isOld = isOld;
    const note = (event: Event) => {
      if (trusts(event) && isEditor(event)) this.#note();
    };
    for (const name of WRITES) root.addEventListener(name, note, { capture: true, signal: until });
  }

  /** Read at the first key, or when asked for before. */
  get words(): string {
    this.#words ??= this.#judged(this.#read());
    return this.#words;
  }

  #note(): void {
    try {
      this.#words ??= this.#judged(this.#read());
    } catch (error) {
      if (!(error instanceof PageChanged)) throw error; // whoever asks for the words is told
    }
  }

  // Who writes begins at the top; what a page puts there leaves the first line free.
  #judged(text: string): string {
    return this.#isOld && !/^\s*\n/.test(text) ? "" : text;
  }
}

function isEditor({ target }: Event): boolean {
  const node = target as Node | null;
  const element = node instanceof Element ? node : node?.parentElement;
  return element?.closest(HOOKS.editable.selector) != null;
}
