// The owner's own words in an editor: what was typed above signature and quote, or selected.

import type { Taken } from "../site";
import { Flat, type Place } from "./flat";
import { addedTo } from "./given";
import type { Stretch } from "./lines";
import { Purse } from "./purse";
import { all, HOOKS } from "./selectors";
import { isForward, tailOf } from "./tail";
import { visibleText } from "./visible";

/** Words that were taken, and where they stood. A live range: it moves with what is typed around it. */
export interface TakenAt extends Taken {
  readonly range: Range;
}

/** An editor as it is now. */
export class Own {
  readonly flat: Flat;
  /** Where the owner's words end. */
  readonly tail: number;
  readonly #from: number;
  /** Where signature or quote begin, as marks tell. */
  readonly #marked: number;
  readonly #editor: HTMLElement;

  /** `given` stood above signature and quote before the owner wrote; those words are not the owner's. */
  constructor(editor: HTMLElement, given = "") {
    this.#editor = editor;
    this.flat = new Flat(editor);
    this.#marked = tailOf(editor, this.flat);
    const isFresh = given.trim() === "";
    const added = isFresh ? { from: 0, to: this.#marked } : addedTo(given, this.above);
    this.#from = added.from;
    this.tail = added.to;
  }

  /** All above signature and quote, whoever put it there. */
  get above(): string {
    return this.flat.text.slice(0, this.#marked);
  }

  /** What was typed, without the blank lines around it. */
  get typed(): string {
    return this.flat.text.slice(this.#from, this.tail).trim();
  }

  /** All that was typed; null for nothing. */
  all(): TakenAt | null {
    return this.typed === "" ? null : { text: this.typed, isSelection: false, range: this.range() };
  }

  /** What is quoted in the editor, as it is seen; "" for nothing. */
  get quoted(): string {
    const purse = new Purse();
    return quotes(this.#editor)
      .map((quote) => visibleText(quote, purse))
      .join("\n")
      .trim();
  }

  /** It passes a mail on. */
  get isForward(): boolean {
    return isForward(this.flat, quotes(this.#editor));
  }

  /** What was typed as a range; where nothing was, the place to type. */
  range(): Range {
    return this.#spanned(this.#from, this.tail) ?? this.#blank();
  }

  /** The words between two places as a range, without the blanks around them; null where there are none. */
  #spanned(from: number, to: number): Range | null {
    const words = this.flat.text.slice(from, to);
    const first = this.flat.before(from + words.search(/\S|$/));
    const last = this.flat.before(from + words.trimEnd().length - 1);
    if (words.trim() === "" || first === null || last === null) return null;
    return spanning(first, { node: last.node, offset: last.offset + 1 });
  }

  /** What is selected in the editor, if that is the owner's; null for nothing. */
  selected(): TakenAt | null {
    const selection = this.#editor.ownerDocument.getSelection();
    if (selection === null || selection.rangeCount === 0) return null;
    const whole = selection.getRangeAt(0);
    if (!this.#editor.contains(whole.commonAncestorContainer)) return null;
    const { from, to } = stretchOf(this.flat, whole);
    const range = this.#spanned(from, to);
    if (range === null || this.#holdsOthers(from, to)) return null;
    return { text: textOf(this.flat, range).trim(), isSelection: true, range };
  }

  // Who selects a line whole, or everything, has more in the selection than is meant.
  #holdsOthers(from: number, to: number): boolean {
    const text = this.flat.text.slice(from, to);
    if (from + text.trimEnd().length > this.#marked) return true;
    return text.trim() === this.above.trim() && this.typed !== this.above.trim();
  }

  /** The empty line an editor begins with, else its very beginning. */
  #blank(): Range {
    const range = this.#editor.ownerDocument.createRange();
    const first = firstLeaf(this.#editor);
    if (first.nodeName !== "BR" || (first as Element).hasAttribute("clear") || this.#isInTail(first)) {
      range.setStart(this.#editor, 0);
      range.collapse(true);
    } else {
      range.selectNode(first);
    }
    return range;
  }

  #isInTail(node: Node): boolean {
    return all(this.#editor, HOOKS.signature).some((mark) => mark.contains(node));
  }
}

/** The outermost quotes of an editor. */
function quotes(editor: HTMLElement): HTMLElement[] {
  const found = [...all(editor, HOOKS.quote), ...all(editor, HOOKS.blockquote)];
  return found.filter((quote) => !found.some((other) => other !== quote && other.contains(quote)));
}

function firstLeaf(node: Node): Node {
  let at = node;
  while (at.firstChild !== null) at = at.firstChild;
  return at;
}

function spanning(from: Place, to: Place): Range {
  const range = (from.node.ownerDocument as Document).createRange();
  range.setStart(from.node, from.offset);
  range.setEnd(to.node, to.offset);
  return range;
}

/** Where a range stands in the text. */
export function stretchOf(flat: Flat, range: Range): Stretch {
  const from = flat.offsetOf({ node: range.startContainer, offset: range.startOffset });
  const to = flat.offsetOf({ node: range.endContainer, offset: range.endOffset });
  return { from, to };
}

/** A range's text, with line ends. */
export function textOf(flat: Flat, range: Range): string {
  const { from, to } = stretchOf(flat, range);
  return flat.text.slice(from, to);
}
