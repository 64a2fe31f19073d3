// Where letters lie on the screen, and what of them the edges around them leave.

import { cuts, LEAST_PX, scrolls } from "./hiding";

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const EVERYWHERE: Box = { left: -Infinity, top: -Infinity, right: Infinity, bottom: Infinity };

// A scroller lower or narrower than this nobody uses.
const LEAST_SCROLLER_PX = 48;

/** What is shown of the element's content, of all that `outer` shows. What can be scrolled to counts as shown. */
export function windowIn(outer: Box, element: Element, style: CSSStyleDeclaration): Box {
  if (style.display === "inline" || style.display === "contents") return outer;
  const clip = style.position === "absolute" || style.position === "fixed" ? clippedTo(style.clip) : null;
  const [x, y] = [style.overflowX, style.overflowY];
  if (clip === null && ![x, y].some((how) => cuts(how) || scrolls(how))) return outer;
  const box = element.getBoundingClientRect();
  const shown = meet(outer, box);
  const canScroll = shown.right - shown.left >= LEAST_SCROLLER_PX && shown.bottom - shown.top >= LEAST_SCROLLER_PX;
  const area = canScroll ? areaOf(element, style) : shown;
  const across = scrolls(x) ? area : cuts(x) ? shown : outer;
  const down = scrolls(y) ? area : cuts(y) ? shown : outer;
  const open = { left: across.left, right: across.right, top: down.top, bottom: down.bottom };
  return clip === null ? open : meet(open, moved(clip, box));
}

/** What of a message can be come to by scrolling: nothing above it, and nothing before its lines begin. */
export function windowOf(root: Element, style: CSSStyleDeclaration): Box {
  const { left, top, right } = areaOf(root, style);
  const isRightToLeft = style.direction === "rtl";
  const open = {
    left: isRightToLeft ? -Infinity : left,
    right: isRightToLeft ? right : Infinity,
    top,
    bottom: Infinity,
  };
  return windowIn(open, root, style);
}

/** An element's box, as large as what scrolls in it. */
export function areaOf(element: Element, style: CSSStyleDeclaration): Box {
  let { left, top, right, bottom } = element.getBoundingClientRect();
  const { scrollLeft, scrollTop, scrollWidth, scrollHeight } = element;
  if (scrolls(style.overflowX) && style.direction === "rtl") {
    right -= scrollLeft;
    left = Math.min(left, right - scrollWidth);
  } else if (scrolls(style.overflowX)) {
    left -= scrollLeft;
    right = Math.max(right, left + scrollWidth);
  }
  if (scrolls(style.overflowY)) {
    top -= scrollTop;
    bottom = Math.max(bottom, top + scrollHeight);
  }
  return { left, top, right, bottom };
}

/** `clip: rect(top, right, bottom, left)`, in the element's own measure; null for none. */
function clippedTo(clip: string): Box | null {
  const told = /^rect\(([^)]*)\)/.exec(clip ?? "")?.[1];
  if (told === undefined) return null;
  const edges = told.split(/[ ,]+/).map(Number.parseFloat);
  const at = (edge: number, open: number) => (Number.isNaN(edges[edge] ?? Number.NaN) ? open : (edges[edge] as number));
  return { top: at(0, -Infinity), right: at(1, Infinity), bottom: at(2, Infinity), left: at(3, -Infinity) };
}

function moved({ left, top, right, bottom }: Box, to: Box): Box {
  return { left: left + to.left, right: right + to.left, top: top + to.top, bottom: bottom + to.top };
}

function meet(one: Box, other: Box): Box {
  return {
    left: Math.max(one.left, other.left),
    top: Math.max(one.top, other.top),
    right: Math.min(one.right, other.right),
    bottom: Math.min(one.bottom, other.bottom),
  };
}

/** Some of a line can be read: enough of its height, and a letter of its width. */
export function isSeenIn(line: Box, box: Box): boolean {
  const { left, top, right, bottom } = meet(line, box);
  const isHigh = bottom - top >= Math.max(LEAST_PX, (line.bottom - line.top) / 2);
  return isHigh && right > left && right - left >= Math.min(LEAST_PX, (line.right - line.left) / 2);
}

/** All of a line can be read. */
export function isWholeIn(line: Box, box: Box): boolean {
  const { left, right } = meet(line, box);
  return isSeenIn(line, box) && right - left > line.right - line.left - 1;
}
