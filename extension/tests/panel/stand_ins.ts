// A compose, a link and a world for the panel's tests.

import type { Around } from "../../panel/around";
import { KeyGuard } from "../../panel/keys";
import type { Heard, Link } from "../../panel/link";
import { Mails } from "../../panel/mails";
import { PANEL } from "../../panel/words";
import type { Ask, Opened, Told } from "../../protocol";
import { type Compose, type Context, PageChanged, type Taken } from "../../sites/site";
import type { Draft, Fact } from "../../wire";
import { readWords } from "../../words";

/** A compose whose mail is a string. */
export class FakeCompose implements Compose {
  readonly root = document.createElement("div");
  readonly id: string;
  readonly end = new AbortController();
  readonly gone = this.end.signal;
  isAnswer = false;
  isAlone = false;
  isAsPut = false;
  isRightToLeft = false;
  isDark = false;
  typed: Taken | null = null;
  isChanged = false;
  /** What the page says when nothing can be put into it. */
  hook = "editor";
  focused = 0;
  #before: Taken | null = null;
  readonly puts: { how: "insert" | "replace"; text: string; taken: Taken | null }[] = [];

  constructor(id = `mail-${Math.random()}`) {
    this.id = id;
    document.body.append(this.root);
  }

  placeButton(host: HTMLElement): void {
    this.#check();
    this.root.append(host);
  }

  placePanel(host: HTMLElement): void {
    this.root.append(host);
  }

  taken(): Taken | null {
    return this.typed;
  }

  context(): Context {
    this.#check();
    const thread = this.isAnswer ? [{ from: "Bob <bob@example.org>", text: "Friday?" }] : [];
    return { mailbox: "ana@example.org", subject: "Lunch", to: ["bob@example.org"], thread };
  }

  insert(text: string, taken: Taken | null): void {
    this.#put("insert", text, taken);
  }

  replace(text: string, taken: Taken): void {
    this.#put("replace", text, taken);
  }

  undo(): boolean {
    if (!this.isAsPut) return false;
    this.edit(this.#before);
    return true;
  }

  focus(): void {
    this.focused += 1;
  }

  /** Its owner types, or the page does. */
  edit(typed: Taken | null): void {
    this.typed = typed;
    this.isAsPut = false;
    this.root.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #put(how: "insert" | "replace", text: string, taken: Taken | null): void {
    this.#check();
    this.puts.push({ how, text, taken });
    this.#before = this.typed;
    this.edit({ text, isSelection: false });
    this.isAsPut = true;
  }

  #check(): void {
    if (this.isChanged) throw new PageChanged(this.hook);
  }
}

/** Remembers what is asked and told; what is heard is said by the test. */
export class FakeLink implements Pick<Link, "draft" | "tell"> {
  readonly asks: Ask[] = [];
  readonly told: Told[] = [];
  signal: AbortSignal | null = null;
  /** What a panel hears that opened. */
  opened: Opened | null = null;
  /** The worker cannot be reached. */
  isAway = false;
  #hear: (heard: Heard) => void = () => {};

  draft(ask: Ask, hear: (heard: Heard) => void, signal: AbortSignal): void {
    this.asks.push(ask);
    this.#hear = hear;
    this.signal = signal;
  }

  async tell(told: Told): Promise<unknown> {
    this.told.push(told);
    if (this.isAway) return null;
    return told.type === "opened" ? this.opened : told.type === "feedback" || null;
  }

  say(...heard: Heard[]): void {
    for (const each of heard) this.#hear(each);
  }

  get feedback(): string[] {
    return this.told.flatMap((told) => (told.type === "feedback" ? [`${told.kind} ${told.draft_id}`] : []));
  }
}

export function draftOf(text: string, unsupported: Fact[] = [], draft_id = "d1"): Draft {
  const meta = { draft_id, subject: "Lunch", language: "en", notice: "", sources: [] };
  return { ...meta, text, unsupported };
}

/** Put button and panel at a compose; what is returned presses the button. */
export function attach(compose: Compose, around: Around): () => void {
  const mail = new Mails(around).attach(compose);
  return () => mail.press();
}

/** A fact where it stands in a text, counted in characters as the service does. */
export function factIn(text: string, kind: Fact["kind"], part: string): Fact {
  const start = Array.from(text.slice(0, text.indexOf(part))).length;
  const is_left_out = kind === "link" || kind === "email" || kind === "account";
  return { kind, text: part, start, end: start + Array.from(part).length, is_left_out };
}

/** The words as a browser of that language has them; it may hand out none. */
export const wordsIn = (language: string) => readWords(PANEL, { getMessage: () => "", getUILanguage: () => language });
export const english = wordsIn("en");

/** A world in which every event counts as a person's, since a test can make no other. */
export function aroundOf(link: FakeLink, rest: Partial<Around> = {}): Around {
  const trusts = () => true;
  return {
    link,
    trusts,
    sight: { watch: () => {}, counts: () => true, sees: () => true },
    keys: new KeyGuard(window, trusts),
    words: english,
    shadow: "open",
    copy: async () => {},
    openOptions: () => {},
    shortcut: Promise.resolve("Alt+Shift+Y"),
    isMac: false,
    ...rest,
  };
}
