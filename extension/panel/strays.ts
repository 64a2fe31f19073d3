// What is found at no point of the page, and may hide what is there all the same: what takes no clicks whatever is done,
// and the shadows that a thing throws far beyond its own box.

import { isShown, paints, reach } from "./paint";
import { allIn } from "./roots";

/** A shadow that is thrown no farther belongs to the looks of a page. */
const FAR_PX = 24;

export interface Strays {
  /** Whether one of them lies there, or may. */
  hides(x: number, y: number): boolean;
  /** A shadow touches the box, too faint to hide anything. */
  readonly isTouched: boolean;
}

/** Find those at a box of ours; which lies above which is not known. */
export function straysAt(box: DOMRect, host: Element): Strays {
  const over: DOMRect[] = [];
  let isTouched = false;
  for (const node of allIn(document)) {
    if (isOurs(node, host)) continue;
    const style = getComputedStyle(node);
    const isDeaf = style.pointerEvents === "none" || node.matches("[inert], [inert] *");
    const { dense, faint } = reach(style);
    if (!isDeaf && !faint) continue;
    const own = node.getBoundingClientRect();
    if (!meet(grown(own, faint), box) || !isShown(node)) continue;
    isTouched ||= faint > 0;
    if (dense > FAR_PX || (isDeaf && paints(node))) over.push(grown(own, dense));
  }
  return { isTouched, hides: (x, y) => over.some((each) => meet(each, new DOMRect(x, y, 0, 0))) };
}

function isOurs(node: Element, host: Element): boolean {
  const root = node.getRootNode();
  return node.contains(host) || (root instanceof ShadowRoot && root.host === host);
}

function grown({ x, y, width, height }: DOMRect, by: number): DOMRect {
  return new DOMRect(x - by, y - by, width + 2 * by, height + 2 * by);
}

function meet(one: DOMRect, other: DOMRect): boolean {
  const isBeside = one.right < other.left || other.right < one.left;
  return !isBeside && one.bottom >= other.top && other.bottom >= one.top;
}
