// A place for the panel beside a window that floats over the page: it covers nothing that is written in.

const GAP_PX = 8;
const WIDTH_PX = 400;
const LEAST_WIDTH_PX = 280;
const LEAST_HEIGHT_PX = 200;

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A box at the left or the right of a window, else above it; null where there is no room. */
export function besideOf(window: Box, viewport: { width: number; height: number }, others: readonly Box[]): Box | null {
  const boxes = [leftOf(window), rightOf(window, viewport.width), aboveOf(window)]
    .map((box) => box && within(box, viewport.height))
    .filter((box) => box !== null);
  return boxes.find((box) => !others.some((other) => overlap(box, other))) ?? boxes[0] ?? null;
}

function leftOf({ left, top, height }: Box): Box | null {
  const width = Math.min(WIDTH_PX, left - 2 * GAP_PX);
  return width < LEAST_WIDTH_PX ? null : { left: left - width - GAP_PX, top, width, height };
}

function rightOf({ left, top, width: taken, height }: Box, end: number): Box | null {
  const width = Math.min(WIDTH_PX, end - left - taken - 2 * GAP_PX);
  return width < LEAST_WIDTH_PX ? null : { left: left + taken + GAP_PX, top, width, height };
}

function aboveOf({ left, top, width }: Box): Box | null {
  const height = top - 2 * GAP_PX;
  return height < LEAST_HEIGHT_PX ? null : { left, top: GAP_PX, width, height };
}

/** High enough to be of use, and not out of sight. */
function within(box: Box, end: number): Box {
  const height = Math.min(Math.max(box.height, 2 * LEAST_HEIGHT_PX), end - 2 * GAP_PX);
  return { ...box, height, top: Math.max(GAP_PX, Math.min(box.top, end - height - GAP_PX)) };
}

function overlap(one: Box, other: Box): boolean {
  return (
    one.left < other.left + other.width &&
    other.left < one.left + one.width &&
    one.top < other.top + other.height &&
    other.top < one.top + one.height
  );
}
