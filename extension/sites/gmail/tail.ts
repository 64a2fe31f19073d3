// What stands below the words of an answer: signature and quote. Drafts go above both.

import type { Flat } from "./flat";
import { type Line, linesOf, wordedLinesOf } from "./lines";
import { all, HOOKS } from "./selectors";

const FORWARDED = /^-{8,} ?\S.*\S ?-{8,}$/;
const SIGNED = /^-- ?$/;
const QUOTED = /^>/;

/** Where the tail begins in the text of an editor; the text's length where there is none. */
export function tailOf(editor: HTMLElement, flat: Flat): number {
  const lines = linesOf(flat.text);
  const marked = [...all(editor, HOOKS.signature), ...all(editor, HOOKS.quote)].map((node) => flat.startOf(node));
  const told = lines.filter(({ text }) => FORWARDED.test(text) || SIGNED.test(text)).map(({ from }) => from);
  const quoted = [
    ...all(editor, HOOKS.blockquote).map((node) => flat.startOf(node)),
    ...lines.filter(({ text }) => QUOTED.test(text)).map(({ from }) => from),
  ].map((from) => aboveAttribution(lines, from));
  return aboveSign(lines, Math.min(flat.text.length, ...marked, ...told, ...quoted));
}

/** Whether a mail is passed on in this editor: the line that says so begins what is quoted, and is quoted by nobody. */
export function isForward(flat: Flat, quotes: readonly HTMLElement[]): boolean {
  const lines = wordedLinesOf(flat.text);
  const told = lines.find(({ text }) => FORWARDED.test(text));
  if (told === undefined) return false;
  const node = flat.before(told.from)?.node ?? null;
  const quote = quotes.find((each) => each.contains(node));
  if (quote === undefined) return !lines.some(({ from, text }) => from < told.from && QUOTED.test(text));
  return !quote.matches(HOOKS.blockquote.selector) && lines.find(({ from }) => from >= flat.startOf(quote)) === told;
}

// "On Mon, 16 Nov 2026 at 09:12 Tom <tom@example.com> wrote:" in any language tells a date or an address and ends in a
// colon; the plain-text mode may break it into two lines.
function aboveAttribution(lines: readonly Line[], quote: number): number {
  const [second, last] = [...lines.filter(({ from, text }) => from < quote && text !== "").slice(-2)].slice(-2);
  const end = last ?? second;
  if (end === undefined || !/[:：]$/.test(end.text)) return quote;
  if (/[\d@]/.test(end.text) && !end.text.startsWith("<")) return end.from;
  return last !== undefined && second !== undefined && /\d/.test(second.text) ? second.from : quote;
}

/** The two dashes of a signature stand on a line of their own before it. */
function aboveSign(lines: readonly Line[], tail: number): number {
  const last = lines.filter(({ from, text }) => from < tail && text !== "").at(-1);
  return last !== undefined && SIGNED.test(last.text) ? last.from : tail;
}
