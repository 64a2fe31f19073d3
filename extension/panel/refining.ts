// How a draft is to change: one of the usual ways, or in the owner's words.

import { draw, make, makeButton } from "../element";
import { type Around, onPerson } from "./around";
import { ifSeen, onSeen } from "./seen";
import type { Session } from "./session";
import type { State } from "./state";
import type { Key } from "./words";

const QUICK: readonly (readonly [name: string, label: Key, says: Key])[] = [
  ["shorter", "panel_quick_shorter", "panel_say_shorter"],
  ["longer", "panel_quick_longer", "panel_say_longer"],
  ["friendlier", "panel_quick_friendlier", "panel_say_friendlier"],
  ["formal", "panel_quick_formal", "panel_say_formal"],
];

export class Refining {
  readonly node: HTMLElement;
  readonly box: HTMLInputElement;
  readonly #go: HTMLButtonElement;
  readonly #session: Session;
  readonly #around: Around;
  #count = 0;

  constructor(session: Session, around: Around) {
    const { words } = around;
    this.#session = session;
    this.#around = around;
    const [label, go] = [words("panel_refine"), words("panel_refine_go")];
    this.box = make("input", {
      id: "refine",
      type: "text",
      dir: "auto",
      "aria-label": label,
      placeholder: words("panel_refine_box"),
    });
    this.#go = makeButton("refine-go", "", { class: "icon", "aria-label": go, title: go });
    this.#go.append(draw("0 0 16 16", [{ class: "stroke", d: "M13 3v5H3m0 0 4-4M3 8l4 4" }]));
    onPerson(this.box, "input", around, () => this.typed());
    onSeen(this.#go, around, () => session.refine(this.box.value));
    const quick = make("div", { class: "chips", role: "group", "aria-label": words("panel_quick") });
    for (const [name, said, says] of QUICK) {
      const chip = makeButton("", words(said), { class: "chip", "data-quick": name });
      onSeen(chip, around, () => session.refine(words(says)));
      quick.append(chip);
    }
    this.node = make("div", { id: "refining" }, quick, make("div", { class: "line" }, this.box, this.#go));
    this.typed();
  }

  /** Ask for what the box says, by a key; it is emptied once the draft is there. */
  go(): void {
    ifSeen(this.#go, this.#around, () => this.#session.refine(this.box.value));
  }

  show(state: State): void {
    this.node.hidden = state.phase !== "ready";
    const wish = state.versions.at(-1)?.wish;
    const isDone = state.versions.length > this.#count && wish?.from === "refine";
    if (isDone && wish.instruction === this.box.value.trim()) this.box.value = "";
    this.#count = state.versions.length;
    this.typed();
  }

  /** Say it otherwise: what was asked for stands in the box. */
  change(asked: string): void {
    if (!this.box.value.trim()) this.box.value = asked;
    this.typed();
    this.box.focus({ preventScroll: true });
  }

  /** Something was typed into the box. */
  typed(): void {
    this.#go.disabled = !this.box.value.trim();
  }
}
