// Looks after the composes of a page: which are there, which came, which went, which cannot be read.

import { type Compose, PageChanged } from "../site";
import { GmailCompose } from "./compose";
import { isLaidOut } from "./layout";
import { all, HOOKS } from "./selectors";

// Gmail builds a compose in steps: what is missing at first may come.
const PATIENCE_MS = __TEST__ ? 1500 : 15_000;
// Gmail's page changes all the time; looking once for many changes is enough.
const PAUSE_MS = 30;

export interface Report {
  found(compose: Compose): void;
  /** Told once. */
  changed(why: PageChanged): void;
  /** Whether an event is its owner's doing. */
  trusts(event: Event): boolean;
}

export class Watch {
  readonly #doc: Document;
  readonly #composes: Set<GmailCompose>;
  readonly #report: Report;
  readonly #unread = new Map<HTMLElement, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasTold = false;
  #isFirstLook = true;

  constructor(doc: Document, composes: Set<GmailCompose>, report: Report) {
    this.#doc = doc;
    this.#composes = composes;
    this.#report = report;
  }

  start(signal: AbortSignal): void {
    const changes = new MutationObserver(() => this.#soon());
    changes.observe(this.#doc, {
      childList: true,
      subtree: true,
      attributeFilter: ["value", "role", "contenteditable"],
    });
    signal.addEventListener("abort", () => this.#stop(changes), { once: true });
    this.#look();
    this.#isFirstLook = false;
  }

  #stop(changes: MutationObserver): void {
    changes.disconnect();
    clearTimeout(this.#timer);
    for (const compose of this.#composes) this.#lose(compose);
  }

  #soon(wait_ms = PAUSE_MS): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#look();
    }, wait_ms);
  }

  #look(): void {
    for (const compose of [...this.#composes]) this.#check(compose);
    for (const mark of this.#doc.querySelectorAll<HTMLInputElement>(HOOKS.composeid.selector)) this.#read(mark);
    for (const subject of all(this.#doc, HOOKS.subject)) this.#doubt(subject);
    for (const mark of this.#unread.keys()) if (!mark.isConnected) this.#unread.delete(mark);
    if (this.#unread.size > 0 && !this.#hasTold) this.#soon(PATIENCE_MS / 10);
  }

  #check(compose: GmailCompose): void {
    if (!compose.isThere) this.#lose(compose);
    else ifReadable(() => compose.mend());
  }

  #lose(compose: GmailCompose): void {
    this.#composes.delete(compose);
    compose.end();
  }

  #read(mark: HTMLInputElement): void {
    if ([...this.#composes].some(({ root, id }) => id === mark.value && root.contains(mark))) return;
    const why = ifReadable(() => this.#take(new GmailCompose(mark, this.#isFirstLook, this.#report.trusts)));
    if (why === null) this.#unread.delete(mark);
    else this.#wait(mark, why);
  }

  /** A subject that belongs to no compose known by its number. */
  #doubt(subject: HTMLElement): void {
    const form = subject.closest(HOOKS.form.selector);
    if (form === null || form.querySelector(HOOKS.composeid.selector) !== null) this.#unread.delete(subject);
    else this.#wait(subject, new PageChanged(HOOKS.composeid.name));
  }

  #take(compose: GmailCompose): void {
    this.#composes.add(compose);
    this.#report.found(compose);
  }

  #wait(mark: HTMLElement, why: PageChanged): void {
    // Nobody misses a button where nothing is seen; the clock begins when it is.
    const isSeen = isLaidOut(mark.parentElement ?? mark);
    const since = isSeen ? (this.#unread.get(mark) ?? Date.now()) : Date.now();
    this.#unread.set(mark, since);
    if (this.#hasTold || Date.now() - since < PATIENCE_MS) return;
    this.#hasTold = true;
    this.#report.changed(why);
  }
}

/** What kept the page from being read; null if nothing did. */
function ifReadable(act: () => void): PageChanged | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof PageChanged) return error;
    throw error;
  }
}
