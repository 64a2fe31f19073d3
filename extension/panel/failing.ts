// A trouble: one line, what to do, and a button that does it; it waits with its owner where it is too early to try again.

import { make, makeButton } from "../element";
import { type PanelTrouble, type Remedy, say } from "../trouble";
import type { Around } from "./around";
import { onSeen } from "./seen";
import type { State } from "./state";

const SECOND_MS = 1000;
const MOST_S = 600;

export class Failing {
  readonly node = make("div", { id: "trouble", role: "alert", tabindex: "-1" });
  readonly #line = make("strong", { id: "trouble-line" });
  readonly #hint = make("span", { id: "trouble-hint" });
  readonly #act = makeButton("trouble-act", "");
  readonly #around: Around;
  #trouble: PanelTrouble | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isWaiting = false;

  constructor(around: Around, remedy: (remedy: Remedy) => void) {
    this.#around = around;
    this.node.append(make("div", {}, this.#line, this.#hint), this.#act);
    onSeen(this.#act, around, () => {
      if (this.#trouble && !this.#isWaiting) remedy(say(this.#trouble, around.words).remedy);
    });
  }

  focus(): void {
    (this.#act.hidden ? this.node : this.#act).focus({ preventScroll: true });
  }

  show({ trouble }: State): void {
    this.node.hidden = trouble === null;
    if (trouble === this.#trouble) return;
    clearInterval(this.#timer);
    this.#trouble = trouble;
    if (!trouble) return;
    const { line, hint, hintLang, act } = say(trouble, this.#around.words);
    this.node.dataset.kind = trouble.kind;
    this.#line.textContent = line;
    this.#hint.textContent = hint;
    this.#hint.lang = hintLang;
    this.#act.hidden = act === "";
    this.#isWaiting = false;
    this.#act.removeAttribute("aria-disabled");
    this.#act.textContent = act;
    if (trouble.retry_after_s) this.#wait(Math.min(Math.ceil(trouble.retry_after_s), MOST_S), act);
  }

  /** Count down; the button keeps the focus, so that it can be pressed as soon as it is time. */
  #wait(seconds: number, act: string): void {
    const until = performance.now() + seconds * SECOND_MS;
    const tick = () => {
      const left = Math.ceil((until - performance.now()) / SECOND_MS);
      this.#isWaiting = left > 0;
      this.#act.textContent = left > 0 ? this.#around.words("panel_retry_in", left) : act;
      this.#act.removeAttribute("aria-disabled");
      if (left > 0) this.#act.setAttribute("aria-disabled", "true");
      else clearInterval(this.#timer);
    };
    this.#timer = setInterval(tick, SECOND_MS / 4);
    tick();
  }
}
