// Says that somebody writes whose mailbox this is not known to be, and leads to where that is chosen.

import { make, makeButton } from "../element";
import { type Around, onPerson } from "./around";
import type { State } from "./state";

export class VoiceLine {
  readonly node: HTMLElement;
  readonly #said = make("span", { dir: "auto" });
  readonly #around: Around;

  constructor(around: Around) {
    this.#around = around;
    const choose = makeButton("choose-voice", around.words("troubles_act_options"), { class: "quiet" });
    onPerson(choose, "click", around, around.openOptions);
    this.node = make("p", { id: "voice" }, this.#said, choose);
  }

  show({ voice, phase }: State): void {
    this.node.hidden = !voice?.stranger || phase === "inserted";
    if (voice) this.#said.textContent = this.#around.words("panel_voice", voice.owner, voice.stranger);
  }
}
