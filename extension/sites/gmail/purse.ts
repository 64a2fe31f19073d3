// How much of a conversation is looked at. Mails are written by anybody, and the page stands still while they are read.

// A prompt has room for far less.
const MOST_LETTERS = 100_000;
const MOST_NODES = 20_000;
// Of lines: a browser goes through all of a text's to tell where some of its letters are.
const MOST_LOOKS = 200_000;
const EACH_LOOK = 10;
const MOST_POINTS = 200;

/** What may still be spent on reading. */
export class Purse {
  #letters: number;
  #nodes: number;
  #looks = MOST_LOOKS;
  #points = MOST_POINTS;

  constructor({ letters = MOST_LETTERS, nodes = MOST_NODES } = {}) {
    this.#letters = letters;
    this.#nodes = nodes;
  }

  get isEmpty(): boolean {
    return this.#letters <= 0 || this.#nodes <= 0;
  }

  /** A node is visited; false where that is one too many. */
  visit(): boolean {
    this.#nodes -= 1;
    return !this.isEmpty;
  }

  /** As much of some words as there is room for. */
  read(words: string): string {
    const read = words.slice(0, Math.max(0, this.#letters));
    this.#letters -= read.length;
    return read;
  }

  /** The place of some letters is asked for, in a text of so many lines. */
  look(lines: number): boolean {
    this.#looks -= EACH_LOOK + lines;
    return this.#looks >= 0;
  }

  /** What lies on top of a point is asked for. */
  point(): boolean {
    this.#points -= 1;
    return this.#points >= 0;
  }
}
