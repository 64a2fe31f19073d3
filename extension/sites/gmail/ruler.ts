// The letters of a text that a box shows: a line may be cut in its midst.

import { type Box, isSeenIn, isWholeIn } from "./boxes";
import type { Purse } from "./purse";

/** Tells where letters are drawn. One range does for all: a page keeps up each that was ever made. */
export class Ruler {
  readonly #range: Range;
  readonly #purse: Purse;

  constructor(doc: Document, purse: Purse) {
    this.#range = doc.createRange();
    this.#purse = purse;
  }

  /** The lines of a stretch of text, as far as they take room. */
  lines(node: Text, from = 0, to = node.length): DOMRect[] {
    this.#range.setStart(node, from);
    this.#range.setEnd(node, to);
    return [...this.#range.getClientRects()].filter(({ width, height }) => width > 0 && height > 0);
  }

  /** What of `node`, which has so many lines, lies within `box`; a blank for what does not. */
  shown(node: Text, lines: number, box: Box): string {
    // Halves are looked at until each is in or out.
    const part = (from: number, to: number): string => {
      const words = node.data.slice(from, to);
      if (words.trim() === "" || !this.#purse.look(lines)) return " ";
      const drawn = this.lines(node, from, to);
      if (drawn.length > 0 && drawn.every((line) => isWholeIn(line, box))) return words;
      const middle = middleOf(node.data, from, to);
      if (middle === null || !drawn.some((line) => isSeenIn(line, box))) return isMark(words) ? words : " ";
      return part(from, middle) + part(middle, to);
    };
    return part(0, node.length);
  }
}

/** Takes no room of its own. */
function isMark(words: string): boolean {
  return /^[\p{M}\u200c\u200d]$/u.test(words);
}

/** Between two characters, near the middle; null where there is but one. */
function middleOf(text: string, from: number, to: number): number | null {
  const middle = (from + to) >> 1;
  const at = /[\udc00-\udfff]/.test(text[middle] ?? "") ? middle + 1 : middle;
  return at <= from || at >= to ? null : at;
}
