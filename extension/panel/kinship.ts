// Whether a text grew from another: then it is a draft that was edited, and no new instruction.

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

const squeeze = (text: string) => text.replace(/\s+/g, " ").trim();
const wordsOf = (text: string) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
