// A compose that is read and asked for a draft without raising: where the page has changed there is nothing to be told.

import type { Ask } from "../protocol";
import { type Compose, PageChanged, type Taken } from "../sites/site";
import type { PanelTroubleKind } from "../trouble";
import type { State, Wish } from "./state";

/** What the mail tells at a press. */
export interface Seen {
  readonly taken: Taken | null;
  readonly isAnswer: boolean;
  readonly isAlone: boolean;
}

export class Reading {
  compose: Compose;

  constructor(compose: Compose) {
    this.compose = compose;
  }

  /** Null where the page cannot be read. */
  look(): Seen | null {
    return this.#try(seenIn, null);
  }

  /** What is typed or selected; nothing where the page cannot be read, which asking will tell. */
  take(): Taken | null {
    return this.look()?.taken ?? null;
  }

  /** What a draft is asked from: the compose as it stands now, and the wish. Null where it cannot be read. */
  ask(choice: Pick<State, "tone" | "length">, wish: Wish): Ask | null {
    return this.#try((compose) => askOf(compose, choice, wish), null);
  }

  get mailbox(): string {
    return this.#try((compose) => compose.context().mailbox, "");
  }

  /** Whether the mail is as the last insertion left it. */
  get isAsPut(): boolean {
    return this.#try((compose) => compose.isAsPut, false);
  }

  /** Put a draft in; why that could not be done, null where it was. */
  insert(text: string, place: Taken | null): PanelTroubleKind | null {
    return whyOut(() => this.compose.insert(text, place));
  }

  /** The same in the place of a selection. */
  replace(text: string, taken: Taken): PanelTroubleKind | null {
    return whyOut(() => this.compose.replace(text, taken));
  }

  /** Take the last insertion back; whether that was done. */
  undo(): boolean {
    return this.#try((compose) => compose.undo(), false);
  }

  /** Give the editor the focus; where the page has changed it stays where it is. */
  focus(): void {
    this.#try((compose) => compose.focus(), undefined);
  }

  #try<Told>(read: (compose: Compose) => Told, otherwise: Told): Told {
    try {
      return read(this.compose);
    } catch {
      return otherwise;
    }
  }
}

function whyOut(put: () => void): PanelTroubleKind | null {
  try {
    put();
    return null;
  } catch (error) {
    const hook = error instanceof PageChanged ? error.hook : "";
    if (hook === "selection") return "selection";
    return hook === "focus" ? "folded" : "page-changed";
  }
}

function seenIn(compose: Compose): Seen | null {
  return { taken: compose.taken(), isAnswer: compose.isAnswer, isAlone: compose.isAlone };
}

function askOf(compose: Compose, { tone, length }: Pick<State, "tone" | "length">, wish: Wish): Ask {
  const { mailbox, subject, to, thread } = compose.context();
  const ask = { mailbox, subject, to: [...to], thread: [...thread], instruction: wish.instruction, tone, length };
  const draft = wish.refines?.draft;
  return draft ? { ...ask, refines: { draft_id: draft.draft_id, text: draft.text } } : ask;
}
