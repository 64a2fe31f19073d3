// The owner's mails a draft leans on, to be opened where they are named.

import { make } from "../element";
import type { Source } from "../wire";
import type { Around } from "./around";
import { type State, shown } from "./state";

export class Sources {
  readonly node = make("details", { id: "sources" });
  readonly #head = make("summary");
  readonly #list = make("div", { class: "mails" });
  readonly #around: Around;
  #sources: readonly Source[] = [];

  constructor(around: Around) {
    this.#around = around;
    this.node.append(this.#head, this.#list);
  }

  show(state: State): void {
    const sources = this.#of(state);
    this.node.hidden = sources.length === 0;
    if (sources === this.#sources) return;
    this.#sources = sources;
    this.node.open = false;
    this.#head.textContent = this.#around.words("panel_sources", sources.length);
    this.#list.replaceChildren(...sources.map((source) => this.#mail(source)));
  }

  #of(state: State): readonly Source[] {
    if (state.phase === "asking" || state.phase === "inserted") return [];
    return (shown(state)?.draft ?? state.meta)?.sources ?? [];
  }

  #mail({ subject, to, sent_at: sentAt, text }: Source): HTMLElement {
    const { words } = this.#around;
    const day = sentAt ? new Date(sentAt).toLocaleDateString(undefined, { dateStyle: "medium" }) : "";
    const head = make("summary", {}, make("bdi", { class: "subject" }, subject || words("panel_no_subject")));
    head.append(make("span", { class: "small" }, day));
    if (to.length) head.append(make("bdi", { class: "small" }, words("panel_source_to", to.join(", "))));
    return make("details", { class: "mail" }, head, make("div", { class: "said", dir: "auto" }, text));
  }
}
