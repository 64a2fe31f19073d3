// What the panel needs of a compose window, whatever page it stands in. A site's own folder fills it.

import type { ThreadMessage } from "../protocol";

/** The page is not as it was: a hook is missing. Nothing was changed. */
export class PageChanged extends Error {
  readonly hook: string;

  constructor(hook: string) {
    super(`The page has changed: ${hook} is not where it was.`);
    this.name = "PageChanged";
    this.hook = hook;
  }
}

/** Words of the owner's in the editor that are taken as the instruction. They stay where they are. */
export interface Taken {
  readonly text: string;
  /** They were selected; else they are all that was typed above quote and signature. */
  readonly isSelection: boolean;
}

/** What a compose tells of the mail that is being written. */
export interface Context {
  /** The address of the mailbox or the sender chosen; "" where the page does not tell. */
  readonly mailbox: string;
  readonly subject: string;
  readonly to: readonly string[];
  /** The conversation that is answered, oldest first; empty for a new mail. */
  readonly thread: readonly ThreadMessage[];
}

/** A compose window that stands in the page. Every method raises PageChanged rather than guess. */
export interface Compose {
  readonly root: HTMLElement;
  /** The page's own name of the mail: a compose that is drawn anew keeps it. */
  readonly id: string;
  /** Whether it answers something: then a draft needs no instruction. */
  readonly isAnswer: boolean;
  /** Whether it answers something that is not to be read here. */
  readonly isAlone: boolean;
  /** Whether the mail is as the last insertion left it. */
  readonly isAsPut: boolean;
  readonly isRightToLeft: boolean;
  readonly isDark: boolean;
  /** Ends when the compose goes. */
  readonly gone: AbortSignal;
  /** Put the button's host where the page keeps its own buttons. */
  placeButton(host: HTMLElement): void;
  /** Put the panel's host where the addressing and the first lines stay in sight; it goes with the compose. */
  placePanel(host: HTMLElement): void;
  /** What was typed or selected; null for nothing. */
  taken(): Taken | null;
  context(): Context;
  /**
   * Put a draft in above signature and quote, as one step of the page's own undo, and give the editor the focus.
   * What was `taken` as the instruction goes, if it still stands there as it was; words typed since stay.
   */
  insert(text: string, taken: Taken | null): void;
  /** Put a draft in the place of the selection that was taken, the same way. */
  replace(text: string, taken: Taken): void;
  /** Take the last insertion back by the page's own undo; false, and nothing done, where the mail is not as it left it. */
  undo(): boolean;
  /** Give the editor the focus. */
  focus(): void;
}

/** Finds the composes of a page: those that are there, and those that come. */
export interface Site {
  /** Calls `found` once for each compose until `signal` ends; `changed` once where composes cannot be read. */
  watch(found: (compose: Compose) => void, changed: (why: PageChanged) => void, signal: AbortSignal): void;
  /** The compose that has the focus, else the only or the last opened one. */
  current(): Compose | null;
}
