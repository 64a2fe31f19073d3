// The course of one compose's drafts: asked, streamed, refined, inserted. Knows no node of the page. Nothing typed is
// lost: closing hides, stopping and failing keep what came, a refined draft stays behind its successor.

import type { Opened, Voice } from "../protocol";
import type { Compose, Taken } from "../sites/site";
import { type PanelTrouble, type PanelTroubleKind, remedyOf, troubleOf } from "../trouble";
import type { Draft, Meta } from "../wire";
import { leftOut, withoutStrangers } from "./facts";
import { Fates } from "./fates";
import { isEdited, isGrownFrom, isNews, withoutOurs } from "./kinship";
import type { Heard, Link } from "./link";
import { Reading, type Seen } from "./reading";
import { FRESH, type State, shown, type Version, type Wish } from "./state";
import type { Words } from "./words";

export class Session {
  readonly #mail: Reading;
  readonly #link: Pick<Link, "draft" | "tell">;
  readonly #changed: (state: State) => void;
  readonly #words: Words;
  readonly #fates: Fates;
  #state = FRESH;
  #running: AbortController | null = null;
  /** What went into the mail last; known also when its draft was thrown away. */
  #inserted = "";
  /** What made room for it. */
  #replaced: Taken | null = null;
  /** What stood in the mail when a draft was last asked for. */
  #stood = "";

  constructor(compose: Compose, link: Pick<Link, "draft" | "tell">, changed: (state: State) => void, words: Words) {
    this.#mail = new Reading(compose);
    this.#link = link;
    this.#fates = new Fates(link);
    this.#changed = changed;
    this.#words = words;
  }

  /** Go on at a compose: the same mail, drawn anew. */
  join(compose: Compose): void {
    this.#mail.compose = compose;
  }

  /** The mail is gone for good. */
  end(): void {
    this.#running?.abort();
    this.#fates.again();
  }

  get state(): State {
    return this.#state;
  }

  /** The button, or its keys: what is newly typed is asked for at once; else the panel opens, or goes again. */
  press(): void {
    if (this.#mail.compose.gone.aborted) return;
    const seen = this.#mail.look(); // first of all: the panel takes the focus, and with it a selection may go
    const { isOpen, phase } = this.#state;
    if (isOpen && phase !== "inserted" && !this.#isNew(seen?.taken ?? null)) this.close();
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
    const { taken: held, versions } = this.#state;
    const said = shown(this.#state)?.wish ?? this.#state.wish;
    const taken = this.#isFromBox || held?.isSelection ? held : this.#asked(this.#mail.take());
    // The words in the mail have made room for the draft: they are changed in the box.
    const isGone = taken === null && said?.from === "typed";
    const instruction = this.#state.instruction || (isGone ? said.instruction : "");
    this.#set({ phase: "asking", trouble: null, taken, instruction, at: versions.length });
  }

  /** The mail was changed: what is quoted of it goes along, and what is said of it must still be so. */
  edited(): void {
    const { isOpen, phase } = this.#state;
    if (isOpen && phase === "asking") this.#follow();
    else if (phase === "inserted" && !this.#mail.isAsPut) this.#moveOn();
  }

  /** Leave the trouble; the version shown stays. */
  dismiss(): void {
    this.#set({ trouble: null });
  }

  /** Ask for a draft of what is typed, selected or in the box; of the thread alone where there is nothing. */
  ask(): void {
    const seen = this.#mail.look();
    if (seen === null) this.#fail(troubleOf("unreadable"));
    else this.#askFor(seen);
  }

  #askFor(seen: Seen): void {
    const isHeld = this.#isFromBox || this.#state.taken?.isSelection;
    const taken = isHeld ? this.#state.taken : this.#asked(seen.taken);
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
    const { failed, wish: last } = this.#state;
    const wish = failed ?? shown(this.#state)?.wish ?? last;
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
    const { versions, text } = this.#state;
    if (versions[at]) this.#set({ phase: "ready", at, trouble: null });
    else if (text && at === versions.length) this.#set({ phase: "stopped", at, trouble: null });
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
    return version ? withoutStrangers(version.draft, version.kept, this.#words) : this.#state.text;
  }

  /** Put the version shown into the mail: where the selection was, or above signature and quote; that leaves one alone. */
  put(where: "insert" | "replace"): void {
    const { taken } = this.#state;
    const version = this.#state.phase === "ready" ? shown(this.#state) : null;
    if (!version) return;
    const replaced = taken ?? this.#place;
    const isInPlace = where === "replace" && taken !== null;
    const why = isInPlace ? this.#mail.replace(this.text, taken) : this.#mail.insert(this.text, this.#place);
    if (why) this.#set({ trouble: troubleOf(why) });
    else this.#isIn(version, replaced);
  }

  /** Take the insertion back, if the mail is still as it left it; the draft stands here again. */
  undo(): void {
    const version = this.#state.phase === "inserted" ? shown(this.#state) : null;
    if (!version) return;
    this.#hold({ phase: "ready" }); // what the mail tells meanwhile is our own doing
    if (!this.#mail.undo()) {
      this.#set({ phase: "inserted", isOpen: false });
      return;
    }
    this.#fates.takenBack(version.draft.draft_id);
    this.#set({ taken: this.#restored(), leftOut: [] });
  }

  /** Throw all versions away; what was typed stays where it is. */
  discard(): void {
    this.#running?.abort();
    const version = shown(this.#state);
    this.#fates.thrownAway(version?.draft.draft_id ?? "");
    const { tone, length, instruction, isAnswer, isAlone, voice } = this.#state;
    this.#set({ ...FRESH, tone, length, instruction, isAnswer, isAlone, voice });
    this.#mail.focus();
  }

  #open(seen: Seen | null): void {
    void this.#link.tell({ type: "warm" });
    this.#fates.again();
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

  /** What only the options could mend may be mended: back to what is asked, and nothing sent by itself. */
  async mended(): Promise<void> {
    if (!this.#isForOptions) return;
    const opened = await this.#hello();
    if (!this.#isForOptions) return;
    if (opened && "trouble" in opened) this.#set({ trouble: opened.trouble });
    else this.#set({ ...(this.#state.phase === "failed" ? this.#back() : {}), ...opened, trouble: null });
  }

  /** Its owner comes back to the page: what was in the way may be gone, whether or not anybody told. */
  async back(): Promise<void> {
    const kind = this.#state.trouble?.kind;
    if (this.#state.isOpen && kind !== undefined && TOLD_AT_ONCE.has(kind)) await this.mended();
  }

  get #isForOptions(): boolean {
    return remedyOf(this.#state.trouble) === "options";
  }

  /** Say who would write, or what is in the way, before anything is typed in vain. */
  async #greet(): Promise<void> {
    const opened = await this.#hello();
    if (!opened || !this.#state.isOpen || this.#state.phase !== "asking") return;
    if ("voice" in opened) this.#set({ voice: opened.voice });
    else this.#set({ trouble: opened.trouble });
  }

  async #hello(): Promise<Opened | null> {
    return (await this.#link.tell({ type: "opened", mailbox: this.#mail.mailbox })) as Opened | null;
  }

  #show(seen: Seen | null, now: Partial<State>): void {
    const { phase } = now;
    const told = phase === "asking" && seen ? { ...seen, taken: this.#asked(seen.taken) } : {};
    this.#set({ ...now, ...told, isOpen: true });
    if (phase === "asking" && seen === null) this.#fail(troubleOf("unreadable"));
    if (phase === "asking") void this.#greet();
    if (phase === "inserted" || (phase === "ready" && this.#inserted)) this.#resume(seen?.taken ?? null);
  }

  #isNew(taken: Taken | null, phase = this.#state.phase): boolean {
    const { wish, taken: held, versions } = this.#state;
    if (taken === null || phase === "writing") return false;
    if (phase === "asking") return this.#asked(taken) !== null;
    const asked = [this.#stood, held?.text, wish?.instruction, shown(this.#state)?.wish.instruction];
    const texts = [...asked, ...versions.map(({ draft }) => draft.text)];
    return isNews(taken, { inserted: this.#inserted, texts, held });
  }

  /** What is to be asked for, of what stands in the mail. */
  #asked(taken: Taken | null): Taken | null {
    return withoutOurs(taken, this.#inserted);
  }

  /** While it is asked, what is typed in the mail is quoted as it stands there now. */
  #follow(): void {
    const held = this.#state.taken;
    const seen = this.#mail.look();
    if (seen === null || this.#isFromBox || held?.isSelection) return;
    const taken = this.#asked(seen.taken);
    if (taken?.text !== held?.text && !taken?.isSelection) this.#set({ taken });
  }

  /** The line that it is in goes; what was taken out again is open once more. */
  #moveOn(): void {
    const version = shown(this.#state);
    const seen = this.#mail.look();
    const isOut = seen !== null && !isGrownFrom(this.#inserted, seen.taken?.text ?? "");
    if (version && isOut) this.#fates.takenBack(version.draft.draft_id);
    else if (version) this.#fates.inserted(version.draft.draft_id); // it may have been taken back, and then not
    if (this.#state.isOpen) this.close();
  }

  /** After an undo: browsers select what they give back, and so it looks selected, whether or not it was. */
  #restored(): Taken | null {
    const [before, now] = [this.#replaced, this.#mail.take()];
    return before && now && before.text === now.text ? { ...now, isSelection: before.isSelection } : null;
  }

  /** What a draft takes the place of: the words it was asked from, or an earlier draft. */
  get #place(): Taken | null {
    const { taken, versions } = this.#state;
    if (taken) return taken.isSelection ? null : taken;
    const isIn = versions.some(({ draft }) => this.#fates.isIn(draft.draft_id));
    const stands = isIn ? this.#mail.take() : null;
    return stands && this.#asked(stands) === null ? stands : null;
  }

  #isIn(version: Version, replaced: Taken | null): void {
    this.#replaced = replaced;
    this.#inserted = this.text;
    this.#fates.inserted(version.draft.draft_id);
    const out = leftOut(version.draft, version.kept).map((fact) => fact.text);
    this.#set({ phase: "inserted", taken: null, trouble: null, leftOut: [...new Set(out)] });
  }

  /** After an insertion the mail holds the draft: it is taken up again, edited or not, and replaced by what follows. */
  #resume(taken: Taken | null): void {
    const version = shown(this.#state);
    const held = this.#state.taken;
    if (!version || !taken || !isEdited(taken, this.#inserted, version.draft.text))
      this.#set({ phase: "ready", taken: held?.isSelection ? held : taken });
    else {
      const wish: Wish = { instruction: "", from: "edited", refines: version };
      this.#push({ ...version.draft, text: taken.text, unsupported: [] }, wish);
      this.#set({ taken });
    }
  }

  #begin(wish: Wish, seen = this.#mail.look()): void {
    this.#running?.abort();
    this.#stood = seen?.taken?.text ?? "";
    const at = this.#state.versions.length;
    this.#set({ phase: "writing", wish, text: "", meta: null, trouble: null, at });
    const running = new AbortController();
    this.#running = running;
    const ask = this.#mail.ask(this.#state, wish);
    const hear = (heard: Heard) => running.signal.aborted || this.#hear(heard, wish, ask?.mailbox ?? "");
    if (ask) this.#link.draft(ask, hear, running.signal);
    else this.#fail(troubleOf("unreadable"));
  }

  #hear(heard: Heard, wish: Wish, mailbox: string): void {
    if (heard.type === "voice") this.#met(heard.voice);
    else if (heard.type === "meta") this.#start(heard.meta, mailbox);
    else if (heard.type === "token") this.#set({ text: this.#state.text + heard.text });
    else if (heard.type === "failed") this.#fail(heard.trouble);
    else if (heard.type === "done") {
      this.#fates.begin(heard.draft.draft_id, mailbox);
      this.#push(heard.draft, wish);
      if (wish.refines) this.#fates.refined(wish.refines.draft.draft_id);
    }
  }

  /** The worker is there. */
  #met(voice: Voice): void {
    this.#fates.again();
    this.#set({ voice });
  }

  #start(meta: Meta, mailbox: string): void {
    this.#fates.begin(meta.draft_id, mailbox);
    this.#set({ meta });
  }

  #push(draft: Draft, wish: Wish): void {
    const versions = [...this.#state.versions, { draft, wish, kept: new Set<number>() }];
    this.#set({ phase: "ready", versions, at: versions.length - 1, text: "", trouble: null });
  }

  /** What failed leaves the last version in sight, where there is one; what came of it is one step on. */
  #fail(trouble: PanelTrouble): void {
    const { wish, versions } = this.#state;
    const from = wish?.refines ? versions.indexOf(wish.refines) : -1;
    const back = versions.length ? { phase: "ready" as const, at: from < 0 ? versions.length - 1 : from } : {};
    this.#set({ phase: "failed", ...back, trouble, failed: wish });
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

  /** Change what will be shown at the next step: drawing twice for one press would be seen. */
  #hold(what: Partial<State>): void {
    const failed = "trouble" in what ? null : this.#state.failed; // it goes with its trouble
    this.#state = { ...this.#state, failed, ...what };
  }

  #set(what: Partial<State>): void {
    this.#hold(what);
    this.#changed(this.#state);
  }
}

/** What the worker tells of without asking the service: it is worth asking again. */
const TOLD_AT_ONCE: ReadonlySet<PanelTroubleKind> = new Set(["not-paired", "no-account", "no-permission"]);
