// The panel at a compose: puts its parts together, and says which key does what.

import { make } from "../element";
import { noticeOf } from "../said";
import type { Compose } from "../sites/site";
import type { Remedy } from "../trouble";
import { Actions } from "./actions";
import type { Around } from "./around";
import { Asking } from "./asking";
import { AFTER_SEND } from "./button";
import { Checks } from "./checks";
import { panelCss } from "./css";
import { Failing } from "./failing";
import { Heading } from "./heading";
import { Letter } from "./letter";
import { Progress } from "./progress";
import { Refining } from "./refining";
import { sightIn } from "./seen";
import type { Session } from "./session";
import { makePlace } from "./shadow";
import { Sources } from "./sources";
import type { Phase, State } from "./state";
import { VoiceLine } from "./voice";

export class Panel {
  readonly host: HTMLElement;
  readonly #root: ShadowRoot;
  readonly #frame: HTMLElement;
  readonly #notice = make("p", { id: "notice" });
  readonly #unread = make("p", { id: "unread" });
  #compose: Compose;
  readonly #session: Session;
  readonly #around: Around;
  readonly #heading: Heading;
  readonly #voice: VoiceLine;
  readonly #asking: Asking;
  readonly #letter: Letter;
  readonly #checks: Checks;
  readonly #sources: Sources;
  readonly #refining: Refining;
  readonly #actions: Actions;
  readonly #failing: Failing;
  readonly #progress: Progress;
  #phase: Phase | "closed" = "closed";
  #last: State | null = null;

  constructor(compose: Compose, session: Session, page: Around) {
    const around = { ...page, sight: sightIn(page.sight, () => this.#frame) };
    const { host, root } = makePlace("panel", around.shadow, panelCss);
    this.host = host;
    host.tabIndex = AFTER_SEND;
    this.#root = root;
    this.#compose = compose;
    this.#session = session;
    this.#around = around;
    this.#heading = new Heading(session, around, () => this.#close());
    this.#voice = new VoiceLine(around);
    this.#asking = new Asking(session, around);
    this.#letter = new Letter(around);
    this.#checks = new Checks(session, around);
    this.#sources = new Sources(around);
    this.#refining = new Refining(session, around);
    this.#actions = new Actions(session, around, {
      copy: () => void this.#copy(),
      showChecks: () => this.#checks.node.scrollIntoView({ block: "nearest", behavior: "smooth" }),
    });
    this.#failing = new Failing(around, (remedy) => this.#remedy(remedy));
    this.#progress = new Progress(around, this.#actions, session);
    this.#frame = this.#assemble();
    root.append(this.#frame);
    page.sight.watch(this.#frame);
    host.hidden = true;
  }

  /** Belong to a compose; it may be drawn anew, and is then another. */
  join(compose: Compose): void {
    this.#compose = compose;
    const hands = { key: (event: KeyboardEvent) => this.#key(event), typed: () => this.#typed() };
    this.#around.keys.take(this.host, hands, compose.gone);
  }

  show(state: State): void {
    const last = this.#last;
    this.#last = state;
    if (isToken(last, state)) for (const part of [this.#letter, this.#progress]) part.show(state);
    else this.#showAll(state);
  }

  #showAll(state: State): void {
    this.host.hidden = !state.isOpen;
    this.#frame.dataset.phase = state.phase;
    this.#showAside(state);
    for (const part of this.#parts) part.show(state);
    this.#moveFocus(state);
  }

  /** What is to be known of how the draft came to be. */
  #showAside(state: State): void {
    const { words } = this.#around;
    const draft = state.versions[state.at]?.draft ?? state.meta;
    const isOver = state.phase === "asking" || state.phase === "inserted";
    const said = noticeOf(draft, words);
    this.#notice.textContent = said.text;
    this.#notice.lang = said.lang;
    this.#notice.hidden = isOver || !said.text;
    const unread = draft?.unread ?? 0;
    this.#unread.textContent = unread ? words("panel_unread", unread) : "";
    this.#unread.hidden = isOver || unread === 0;
  }

  get #parts() {
    const above = [this.#heading, this.#voice, this.#asking, this.#letter, this.#checks, this.#sources];
    return [...above, this.#refining, this.#actions, this.#failing, this.#progress];
  }

  #assemble(): HTMLElement {
    const body = make("div", { id: "body" }, this.#letter.node, this.#notice, this.#unread, this.#checks.node);
    body.append(this.#sources.node);
    const { words } = this.#around;
    const named = { id: "panel", "aria-label": words("panel_name"), lang: words.language };
    const frame = make("section", named, this.#heading.node, this.#voice.node, this.#asking.node);
    frame.append(this.#heading.what, body, this.#failing.node, this.#refining.node, this.#actions.node);
    frame.append(this.#progress.bar, this.#progress.status, this.#letter.spoken.node);
    return frame;
  }

  /** Dress for the page: its direction, its light. */
  dress(): void {
    this.#frame.dir = this.#compose.isRightToLeft ? "rtl" : "ltr";
    this.#frame.dataset.theme = this.#compose.isDark ? "dark" : "light";
  }

  /** Where the focus belongs after a step; it is never taken out of the mail but by the button. */
  #moveFocus(state: State): void {
    const before = this.#phase;
    this.#phase = state.isOpen ? state.phase : "closed";
    if (before === this.#phase) return;
    const isHere = before === "closed" || this.#root.activeElement !== null || document.activeElement === document.body;
    if (!state.isOpen || !isHere || state.phase === "inserted") return;
    if (state.phase === "asking") this.#asking.focus();
    else if (state.phase === "failed" || (before === "writing" && state.trouble)) this.#failing.focus();
    else if (state.phase === "writing" || before === "closed") this.#letter.node.focus({ preventScroll: true });
    this.host.scrollIntoView?.({ block: "nearest" });
  }

  #key(event: KeyboardEvent): boolean {
    if (event.isComposing) return false;
    if (event.key === "Escape") return this.#escape();
    if (event.key !== "Enter") return false;
    if (event.ctrlKey || event.metaKey) return this.#finish();
    const at = this.#root.activeElement;
    if (event.shiftKey || (at !== this.#asking.box && at !== this.#refining.box)) return false;
    if (at === this.#refining.box) this.#refining.go();
    else this.#asking.go();
    return true;
  }

  #typed(): void {
    const at = this.#root.activeElement;
    if (at === this.#asking.box) this.#asking.typed();
    else if (at === this.#refining.box) this.#refining.typed();
  }

  #finish(): boolean {
    const { phase } = this.#session.state;
    const isRefining = this.#root.activeElement === this.#refining.box && this.#refining.box.value.trim() !== "";
    if (phase === "ready" && isRefining) this.#refining.go();
    else if (phase === "ready") this.#actions.put();
    else if (phase === "asking") this.#asking.go();
    return true;
  }

  #escape(): boolean {
    if (this.#session.state.phase === "writing") this.#session.stop();
    else this.#close();
    return true;
  }

  #close(): void {
    this.#session.close();
    try {
      this.#compose.focus();
    } catch {
      // the page has changed: the focus stays where it is
    }
  }

  #remedy(remedy: Remedy): void {
    if (remedy === "retry") this.#session.retry();
    else if (remedy === "change") this.#change();
    else if (remedy === "copy") void this.#copy();
    else if (remedy === "options") this.#around.openOptions();
  }

  /** To what was refused: the words of the refinement, or those of the first draft. */
  #change(): void {
    const { failed } = this.#session.state;
    if (failed?.from !== "refine") {
      this.#session.change();
      return;
    }
    this.#session.dismiss();
    this.#refining.change(failed.instruction);
  }

  async #copy(): Promise<void> {
    const isCopied = await this.#around.copy(this.#session.text).then(
      () => true,
      () => false,
    );
    if (!isCopied) this.#letter.select();
    this.#actions.copied(isCopied);
  }
}

/** Whether no more than the text in the making has changed: that comes often, and must cost little. */
function isToken(last: State | null, state: State): boolean {
  const keys = Object.keys(state) as (keyof State)[];
  return last !== null && last.text !== "" && keys.every((key) => key === "text" || last[key] === state[key]);
}
