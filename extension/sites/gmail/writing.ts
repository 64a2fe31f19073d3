// The one way words get into an editor: as text, through the browser's own editing, so that the page's undo takes them
// back in one step and the page saves them. Whatever comes out otherwise is taken back.

import { PageChanged, type Taken } from "../site";
import { BLOCKS } from "./flat";
import { Own, stretchOf, type TakenAt, textOf } from "./own";

/** Puts a draft above signature and quote, in the place of the words taken as its instruction if they still stand. */
export function write(editor: HTMLElement, draft: string, taken: Taken | null, given = ""): void {
  const own = new Own(editor, given);
  const stale = standing(own, editor, taken);
  if (stale !== null) put(editor, own, apart(own, stale, draft), stale);
  else if (own.typed !== "") put(editor, own, `\n\n${draft}`, atEnd(own));
  else put(editor, own, onTop(own.range(), draft), own.range());
}

/** A draft where nothing was typed; letters that follow at once, such as an old draft's, begin a line of their own. */
function onTop(range: Range, draft: string): string {
  const next = range.startContainer.childNodes[range.endOffset];
  let leaf: Node | undefined = next;
  while (leaf?.firstChild) leaf = leaf.firstChild;
  // A block begins a line by itself, but browsers put the caret of its edge into it.
  const isOwnLine = next !== undefined && !range.collapsed && BLOCKS.has(next.nodeName);
  return leaf?.nodeType === Node.TEXT_NODE && !isOwnLine ? `${draft}\n\n` : draft;
}

/** Puts a draft in the place of a selection, which must still be what it was. */
export function overwrite(editor: HTMLElement, draft: string, taken: Taken, given = ""): void {
  const own = new Own(editor, given);
  const range = standing(own, editor, taken);
  if (range === null) throw new PageChanged("selection");
  put(editor, own, draft, range);
}

/** Where the words that were taken stand now, if nothing in them was changed. */
function standing(own: Own, editor: HTMLElement, taken: Taken | null): Range | null {
  const range = (taken as TakenAt | null)?.range;
  if (taken === null || range === undefined) return null;
  if (editor.contains(range.commonAncestorContainer) && textOf(own.flat, range).trim() === taken.text) return range;
  return own.typed === taken.text ? own.range() : null;
}

/** A draft has lines of its own, whatever stands before and after. */
function apart(own: Own, range: Range, draft: string): string {
  const { from, to } = stretchOf(own.flat, range);
  const before = own.flat.text.slice(0, from).split("\n").at(-1) ?? "";
  const after = own.flat.text.slice(to, own.tail).split("\n")[0] ?? "";
  return `${before.trim() === "" ? "" : "\n\n"}${draft}${after.trim() === "" ? "" : "\n\n"}`;
}

function atEnd(own: Own): Range {
  const range = own.range();
  range.collapse(false);
  return range;
}

function put(editor: HTMLElement, before: Own, text: string, range: Range): void {
  const { from } = stretchOf(before.flat, range);
  select(editor, widened(range, editor));
  // Editing goes where the focus is: a folded window takes none, and a page may move it.
  if (editor.ownerDocument.activeElement !== editor) throw new PageChanged("focus");
  const isDone = run(editor.ownerDocument, "insertText", text.replaceAll("\r\n", "\n"));
  if (!isDone) throw new PageChanged("editor");
  closeStep(editor);
  if (stands(editor, before, from, text)) return;
  run(editor.ownerDocument, "undo");
  throw new PageChanged("editor");
}

/** Have the browser edit. */
export function run(doc: Document, command: string, value?: string): boolean {
  // Deprecated by name alone: nothing else writes into the page's own undo.
  return typeof doc.execCommand === "function" && doc.execCommand(command, false, value);
}

function select(editor: HTMLElement, range: Range): void {
  editor.focus({ preventScroll: true });
  const selection = editor.ownerDocument.getSelection();
  selection?.removeAllRanges();
  selection?.addRange(range);
}

/** What is typed next is an undo step of its own: browsers end a step when the selection is set. */
function closeStep(editor: HTMLElement): void {
  const selection = editor.ownerDocument.getSelection();
  if (selection !== null && selection.rangeCount > 0) select(editor, selection.getRangeAt(0).cloneRange());
}

/** The same text, but with the blocks it fills from the editor's first on: else an empty line of theirs would be left. */
function widened(range: Range, editor: HTMLElement): Range {
  const wide = range.cloneRange();
  if (range.collapsed) return wide;
  while (wide.startContainer !== editor && isStart(wide)) wide.setStartBefore(wide.startContainer);
  if (wide.startContainer !== editor || wide.startOffset > 0) return range;
  while (wide.endContainer !== editor && isEnd(wide)) wide.setEndAfter(wide.endContainer);
  return wide;
}

function isStart({ startContainer, startOffset }: Range): boolean {
  return startOffset === 0 && startContainer.parentNode !== null;
}

function isEnd({ endContainer, endOffset }: Range): boolean {
  const { length } = endContainer.nodeType === Node.TEXT_NODE ? (endContainer as Text) : endContainer.childNodes;
  return endOffset === length;
}

/** Whether the draft is where it should be, and all below is as it was. */
function stands(editor: HTMLElement, before: Own, from: number, text: string): boolean {
  const after = new Own(editor);
  const bare = (words: string) => words.replace(/\s+/g, "");
  const tail = bare(before.flat.text.slice(before.tail));
  const head = bare(before.flat.text.slice(0, from));
  return bare(after.flat.text).startsWith(head + bare(text)) && bare(after.flat.text).endsWith(tail);
}
