// What to check before the mail is sent: the facts that trace to nothing, and the links that are left out.

import { make } from "../element";
import { type Around, onPerson } from "./around";
import { kindName } from "./kinds";
import type { Session } from "./session";
import { type State, shown, type Version } from "./state";

export class Checks {
  readonly node: HTMLElement;
  readonly #list = make("ul");
  readonly #session: Session;
  readonly #around: Around;
  #version: Version | null = null;

  constructor(session: Session, around: Around) {
    const { words } = around;
    this.#session = session;
    this.#around = around;
    const head = make("h3", { id: "checks-head" }, words("panel_checks"));
    const why = make("p", { class: "small" }, words("panel_checks_why"));
    this.node = make("section", { id: "checks", "aria-labelledby": "checks-head" }, head, why, this.#list);
  }

  show(state: State): void {
    const version = state.phase === "ready" ? shown(state) : null;
    this.node.hidden = !version?.draft.unsupported.length;
    if (version === this.#version) return;
    if (version?.draft !== this.#version?.draft) this.#fill(version);
    this.#version = version;
    this.#tick(version);
  }

  #fill(version: Version | null): void {
    const items = version?.draft.unsupported.map((fact, index) => {
      const kind = make("span", { class: "kind" }, this.#around.words(kindName(fact.kind)));
      const item = make("li", { "data-kind": fact.kind }, kind, make("bdi", {}, fact.text));
      if (fact.is_left_out) item.append(this.#keeper(index, fact.text));
      return item;
    });
    this.#list.replaceChildren(...(items ?? []));
  }

  #keeper(index: number, text: string): HTMLElement {
    const { words } = this.#around;
    const box = make("input", {
      type: "checkbox",
      "data-keep": String(index),
      "aria-label": words("panel_keep_what", text),
    });
    onPerson(box, "change", this.#around, () => this.#session.keep(index, box.checked));
    const note = make("span", { class: "out" }, words("panel_left_out"));
    return make("span", { class: "keep" }, make("label", {}, box, words("panel_keep")), note);
  }

  #tick(version: Version | null): void {
    for (const box of this.#list.querySelectorAll<HTMLInputElement>("[data-keep]")) {
      box.checked = version?.kept.has(Number(box.dataset.keep)) ?? false;
    }
  }
}
