// Whether a text grew from another: then it is a draft that was edited, and no new instruction.

import type { Taken } from "../sites/site";

const ENOUGH = 0.5;

/** Whether at least half of the draft's words stand in what is typed now. */
export function isGrownFrom(draft: string, typed: string): boolean {
  const [before, now] = [wordsOf(draft), new Set(wordsOf(typed))];
  if (before.length === 0) return false;
  return before.filter((word) => now.has(word)).length >= before.length * ENOUGH;
}

export function isSame(one: string, other: string): boolean {
  return squeeze(one) === squeeze(other);
}

/** Whether a text holds another. */
export function holds(whole: string, part: string): boolean {
  return squeeze(whole).includes(squeeze(part));
}

/** What is known of a mail, when words in it are to be judged. */
export interface Known {
  /** What went in last, "" for nothing. */
  readonly inserted: string;
  /** All that was asked for before, and all drafts. */
  readonly texts: readonly (string | undefined)[];
  /** What the draft at hand was asked from. */
  readonly held: Taken | null;
}

/** Whether words in the mail are to be asked for: none that were, none of a draft's, none around a selection. */
export function isNews(taken: Taken, { inserted, texts, held }: Known): boolean {
  if ([inserted, ...texts].some((text) => text && isSame(text, taken.text))) return false;
  if (taken.isSelection) return true;
  return !isGrownFrom(inserted, taken.text) && !(held?.isSelection && holds(taken.text, held.text));
}

/** Whether what stands in the mail is a draft that its owner edited after it went in. */
export function isEdited(taken: Taken | null, inserted: string, draft: string): boolean {
  if (taken === null || taken.isSelection || !isGrownFrom(inserted, taken.text)) return false;
  return ![inserted, draft].some((text) => text && isSame(text, taken.text));
}

/** What is typed, but for a draft of ours that stands there: that is no instruction. */
export function withoutOurs(taken: Taken | null, inserted: string): Taken | null {
  return taken && !taken.isSelection && isGrownFrom(inserted, taken.text) ? null : taken;
}

const squeeze = (text: string) => text.replace(/\s+/g, " ").trim();
const wordsOf = (text: string) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
