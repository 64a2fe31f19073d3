// A place for the panel over the lower end of a window that has no room around it. Nothing in the window moves for it:
// Gmail's windows have a height of their own, and cut what does not fit.

import { across, type Box, GAP_PX, MOST_HEIGHT_PX, type Occupied, type Viewport } from "./box";

/** Head and foot of the panel, and a line or two of the letter between them. */
const LEAST_HEIGHT_PX = 150;
const MOST_WIDTH_PX = 792;

/** How much of the mail stays in sight, and whether its bar does, for a panel of at least this height. */
const WAYS = [
  { lines_px: 100, hasBar: true, least_px: 280 },
  { lines_px: 60, hasBar: true, least_px: 240 },
  { lines_px: 60, hasBar: false, least_px: 200 },
  { lines_px: 28, hasBar: false, least_px: LEAST_HEIGHT_PX },
];

/** From below the first lines of the mail down; where it is as low as can be, it leaves as much in sight as it can. */
export function within(occupied: Occupied, viewport: Viewport): Box {
  const { window, bar } = occupied;
  const end = Math.min(window.top + window.height, viewport.height) - GAP_PX;
  const below = span(bar.top + bar.height + GAP_PX, end);
  const boxes = WAYS.map(({ lines_px, hasBar, least_px }) => {
    const top = occupied.editor.top + lines_px;
    return { least_px, ...span(top, hasBar ? Math.min(bar.top - GAP_PX, end) : end) };
  });
  const found = [{ least_px: 280, ...below }, ...boxes].find(({ height, least_px }) => height >= least_px);
  const { top, height } = found ?? span(end - LEAST_HEIGHT_PX, end);
  return { ...narrowed(across(window, viewport)), top: Math.max(GAP_PX, top), height };
}

function span(top: number, end: number): Pick<Box, "top" | "height"> {
  const height = Math.min(MOST_HEIGHT_PX, end - top);
  return { top: end - height, height };
}

function narrowed({ left, width }: Pick<Box, "left" | "width">): Pick<Box, "left" | "width"> {
  const narrow = Math.min(width, MOST_WIDTH_PX);
  return { left: left + (width - narrow) / 2, width: narrow };
}
