// Boxes on the screen.

/** Kept free to the edges of the screen and to windows. */
export const GAP_PX = 8;
/** What the panel makes use of at most. */
export const MOST_HEIGHT_PX = 612;

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Viewport {
  readonly width: number;
  readonly height: number;
}

/** A window, and what of it is to stay usable. */
export interface Occupied {
  readonly window: Box;
  readonly editor: Box;
  /** The row with Send. */
  readonly bar: Box;
}

/** As wide as a window, and in sight from side to side. */
export function across(window: Box, viewport: Viewport): Pick<Box, "left" | "width"> {
  const width = Math.min(window.width, viewport.width - 2 * GAP_PX);
  const left = Math.max(GAP_PX, Math.min(window.left, viewport.width - width - GAP_PX));
  return { left, width };
}

export function overlap(one: Box, other: Box): boolean {
  return (
    one.left < other.left + other.width &&
    other.left < one.left + one.width &&
    one.top < other.top + other.height &&
    other.top < one.top + one.height
  );
}
