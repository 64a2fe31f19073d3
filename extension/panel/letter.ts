// The letter: text as it streams in, then the finished version with its unsupported facts marked.

import { make } from "../element";
import type { Around } from "./around";
import { type Piece, pieces } from "./facts";
import { kindName } from "./kinds";
import { Spoken } from "./spoken";
import { type State, shown, type Version } from "./state";

export class Letter {
  readonly node: HTMLElement;
  readonly spoken = new Spoken();
  readonly #around: Around;
  readonly #stream = document.createTextNode("");
  #version: Version | null = null;

  constructor(around: Around) {
    this.#around = around;
    const label = around.words("panel_draft");
    this.node = make("div", { id: "text", role: "region", tabindex: "0", dir: "auto", "aria-label": label });
  }

  show(state: State): void {
    const version = shown(state);
    this.node.hidden =
      state.phase === "asking" || state.phase === "inserted" || (!version && !state.text && state.phase !== "writing");
    this.node.setAttribute("aria-busy", String(state.phase === "writing"));
    const language = (version?.draft ?? state.meta)?.language ?? "";
    this.node.lang = language === "und" ? "" : language;
    if (version) this.#showVersion(version, state.trouble === null);
    else this.#showStream(state);
  }

  /** Select the text, where the browser keeps its clipboard to itself. */
  select(): void {
    getSelection()?.selectAllChildren(this.node);
  }

  #showVersion(version: Version, isDone: boolean): void {
    if (version === this.#version) return;
    if (isDone && !this.#version && this.#stream.data) this.spoken.say(version.draft.text, true);
    this.#version = version;
    this.node.replaceChildren(...pieces(version.draft).map((piece) => this.#piece(piece, version)));
  }

  #showStream({ text }: State): void {
    if (this.#version || !this.#stream.isConnected || !text.startsWith(this.#stream.data)) this.#begin();
    if (text.length === this.#stream.length) return;
    this.#stream.appendData(text.slice(this.#stream.length));
    this.spoken.say(text, false);
  }

  #begin(): void {
    this.#version = null;
    this.#stream.data = "";
    this.spoken.clear();
    this.node.replaceChildren(this.#stream);
    if (this.node.parentElement) this.node.parentElement.scrollTop = 0; // a letter is read from its top, also while it comes
  }

  #piece({ text, fact }: Piece, { draft, kept }: Version): Node {
    const found = fact === undefined ? undefined : draft.unsupported[fact];
    if (fact === undefined || !found) return document.createTextNode(text);
    const { words } = this.#around;
    const isOut = found.is_left_out && !kept.has(fact);
    const why = words("panel_mark_why", words(kindName(found.kind)));
    const title = isOut ? `${why}. ${words("panel_left_out")}` : why;
    return make("mark", { title, "data-kind": found.kind, ...(isOut && { "data-out": true }) }, text);
  }
}
