// The panel's head: whose it is, what the draft was made from, which version this is, and the way out.

import { draw, make, makeButton, quill } from "../element";
import { type Around, onPerson } from "./around";
import type { Session } from "./session";
import { type State, shown, type Wish } from "./state";
import type { Key } from "./words";

const FROM: Record<Wish["from"], Key> = {
  typed: "panel_taken_typed",
  selected: "panel_taken_selected",
  box: "panel_asked_words",
  thread: "panel_asked_thread",
  refine: "panel_asked_change",
  edited: "panel_edited",
};

export class Heading {
  readonly node = make("header");
  readonly what = make("div", { id: "what" });
  readonly #writer = make("span", { id: "writer", class: "small", dir: "auto" });
  readonly #from = make("span", { class: "label" });
  readonly #said = make("span", { id: "asked", dir: "auto" });
  readonly #pager: HTMLElement;
  readonly #earlier: HTMLButtonElement;
  readonly #later: HTMLButtonElement;
  readonly #version = make("span", { id: "version" });
  readonly #around: Around;

  constructor(session: Session, around: Around, close: () => void) {
    const { words } = around;
    this.#around = around;
    this.#earlier = arrow("earlier", words("panel_earlier"), "M10 3 5 8l5 5");
    this.#later = arrow("later", words("panel_later"), "m6 3 5 5-5 5");
    const out = arrow("close", words("panel_close"), "m4 4 8 8m0-8-8 8");
    const change = makeButton("change", words("panel_change"), { class: "quiet" });
    this.#pager = make("div", { id: "pager", role: "group", "aria-label": words("panel_versions") });
    this.#pager.append(this.#earlier, this.#version, this.#later);
    onPerson(this.#earlier, "click", around, () => session.turn(-1));
    onPerson(this.#later, "click", around, () => session.turn(1));
    onPerson(out, "click", around, close);
    onPerson(change, "click", around, () => session.change());
    const name = make("h2", {}, words("panel_name"));
    this.node.append(quill(), name, this.#writer, make("span", { class: "gap" }), this.#pager, out);
    this.what.append(this.#from, this.#said, change);
  }

  show(state: State): void {
    const { words } = this.#around;
    const owner = state.voice?.owner ?? "";
    this.#writer.hidden = !owner;
    this.#writer.textContent = words("panel_writer", owner.split(" <")[0] ?? "");
    this.#writer.title = owner;
    const wish = shown(state)?.wish ?? state.wish;
    this.what.hidden = !wish || state.phase === "asking" || state.phase === "inserted";
    if (wish) this.#from.textContent = words(FROM[wish.from]);
    this.#said.textContent = wish?.instruction ?? "";
    this.#said.title = wish?.instruction ?? "";
    const count = state.versions.length;
    const all = count + (state.text ? 1 : 0); // what came of an unfinished one is kept behind the others
    const isAmong = state.at < all;
    this.#pager.hidden = state.phase === "writing" || state.phase === "inserted" || all < (isAmong ? 2 : 1);
    this.#version.textContent = isAmong ? words("panel_version", state.at + 1, all) : "";
    this.#earlier.disabled = !state.versions[state.at - 1];
    this.#later.disabled = state.at + 1 >= all;
  }
}

function arrow(id: string, label: string, path: string): HTMLButtonElement {
  const button = makeButton(id, "", { class: "icon", "aria-label": label, title: label });
  button.append(draw("0 0 16 16", [{ class: "stroke", d: path }]));
  return button;
}
