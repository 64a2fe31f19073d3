// A place for the panel at a window that floats over the page: beside it or above it, where it covers nothing that is
// written in; else over the lower end of the window, where the mail begins in sight.

import { across, type Box, GAP_PX, MOST_HEIGHT_PX, type Occupied, overlap, type Viewport } from "./box";
import { within } from "./inside";

const WIDTH_PX = 400;
const LEAST_WIDTH_PX = 280;
const LEAST_HEIGHT_PX = 280;
/** Under the least another way is taken, but nothing is of use below this. */
const USEFUL_HEIGHT_PX = 200;

/** The best box there is; it lies in the viewport. */
export function placeFor(occupied: Occupied, viewport: Viewport, others: readonly Box[]): Box {
  const { window } = occupied;
  const isFree = (box: Box) => !others.some((other) => overlap(box, other));
  const aside = [leftOf(window, viewport), rightOf(window, viewport)].filter((box) => box.width >= LEAST_WIDTH_PX);
  const above = aboveOf(window, viewport);
  const inside = within(occupied, viewport);
  const roomy = [...aside, ...[above, inside].filter(({ height }) => height >= LEAST_HEIGHT_PX)].find(isFree);
  if (roomy !== undefined) return roomy;
  const [low] = [above, inside].filter((box) => isFree(box) && box.height >= USEFUL_HEIGHT_PX).sort(higherFirst);
  return low ?? aside[0] ?? inside;
}

function higherFirst(one: Box, other: Box): number {
  return other.height - one.height;
}

function leftOf(window: Box, viewport: Viewport): Box {
  const width = Math.min(WIDTH_PX, window.left - 2 * GAP_PX);
  return { left: window.left - width - GAP_PX, width, ...upFrom(window.top + window.height, viewport) };
}

function rightOf(window: Box, viewport: Viewport): Box {
  const end = window.left + window.width;
  const width = Math.min(WIDTH_PX, viewport.width - end - 2 * GAP_PX);
  return { left: end + GAP_PX, width, ...upFrom(window.top + window.height, viewport) };
}

/** Never longer than what is above: it would reach down over the mail. */
function aboveOf(window: Box, viewport: Viewport): Box {
  return { ...across(window, viewport), ...upFrom(window.top - GAP_PX, viewport) };
}

/** All that lies above a line and is of use. */
function upFrom(line: number, viewport: Viewport): Pick<Box, "top" | "height"> {
  const end = Math.min(line, viewport.height - GAP_PX);
  const top = Math.max(GAP_PX, end - MOST_HEIGHT_PX);
  return { top, height: Math.max(0, end - top) };
}
