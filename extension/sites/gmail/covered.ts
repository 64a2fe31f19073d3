// What else of a message lies on top of its letters.

import { colourOf } from "./colours";
import type { Purse } from "./purse";

const PICTURES = new Set(["IMG", "CANVAS", "VIDEO"]);

/** Whether another part of the message hides a line. Known of what is in the browser's window, and of a sample of that. */
export function isCovered(node: Text, line: DOMRect, root: Element, purse: Purse): boolean {
  const doc = root.ownerDocument;
  const view = doc.defaultView as Window;
  const [x, y] = [line.left + line.width / 2, line.top + line.height / 2];
  if (x < 0 || y < 0 || x >= view.innerWidth || y >= view.innerHeight || !purse.point()) return false;
  const over = doc.elementFromPoint?.(x, y) ?? null;
  if (over === null || !root.contains(over)) return false;
  for (let at: Element | null = over; at !== null && !at.contains(node); at = at.parentElement) {
    if (node.parentElement?.contains(at)) return false;
    if (isOpaque(at, view.getComputedStyle(at))) return true;
  }
  return false;
}

function isOpaque(element: Element, style: CSSStyleDeclaration): boolean {
  const isPainted = (colourOf(style.backgroundColor)?.alpha ?? 0) > 0.5 || /\(/.test(style.backgroundImage);
  return (isPainted || PICTURES.has(element.tagName)) && Number(style.opacity || 1) > 0.5;
}
