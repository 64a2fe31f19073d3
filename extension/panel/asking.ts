// What is asked: the words in the mail, or those in the box, and how it is to sound.

import { make, makeButton } from "../element";
import type { Length, Tone } from "../protocol";
import { type Around, onPerson } from "./around";
import { type Chips, makeChips } from "./chips";
import { ifSeen, onSeen } from "./seen";
import type { Session } from "./session";
import type { State } from "./state";

export class Asking {
  readonly node: HTMLElement;
  readonly box: HTMLTextAreaElement;
  readonly write: HTMLButtonElement;
  /** Ask, by a key. */
  readonly go: () => void;
  /** Something was typed into the box. */
  readonly typed: () => void;
  readonly #taken = make("blockquote", { id: "taken", dir: "auto" });
  readonly #takenLabel = make("p", { class: "label" });
  readonly #why = make("p", { id: "why", class: "small" });
  readonly #tone: Chips<Tone>;
  readonly #length: Chips<Length>;
  readonly #around: Around;

  constructor(session: Session, around: Around) {
    const { words } = around;
    this.#around = around;
    this.box = make("textarea", { id: "instruction", rows: "1", dir: "auto" });
    this.write = makeButton("write", words("panel_write"), { class: "main" });
    this.#why.textContent = words("troubles_no_words_hint");
    this.#tone = makeChips("tone", words("panel_tone"), tones(around), around, (tone) => session.choose({ tone }));
    this.#length = makeChips("length", words("panel_length"), lengths(around), around, (length) =>
      session.choose({ length }),
    );
    this.typed = () => session.choose({ instruction: this.box.value });
    onPerson(this.box, "input", around, this.typed);
    onSeen(this.write, around, () => session.ask());
    this.go = () => ifSeen(this.write, around, () => session.ask());
    const choices = make("div", { class: "row" }, this.#tone.node, this.#length.node);
    const foot = make("div", { class: "row asks" }, choices, this.write);
    this.node = make("div", { id: "asking" }, this.#takenLabel, this.#taken, this.box, this.#why, foot);
  }

  focus(): void {
    (this.box.hidden ? this.write : this.box).focus({ preventScroll: true });
  }

  show(state: State): void {
    const { words } = this.#around;
    this.node.hidden = state.phase !== "asking";
    if (this.node.hidden) return;
    const { taken, isAnswer, isAlone, trouble } = state;
    const prompt = words(isAnswer ? "panel_ask_answer" : "panel_ask_new");
    this.box.placeholder = prompt;
    this.box.setAttribute("aria-label", prompt);
    this.box.hidden = taken !== null;
    this.#taken.hidden = this.#takenLabel.hidden = taken === null;
    this.#takenLabel.textContent = words(taken?.isSelection ? "panel_taken_selected" : "panel_taken_live");
    this.#taken.textContent = taken?.text ?? "";
    if (this.box.value !== state.instruction) this.box.value = state.instruction;
    this.#tone.show(state.tone);
    this.#length.show(state.length);
    const isEmpty = !taken && !state.instruction.trim();
    this.write.textContent = words(isEmpty && isAnswer ? "panel_from_thread" : "panel_write");
    this.write.disabled = isEmpty && !isAnswer;
    this.#why.hidden = !isAlone || !isEmpty || trouble !== null;
  }
}

function tones({ words }: Around): (readonly [Tone, string])[] {
  return [
    ["friendly", words("panel_tone_friendly")],
    ["neutral", words("panel_tone_neutral")],
    ["formal", words("panel_tone_formal")],
  ];
}

function lengths({ words }: Around): (readonly [Length, string])[] {
  return [
    ["short", words("panel_length_short")],
    ["medium", words("panel_length_medium")],
    ["long", words("panel_length_long")],
  ];
}
