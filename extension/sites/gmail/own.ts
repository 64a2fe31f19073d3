// The owner's own words in an editor: what was typed above signature and quote, or selected.

import type { Taken } from "../site";
import { Flat, type Place } from "./flat";
import { all, HOOKS } from "./selectors";
import { tailOf } from "./tail";
import { visibleText } from "./visible";

/** Words that were taken, and where they stood. A live range: it moves with what is typed around it. */
export interface TakenAt extends Taken {
  readonly range: Range;
}

/** An editor as it is now. */
export class Own {
  readonly flat: Flat;
  /** Where signature or quote begin. */
  readonly tail: number;
  readonly #editor: HTMLElement;

  constructor(editor: HTMLElement) {
    this.#editor = editor;
    this.flat = new Flat(editor);
    this.tail = tailOf(editor, this.flat);
  }

  /** What was typed, without the blank lines around it. */
  get typed(): string {
    return this.flat.text.slice(0, this.tail).trim();
  }

  /** All that was typed; null for nothing. */
  all(): TakenAt | null {
    return this.typed === "" ? null : { text: this.typed, isSelection: false, range: this.range() };
  }

  /** What is quoted in the editor, as it is seen; "" for nothing. */
  get quoted(): string {
    return quotes(this.#editor)
      .map((quote) => visibleText(quote))
      .join("\n")
      .trim();
  }

  /** What was typed as a range; where nothing was, the place to type. */
  range(): Range {
    const above = this.flat.text.slice(0, this.tail);
    const from = this.flat.before(above.search(/\S/));
    const last = this.flat.before(above.trimEnd().length - 1);
    return from !== null && last !== null
      ? spanning(from, { node: last.node, offset: last.offset + 1 })
      : this.#blank();
  }

  /** What is selected in the editor, if that is the owner's; null for nothing. */
  selected(): TakenAt | null {
    const selection = this.#editor.ownerDocument.getSelection();
    if (selection === null || selection.rangeCount === 0) return null;
    const range = selection.getRangeAt(0).cloneRange();
    if (!this.#editor.contains(range.commonAncestorContainer) || this.#touchesTail(range)) return null;
    const text = textOf(this.flat, range);
    return text.trim() === "" ? null : { text: text.trim(), isSelection: true, range };
  }

  #touchesTail(range: Range): boolean {
    return [HOOKS.signature, HOOKS.quote, HOOKS.blockquote].some((mark) =>
      all(this.#editor, mark).some((node) => range.intersectsNode(node)),
    );
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

/** A range's text, with line ends. */
export function textOf(flat: Flat, range: Range): string {
  const from = flat.offsetOf({ node: range.startContainer, offset: range.startOffset });
  const to = flat.offsetOf({ node: range.endContainer, offset: range.endOffset });
  return flat.text.slice(from, to);
}
