// The facts of a draft that trace to nothing. Pure. Their places are counted in Unicode characters, as the service
// counts them; a string here is counted in UTF-16 units, where an emoji is two.

import type { Draft, Fact } from "../wire";
import { markOf } from "./kinds";
import type { Words } from "./words";

export interface Piece {
  text: string;
  /** Which of the draft's unsupported facts this is. */
  fact?: number;
}

/** Part a draft's text at its unsupported facts. What stands elsewhere than told is found by its text. */
export function pieces(draft: Pick<Draft, "text" | "unsupported">): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  for (const { start, end, fact } of spans(draft)) {
    if (end <= at) continue;
    if (start > at) out.push({ text: draft.text.slice(at, start) });
    out.push({ text: draft.text.slice(Math.max(start, at), end), fact });
    at = end;
  }
  if (at < draft.text.length) out.push({ text: draft.text.slice(at) });
  return out;
}

/** The text as it goes into the mail: with a mark in the place of what is left out, so that nothing joins over a gap. */
export function withoutStrangers(
  draft: Pick<Draft, "text" | "unsupported">,
  kept: ReadonlySet<number>,
  words: Words,
): string {
  const strangers = leftOut(draft, kept);
  const parts = pieces({ text: draft.text, unsupported: strangers });
  return parts.map(({ text, fact }) => (fact === undefined ? text : words(markOf(strangers[fact]?.kind)))).join("");
}

/** The facts that do not go into the mail. */
export function leftOut(draft: Pick<Draft, "unsupported">, kept: ReadonlySet<number>): Fact[] {
  return draft.unsupported.filter((fact, index) => fact.is_left_out && !kept.has(index));
}

interface Span {
  start: number;
  end: number;
  fact: number;
}

function spans({ text, unsupported }: Pick<Draft, "text" | "unsupported">): Span[] {
  const units = unitsAt(text);
  const found = unsupported.flatMap((fact, index): Span[] => {
    const [start, end] = [units[fact.start], units[fact.end]];
    if (start !== undefined && end !== undefined && text.slice(start, end) === fact.text) {
      return [{ start, end, fact: index }];
    }
    return everywhere(text, fact.text).map((from) => ({ start: from, end: from + fact.text.length, fact: index }));
  });
  return found.sort((a, b) => a.start - b.start || b.end - a.end);
}

/** Where each character begins, counted in UTF-16 units; last where the text ends. */
function unitsAt(text: string): number[] {
  const units = [0];
  for (const character of text) units.push((units.at(-1) ?? 0) + character.length);
  return units;
}

function everywhere(text: string, part: string): number[] {
  if (part === "") return [];
  const out: number[] = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) out.push(at);
  return out;
}
