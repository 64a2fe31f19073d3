// The course of one compose's drafts: asked, streamed, refined, inserted. Knows no node of the page. Nothing typed is
// lost: closing hides, stopping and failing keep what came, a refined draft stays behind its successor.

import type { Ask, FeedbackKind } from "../protocol";
import { type Compose, PageChanged, type Taken } from "../sites/site";
import type { Draft, Meta } from "../wire";
import { askOf } from "./asked";
import { leftOut, withoutStrangers } from "./facts";
import { holds, isGrownFrom, isSame } from "./kinship";
import type { Heard, Link } from "./link";
import { FRESH, type State, shown, type Version, type Wish } from "./state";
import { type PanelTrouble, type PanelTroubleKind, troubleOf } from "./trouble";

/** What the mail tells at a press. */
interface Seen {
  readonly taken: Taken | null;
  readonly isAnswer: boolean;
}

export class Session {
  #compose: Compose;
  readonly #link: Pick<Link, "draft" | "tell">;
  readonly #changed: (state: State) => void;
  readonly #told = new Map<string, FeedbackKind>();
  #state = FRESH;
  #running: AbortController | null = null;
  #mailbox = "";
  #inserted = "";
  /** What stood in the mail when a draft was last asked for. */
  #stood = "";
  /** All drafts that were begun, and of which the ledger has to hear. */
  readonly #begun = new Set<string>();

  constructor(compose: Compose, link: Pick<Link, "draft" | "tell">, changed: (state: State) => void) {
    this.#compose = compose;
    this.#link = link;
    this.#changed = changed;
  }

  /** Go on at a compose: the same mail, drawn anew. */
  join(compose: Compose): void {
    this.#compose = compose;
  }

  /** The mail is gone for good. */
  end(): void {
    this.#running?.abort();
  }

  get state(): State {
    return this.#state;
  }

  /** The button, or its keys: what is newly typed is asked for at once; else the panel opens, or goes again. */
  press(): void {
    if (this.#compose.gone.aborted) return;
    const seen = this.#look(); // first of all: the panel takes the focus, and with it a selection may go
    if (this.#state.isOpen && !this.#isNew(seen?.taken ?? null)) this.close();
    else this.#open(seen);
  }

  /** Hide the panel; all in it stays. */
  close(): void {
    this.#set({ isOpen: false });
  }

  /** Change what is asked: tone, length, the words in the box, what stays. */
  choose(what: Partial<Pick<State, "tone" | "length" | "instruction">>): void {
    const isSaid = this.#state.trouble?.kind === "no-words";
    this.#set(isSaid ? { ...what, trouble: null } : what);
  }

  /** Back to what is asked, the versions kept. */
  change(): void {
    this.stop();
    const taken = this.#isFromBox || this.#state.taken?.isSelection ? this.#state.taken : this.#take();
    this.#set({ phase: "asking", trouble: null, taken, at: this.#state.versions.length });
  }

  /** Ask for a draft of what is typed, selected or in the box; of the thread alone where there is nothing. */
  ask(): void {
    const seen = this.#look();
    if (seen === null) this.#fail(troubleOf("unreadable"));
    else this.#askFor(seen);
  }

  #askFor(seen: Seen): void {
    const isHeld = this.#isFromBox || this.#state.taken?.isSelection;
    const taken = isHeld ? this.#state.taken : seen.taken;
    this.#hold({ ...seen, taken });
    const wish = this.#wish(taken);
    if (wish.instruction || seen.isAnswer) this.#begin(wish, seen);
    else this.#set({ trouble: troubleOf("no-words") });
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

  /** Put the version shown into the mail: where the selection was, or above signature and quote; that leaves one alone. */
  put(where: "insert" | "replace"): void {
    const { taken } = this.#state;
    const version = this.#state.phase === "ready" ? shown(this.#state) : null;
    if (!version) return;
    try {
      if (where === "replace" && taken) this.#compose.replace(this.text, taken);
      else this.#compose.insert(this.text, taken?.isSelection ? null : taken);
    } catch (error) {
      this.#set({ trouble: troubleOf(whyOut(error)) });
      return;
    }
    this.#isIn(version);
  }

  /** Throw all versions away; what was typed stays where it is. */
  discard(): void {
    this.#running?.abort();
    const version = shown(this.#state);
    this.#settle(version?.draft.draft_id ?? "", "discarded");
    const { tone, length, instruction, isAnswer } = this.#state;
    this.#inserted = "";
    this.#set({ ...FRESH, tone, length, instruction, isAnswer });
    this.#focusMail();
  }

  #open(seen: Seen | null): void {
    void this.#link.tell({ type: "warm" });
    const isBroken = this.#state.phase === "failed" && !this.#state.text;
    const now: Partial<State> = isBroken ? { ...this.#back(), trouble: null } : {};
    const phase = now.phase ?? this.#state.phase;
    if (seen === null || !this.#isNew(seen.taken, phase)) {
      this.#show(seen, { ...now, phase });
      return;
    }
    this.#hold({ ...seen, isOpen: true, phase: "asking", trouble: null, at: this.#state.versions.length });
    this.#askFor(seen);
  }

  #show(seen: Seen | null, now: Partial<State>): void {
    const { phase } = now;
    this.#set({ ...now, ...(phase === "asking" ? seen : {}), isOpen: true });
    if (phase === "asking" && seen === null) this.#fail(troubleOf("unreadable"));
    if (phase === "inserted" || (phase === "ready" && this.#inserted)) this.#resume(seen?.taken ?? null);
  }

  /** Whether words in the mail are to be asked for: none that were, none of a draft's, none around a selection. */
  #isNew(taken: Taken | null, phase = this.#state.phase): boolean {
    const { wish, taken: held, versions } = this.#state;
    if (taken === null || phase === "writing") return false;
    if (phase === "asking") return true;
    const asked = [this.#stood, held?.text, wish?.instruction, shown(this.#state)?.wish.instruction];
    const known = [...asked, this.#inserted, ...versions.map(({ draft }) => draft.text)];
    if (known.some((text) => text && isSame(text, taken.text))) return false;
    if (taken.isSelection) return true;
    return !isGrownFrom(this.#inserted, taken.text) && !(held?.isSelection && holds(taken.text, held.text));
  }

  #isIn(version: Version): void {
    this.#inserted = this.text;
    this.#settle(version.draft.draft_id, "inserted");
    const out = leftOut(version.draft, version.kept).map((fact) => fact.text);
    this.#set({ phase: "inserted", taken: null, trouble: null, leftOut: [...new Set(out)] });
  }

  /** After an insertion the mail holds the draft: it is taken up again, edited or not, and replaced by what follows. */
  #resume(taken: Taken | null): void {
    const version = shown(this.#state);
    const held = this.#state.taken;
    const isGrown = taken !== null && !taken.isSelection && isGrownFrom(this.#inserted, taken.text);
    const isKnown = [this.#inserted, version?.draft.text].some((text) => text && isSame(text, taken?.text ?? ""));
    if (!version || !isGrown || isKnown) this.#set({ phase: "ready", taken: held?.isSelection ? held : taken });
    else {
      const wish: Wish = { instruction: "", from: "edited", refines: version };
      this.#push({ ...version.draft, text: taken.text, unsupported: [] }, wish);
      this.#set({ taken });
    }
  }

  #begin(wish: Wish, seen = this.#look()): void {
    this.#running?.abort();
    this.#stood = seen?.taken?.text ?? "";
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
    if (heard.type === "meta") this.#met(heard.meta);
    else if (heard.type === "token") this.#set({ text: this.#state.text + heard.text });
    else if (heard.type === "failed") this.#fail(heard.trouble);
    else if (heard.type === "done") {
      this.#push(heard.draft, wish);
      if (wish.refines) this.#feed(wish.refines.draft.draft_id, "refined");
    }
  }

  #met(meta: Meta): void {
    this.#begun.add(meta.draft_id);
    this.#set({ meta });
  }

  #push(draft: Draft, wish: Wish): void {
    this.#begun.add(draft.draft_id);
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

  /** The words of the box are asked for, whatever stands in the mail. */
  get #isFromBox(): boolean {
    return this.#state.taken === null && this.#state.instruction.trim() !== "";
  }

  /** What is typed or selected; nothing where the page cannot be read, which asking will tell. */
  #take(): Taken | null {
    return this.#look()?.taken ?? null;
  }

  /** Null where the page cannot be read. */
  #look(): Seen | null {
    try {
      return { taken: this.#compose.taken(), isAnswer: this.#compose.isAnswer };
    } catch {
      return null;
    }
  }

  /** Tell what became of a draft, and that all others which were begun came to nothing. */
  #settle(id: string, kind: FeedbackKind): void {
    for (const other of this.#begun) if (other !== id && !this.#told.has(other)) this.#feed(other, "discarded");
    if (id) this.#feed(id, kind);
  }

  #feed(id: string, kind: FeedbackKind): void {
    if (this.#told.get(id) === kind) return;
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

  /** Change what will be shown at the next step: drawing twice for one press would be seen. */
  #hold(what: Partial<State>): void {
    this.#state = { ...this.#state, ...what };
  }

  #set(what: Partial<State>): void {
    this.#hold(what);
    this.#changed(this.#state);
  }
}

/** Why a draft did not get into the mail. */
function whyOut(error: unknown): PanelTroubleKind {
  const hook = error instanceof PageChanged ? error.hook : "";
  if (hook === "selection") return "selection";
  return hook === "focus" ? "folded" : "page-changed";
}
