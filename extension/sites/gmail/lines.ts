// The lines of a text, each knowing where it stands.

import { bareLetters } from "./letters";

/** A stretch of text, in characters. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface Line extends Stretch {
  /** Its words as they are seen, with single blanks between them; "" for an empty line. */
  readonly text: string;
}

/** All lines, the empty ones too. */
export function linesOf(text: string): Line[] {
  let from = 0;
  return text.split("\n").map((line) => {
    const at = from;
    from += line.length + 1;
    return { from: at, to: at + line.length, text: bareLetters(line).replace(/\s+/g, " ").trim() };
  });
}

/** Those with words. */
export function wordedLinesOf(text: string): Line[] {
  return linesOf(text).filter((line) => line.text !== "");
}
