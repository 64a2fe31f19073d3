// Words that stood in an editor before its owner wrote any: a signature without a mark, a draft taken up again. They are
// no instruction, and nothing takes them away.

import { PageChanged } from "../site";

/** A stretch of text, in characters. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

interface Line extends Stretch {
  readonly words: string;
}

/**
 * What of `text` its owner added to the words `given`: the first lines that stand there beside all that was given. Empty
 * where nothing was added, or where it cannot be told from a change of what was given.
 */
export function addedTo(given: string, text: string): Stretch {
  const [before, now] = [linesOf(given), linesOf(text)];
  const kept = keptOf(before, now);
  if (kept.length === 0) return { from: 0, to: text.length };
  const gap = gapsOf(kept, before.length, now.length).find(({ old, fresh }) => old === 0 && fresh.length > 0);
  if (gap === undefined) return { from: 0, to: 0 };
  const [first, last] = [now[gap.fresh[0] as number] as Line, now[gap.fresh.at(-1) as number] as Line];
  return { from: first.from, to: last.to };
}

function linesOf(text: string): Line[] {
  let from = 0;
  const lines = text.split("\n").map((line) => {
    const at = from;
    from += line.length + 1;
    return { from: at, to: at + line.length, words: line.replace(/\s+/g, " ").trim() };
  });
  return lines.filter(({ words }) => words !== "");
}

/** Pairs of lines that stayed, as many as can be, in order; of equal ones the last, for what is given stands below. */
function keptOf(before: readonly Line[], now: readonly Line[]): [number, number][] {
  const most = tableOf(before, now);
  const at = (a: number, b: number) => most[a]?.[b] ?? 0;
  const pairs: [number, number][] = [];
  for (let a = before.length, b = now.length; a > 0 && b > 0; ) {
    if (before[a - 1]?.words === now[b - 1]?.words) pairs.unshift([--a, --b]);
    else if (at(a, b - 1) >= at(a - 1, b)) b--;
    else a--;
  }
  return pairs;
}

function tableOf(before: readonly Line[], now: readonly Line[]): number[][] {
  const table: number[][] = [new Array(now.length + 1).fill(0)];
  for (const { words } of before) {
    const above = table.at(-1) as number[];
    const row = [0];
    for (const [b, line] of now.entries()) {
      row.push(line.words === words ? (above[b] ?? 0) + 1 : Math.max(above[b + 1] ?? 0, row[b] ?? 0));
    }
    table.push(row);
  }
  return table;
}

/** Between the lines that stayed: how many went, and which came. */
function gapsOf(kept: readonly [number, number][], before: number, now: number): { old: number; fresh: number[] }[] {
  const edges: [number, number][] = [[-1, -1], ...kept, [before, now]];
  return edges.slice(1).map(([a, b], at) => {
    const [c, d] = edges[at] as [number, number];
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
  return element?.closest("[contenteditable=true]") != null;
}
