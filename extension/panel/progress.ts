// Says how far it is: in the foot while a draft is made, to a screen reader at each step, and in a line once it is in.

import { make, makeButton } from "../element";
import type { Actions } from "./actions";
import type { Around } from "./around";
import { onSeen } from "./seen";
import type { Session } from "./session";
import { type Phase, type State, shown } from "./state";

const SLOW_MS = 8000;
const SHOWN_MS = 9000;
const CUT = 60;

export class Progress {
  readonly status = make("div", { id: "status", class: "unseen", role: "status" });
  readonly bar: HTMLElement;
  readonly #line = make("p", { id: "inserted-line" });
  readonly #actions: Pick<Actions, "progress">;
  readonly #around: Around;
  readonly #session: Pick<Session, "close" | "undo">;
  #phase: Phase = "asking";
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(around: Around, actions: Pick<Actions, "progress">, session: Pick<Session, "close" | "undo">) {
    this.#around = around;
    this.#actions = actions;
    this.#session = session;
    const undo = makeButton("undo", around.words("panel_undo"));
    onSeen(undo, around, () => session.undo());
    this.bar = make("div", { id: "inserted" }, this.#line, undo);
  }

  show(state: State): void {
    this.bar.hidden = state.phase !== "inserted";
    if (state.phase !== this.#phase) this.#turn(state);
    if (state.phase === "writing" && state.text) this.#say("panel_writing");
  }

  #turn(state: State): void {
    const { words } = this.#around;
    this.#phase = state.phase;
    clearTimeout(this.#timer);
    this.status.textContent = "";
    if (state.phase === "writing") {
      this.#say("panel_looking");
      this.status.textContent = words("panel_stand_by");
      this.#timer = setTimeout(() => this.#say("panel_slow"), SLOW_MS);
    } else if (state.phase === "stopped") this.#stopped();
    else if (state.phase === "ready") this.status.textContent = this.#ready(state);
    else if (state.phase === "inserted") this.#inserted(state);
  }

  #say(key: "panel_looking" | "panel_writing" | "panel_slow" | "panel_stopped"): void {
    clearTimeout(this.#timer);
    this.#actions.progress(this.#around.words(key));
  }

  #stopped(): void {
    this.#say("panel_stopped");
    this.status.textContent = this.#around.words("panel_stopped");
  }

  #ready(state: State): string {
    const count = shown(state)?.draft.unsupported.length ?? 0;
    return count ? this.#around.words("panel_ready_checks", count) : this.#around.words("panel_ready");
  }

  #inserted({ leftOut }: State): void {
    const { words, isMac } = this.#around;
    const undo = isMac ? "⌘Z" : words("panel_undo_keys");
    const what = leftOut.map((text) => (text.length > CUT ? `${text.slice(0, CUT)}…` : text)).join(", ");
    this.#line.textContent = what ? words("panel_inserted_without", what, undo) : words("panel_inserted", undo);
    this.status.textContent = this.#line.textContent;
    this.#timer = setTimeout(() => this.#session.close(), SHOWN_MS);
  }
}
