// What lies over a thing of ours, as far as asking the page point by point can tell.

import { paints } from "./paint";
import { hostOf } from "./plain";
import { rootIn } from "./roots";
import { straysAt } from "./strays";
import { unmasked } from "./unmasked";

const ACROSS = 5;

export interface View {
  /** How much of it is clear, of what lies within the window; 0 for nothing. */
  readonly share: number;
  /** Something clear, or faint, lies over it: it is seen through that. */
  readonly hasGlass: boolean;
}

interface Spot {
  readonly x: number;
  readonly y: number;
}

/** Look at a node, point by point. */
export function viewOf(node: Element): View {
  const box = node.getBoundingClientRect();
  const spots = spotsIn(box);
  return unmasked(() => {
    const host = hostOf(node);
    const strays = straysAt(box, host);
    const views = spots.map(({ x, y }) => (strays.hides(x, y) ? "hidden" : lookAt({ x, y }, host)));
    const clear = views.filter((view) => view !== "hidden").length;
    return { share: spots.length ? clear / spots.length : 0, hasGlass: strays.isTouched || views.includes("glass") };
  });
}

/** Points spread over a box, those of them that lie in the window. */
function spotsIn({ left, top, width, height }: DOMRect): Spot[] {
  if (!width || !height) return [];
  const steps = Array.from({ length: ACROSS }, (_, at) => (at + 0.5) / ACROSS);
  const spots = steps.flatMap((down) => steps.map((along) => ({ x: left + along * width, y: top + down * height })));
  return spots.filter(({ x, y }) => x >= 0 && y >= 0 && x < window.innerWidth && y < window.innerHeight);
}

function lookAt({ x, y }: Spot, host: Element): "clear" | "glass" | "hidden" {
  let isThrough = false;
  for (const found of document.elementsFromPoint(x, y)) {
    if (found === host) return isThrough ? "glass" : "clear";
    if (paints(found) || hidesWithin(found, x, y)) return "hidden";
    isThrough = true;
  }
  return "hidden";
}

function hidesWithin(node: Element, x: number, y: number): boolean {
  const root = rootIn(node);
  const inside = root?.elementsFromPoint(x, y).filter((each) => each.getRootNode() === root);
  return inside?.some((each) => paints(each) || hidesWithin(each, x, y)) ?? false;
}
