// The course of one compose's drafts: asked, streamed, refined, inserted. Knows no node of the page. Nothing typed is
// lost: closing hides, stopping and failing keep what came, a refined draft stays behind its successor.

import type { Ask, FeedbackKind } from "../protocol";
import type { Compose, Taken } from "../sites/site";
import type { Draft } from "../wire";
import { askOf } from "./asked";
import { leftOut, withoutStrangers } from "./facts";
import { isGrownFrom, isSame } from "./kinship";
import type { Heard, Link } from "./link";
import { FRESH, type State, shown, type Version, type Wish } from "./state";
import { type PanelTrouble, troubleOf } from "./trouble";

export class Session {
  readonly #compose: Compose;
  readonly #link: Pick<Link, "draft" | "tell">;
  readonly #changed: (state: State) => void;
  readonly #told = new Map<string, FeedbackKind>();
  #state = FRESH;
  #running: AbortController | null = null;
  #mailbox = "";
  #inserted = "";

  constructor(compose: Compose, link: Pick<Link, "draft" | "tell">, changed: (state: State) => void) {
    this.#compose = compose;
    this.#link = link;
    this.#changed = changed;
    compose.gone.addEventListener("abort", () => this.#running?.abort(), { once: true });
  }

  get state(): State {
    return this.#state;
  }

  /** The button, or its keys: what is typed is asked for at once; else the panel opens, or goes again. */
  press(): void {
    const taken = this.#take(); // first of all: the panel takes the focus, and with it a selection may go
    const isIdle = this.#state.phase === "asking";
    if (this.#state.isOpen && !(isIdle && taken)) this.close();
    else this.#open(taken);
  }

  /** Hide the panel; all in it stays. */
  close(): void {
    this.#set({ isOpen: false });
  }

  /** Change what is asked: tone, length, the words in the box, what stays. */
  choose(what: Partial<Pick<State, "tone" | "length" | "instruction">>): void {
    this.#set(what);
  }

  /** Back to what is asked, the versions kept. */
  change(): void {
    this.stop();
    const held = this.#state.taken;
    const taken = held?.isSelection ? held : this.#take();
    this.#set({ phase: "asking", trouble: null, taken, at: this.#state.versions.length });
  }

  /** Ask for a draft of what is typed, selected or in the box; of the thread alone where there is nothing. */
  ask(): void {
    const held = this.#state.taken;
    let taken = held;
    try {
      if (!held?.isSelection) taken = this.#compose.taken();
    } catch {
      this.#fail(troubleOf("unreadable"));
      return;
    }
    this.#set({ taken });
    const wish = this.#wish(taken);
    if (wish.instruction || this.#compose.isAnswer) this.#begin(wish);
  }

  /** Ask for the version shown, changed. */
  refine(how: string): void {
    const version = shown(this.#state);
    if (version && how.trim()) this.#begin({ instruction: how.trim(), from: "refine", refines: version });
  }

  /** Ask the same once more. */
  retry(): void {
    const wish = shown(this.#state)?.wish ?? this.#state.wish;
    if (wish) this.#begin(wish.from === "edited" ? (wish.refines?.wish ?? wish) : wish);
    else this.change();
  }

  /** Stop the draft in the making; what came stays. */
  stop(): void {
    if (this.#state.phase !== "writing") return;
    this.#running?.abort();
    this.#set(this.#state.text ? { phase: "stopped" } : this.#back());
  }

  /** Show an earlier or later version. */
  turn(by: -1 | 1): void {
    const at = this.#state.at + by;
    if (this.#state.versions[at]) this.#set({ phase: "ready", at, trouble: null });
  }

  /** Let a link or an address of the version shown stay, or not. */
  keep(fact: number, isKept: boolean): void {
    const version = shown(this.#state);
    if (!version) return;
    const kept = new Set(version.kept);
    if (isKept) kept.add(fact);
    else kept.delete(fact);
    this.#set({ versions: this.#state.versions.with(this.#state.at, { ...version, kept }) });
  }

  /** The version shown, as it would go into the mail. */
  get text(): string {
    const version = shown(this.#state);
    return version ? withoutStrangers(version.draft, version.kept) : this.#state.text;
  }

  /** Put the version shown into the mail: where the selection was, or above signature and quote. */
  put(where: "insert" | "replace"): void {
    const { taken } = this.#state;
    const version = this.#state.phase === "ready" ? shown(this.#state) : null;
    if (!version) return;
    try {
      if (where === "replace" && taken) this.#compose.replace(this.text, taken);
      else this.#compose.insert(this.text, taken);
    } catch {
      this.#set({ trouble: troubleOf("page-changed") });
      return;
    }
    this.#isIn(version);
  }

  /** Throw all versions away; what was typed stays where it is. */
  discard(): void {
    this.#running?.abort();
    const version = shown(this.#state);
    if (version) this.#settle(version, "discarded");
    const { tone, length, instruction } = this.#state;
    this.#set({ ...FRESH, tone, length, instruction });
    this.#focusMail();
  }

  #open(taken: Taken | null): void {
    void this.#link.tell({ type: "warm" });
    if (this.#state.phase === "failed" && !this.#state.text) this.#set({ ...this.#back(), trouble: null });
    if (this.#state.phase === "asking") this.#set({ isOpen: true, taken });
    else this.#set({ isOpen: true });
    if (this.#state.phase === "inserted") this.#resume(taken);
    if (this.#state.phase === "asking" && taken) this.ask();
  }

  #isIn(version: Version): void {
    this.#inserted = this.text;
    this.#settle(version, "inserted");
    const out = leftOut(version.draft, version.kept).map((fact) => fact.text);
    this.#set({ phase: "inserted", taken: null, trouble: null, leftOut: [...new Set(out)] });
  }

  /** After an insertion the mail holds the draft: it is taken up again, edited or not, and replaced by what follows. */
  #resume(taken: Taken | null): void {
    const version = shown(this.#state);
    const known = [version?.wish.instruction ?? "", this.#inserted];
    if (!version || !taken || known.some((text) => isSame(text, taken.text))) this.#set({ phase: "ready", taken });
    else if (taken.isSelection || !isGrownFrom(this.#inserted, taken.text)) {
      this.#set({ phase: "asking", taken, versions: [], at: 0 });
    } else {
      const wish: Wish = { instruction: "", from: "edited", refines: version };
      this.#push({ ...version.draft, text: taken.text, unsupported: [] }, wish);
      this.#set({ taken });
    }
  }

  #begin(wish: Wish): void {
    this.#running?.abort();
    const begun = {
      phase: "writing",
      wish,
      text: "",
      meta: null,
      trouble: null,
      at: this.#state.versions.length,
    } as const;
    this.#set(begun);
    const running = new AbortController();
    this.#running = running;
    const ask = this.#read(wish);
    this.#mailbox = ask?.mailbox ?? "";
    if (ask) this.#link.draft(ask, (heard) => running.signal.aborted || this.#hear(heard, wish), running.signal);
    else this.#fail(troubleOf("unreadable"));
  }

  #read(wish: Wish): Ask | null {
    try {
      return askOf(this.#compose, this.#state, wish);
    } catch {
      return null;
    }
  }

  #hear(heard: Heard, wish: Wish): void {
    if (heard.type === "meta") this.#set({ meta: heard.meta });
    else if (heard.type === "token") this.#set({ text: this.#state.text + heard.text });
    else if (heard.type === "failed") this.#fail(heard.trouble);
    else if (heard.type === "done") {
      this.#push(heard.draft, wish);
      if (wish.refines) this.#feed(wish.refines.draft.draft_id, "refined");
    }
  }

  #push(draft: Draft, wish: Wish): void {
    const versions = [...this.#state.versions, { draft, wish, kept: new Set<number>() }];
    this.#set({ phase: "ready", versions, at: versions.length - 1, text: "", trouble: null });
  }

  #fail(trouble: PanelTrouble): void {
    this.#set({ phase: "failed", trouble });
  }

  /** Where to go when a draft is stopped before its first word. */
  #back(): Partial<State> {
    const last = this.#state.versions.length - 1;
    return last < 0 ? { phase: "asking" } : { phase: "ready", at: last };
  }

  #wish(taken: Taken | null): Wish {
    if (taken) return { instruction: taken.text, from: taken.isSelection ? "selected" : "typed", refines: null };
    const instruction = this.#state.instruction.trim();
    return { instruction, from: instruction ? "box" : "thread", refines: null };
  }

  /** What is typed or selected; nothing where the page cannot be read, which asking will tell. */
  #take(): Taken | null {
    try {
      return this.#compose.taken();
    } catch {
      return null;
    }
  }

  /** Tell what became of a version, and that those which were asked for again came to nothing. */
  #settle(version: Version, kind: FeedbackKind): void {
    for (const other of this.#state.versions) {
      if (!this.#told.has(other.draft.draft_id)) this.#feed(other.draft.draft_id, "discarded", version);
    }
    this.#feed(version.draft.draft_id, kind);
  }

  #feed(id: string, kind: FeedbackKind, but?: Version): void {
    if (id === but?.draft.draft_id || this.#told.get(id) === kind) return;
    this.#told.set(id, kind);
    void this.#link.tell({ type: "feedback", draft_id: id, kind, mailbox: this.#mailbox });
  }

  #focusMail(): void {
    try {
      this.#compose.focus();
    } catch {
      // the page has changed: the focus stays where it is
    }
  }

  #set(what: Partial<State>): void {
    this.#state = { ...this.#state, ...what };
    this.#changed(this.#state);
  }
}
