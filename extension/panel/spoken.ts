// Reads a draft to a screen reader as it streams: by whole sentences, since a word at a time is noise.

import { make } from "../element";

const SENTENCE_END = /[.!?…。！？؟]["'»”)]*\s|\n/g;

export class Spoken {
  readonly node = make("div", { class: "unseen", role: "log", "aria-live": "polite" });
  #said = 0;

  /** Say what is new of a text, up to the end of its last sentence; all of it when it is done. */
  say(text: string, isDone: boolean): void {
    const fresh = text.slice(this.#said);
    const ends = [...fresh.matchAll(SENTENCE_END)].map((match) => match.index + match[0].length);
    const cut = isDone ? fresh.length : (ends.at(-1) ?? 0);
    if (cut === 0) return;
    this.#said += cut;
    this.node.append(make("span", {}, fresh.slice(0, cut)));
  }

  clear(): void {
    this.#said = 0;
    this.node.replaceChildren();
  }
}
