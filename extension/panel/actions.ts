// What can be done with a draft: put it into the mail, ask again, take it along, throw it away.

import { draw, make, makeButton } from "../element";
import { remedyOf } from "../trouble";
import { type Around, onPerson } from "./around";
import { ifSeen, onSeen } from "./seen";
import type { Session } from "./session";
import { type State, shown } from "./state";

const COPIED_MS = 1600;
const BIN = "M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5l.6 9h5.8l.6-9M6.8 7.5v3.5m2.4-3.5v3.5";

/** What the panel does beside the session. */
export interface Acts {
  copy(): void;
  showChecks(): void;
}

export class Actions {
  readonly node = make("footer", { class: "row" });
  readonly #insert: HTMLButtonElement;
  readonly #replace: HTMLButtonElement;
  readonly #count: HTMLButtonElement;
  readonly #retry: HTMLButtonElement;
  readonly #copy: HTMLButtonElement;
  readonly #discard: HTMLButtonElement;
  readonly #stop: HTMLButtonElement;
  readonly #progress = make("span", { class: "progress" });
  readonly #around: Around;
  readonly #session: Session;

  constructor(session: Session, around: Around, acts: Acts) {
    const { words, isMac } = around;
    this.#around = around;
    this.#session = session;
    const press = (id: string, label: string, act: () => void, attributes = {}, on = onPress) => {
      const button = makeButton(id, label, attributes);
      on(button, around, act);
      return button;
    };
    const quiet = { class: "quiet" };
    const keys = { "aria-keyshortcuts": isMac ? "Meta+Enter" : "Control+Enter" };
    this.#insert = press("insert", words("panel_insert"), () => session.put("insert"), keys, onSeen);
    this.#insert.append(make("kbd", { "aria-hidden": "true", dir: "ltr" }, isMac ? "⌘⏎" : words("panel_enter_keys")));
    const main = { class: "main" };
    this.#replace = press("replace", words("panel_replace"), () => session.put("replace"), main, onSeen);
    this.#count = press("check-count", "", acts.showChecks, quiet);
    this.#retry = press("retry", words("panel_retry"), () => session.retry(), quiet, onSeen);
    this.#copy = press("copy", words("panel_copy"), acts.copy, quiet);
    const discard = words("panel_discard");
    const bin = { class: "icon", "aria-label": discard, title: discard };
    this.#discard = press("discard", "", () => session.discard(), bin);
    this.#discard.append(draw("0 0 16 16", [{ class: "stroke", d: BIN }]));
    this.#stop = press("stop", words("panel_stop"), () => session.stop(), { "aria-keyshortcuts": "Escape" });
    this.node.append(this.#progress, this.#replace, this.#insert, this.#count, make("span", { class: "gap" }));
    this.node.append(this.#retry, this.#copy, this.#discard, this.#stop);
  }

  show(state: State): void {
    const { phase, trouble, taken, text } = state;
    const isReady = phase === "ready";
    const isSelection = taken?.isSelection ?? false;
    const isElsewhere = remedyOf(trouble) === "options"; // what is mended there is tried again here
    const isEmpty = phase === "failed" && !text && !isElsewhere;
    this.node.hidden = phase === "asking" || phase === "inserted" || isEmpty;
    this.#insert.hidden = this.#copy.hidden = !isReady;
    this.#insert.classList.toggle("main", !isSelection);
    this.#replace.hidden = !isReady || !isSelection;
    this.#retry.hidden = phase === "writing" || (trouble !== null && !isElsewhere);
    this.#discard.hidden = phase === "writing";
    this.#stop.hidden = phase !== "writing";
    this.#progress.hidden = phase !== "writing" && phase !== "stopped";
    const count = shown(state)?.draft.unsupported.length ?? 0;
    this.#count.hidden = !isReady || count === 0;
    this.#count.textContent = this.#around.words("panel_to_check", count);
  }

  /** Put the draft into the mail, by a key: as its main button does. */
  put(): void {
    const how = this.#replace.hidden ? "insert" : "replace";
    const button = how === "insert" ? this.#insert : this.#replace;
    ifSeen(button, this.#around, () => this.#session.put(how));
  }

  /** Say how far it is. */
  progress(words: string): void {
    if (this.#progress.textContent !== words) this.#progress.textContent = words;
  }

  copied(isDone: boolean): void {
    const { words, isMac } = this.#around;
    const keys = isMac ? "⌘C" : words("panel_copy_keys");
    this.#copy.textContent = isDone ? words("panel_copied") : words("panel_copy_by_hand", keys);
    setTimeout(() => {
      this.#copy.textContent = words("panel_copy");
    }, COPIED_MS);
  }
}

function onPress(button: HTMLElement, around: Around, act: () => void): void {
  onPerson(button, "click", around, act);
}
