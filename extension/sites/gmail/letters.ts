// Letters that nobody sees: soft hyphens, joiners, bidi controls, variation selectors, tags.

const UNSEEN =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: each is meant by itself.
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\u{e0000}-\u{e0fff}]/gu;

// Persian, Hindi and emoji need their joiners; beside letters like these they only part words.
const IDLE_JOINERS = /(?<=[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\d@./:-])[\u200c\u200d]+/gu;
const JOINERS = /[\u200c\u200d]/g;

/** Words without the letters that nobody sees. */
export function seenLetters(text: string): string {
  return text.replace(UNSEEN, "").replace(IDLE_JOINERS, "");
}

/** The same without any joiners: to know a line again, not to be read. */
export function bareLetters(text: string): string {
  return text.replace(UNSEEN, "").replace(JOINERS, "");
}
