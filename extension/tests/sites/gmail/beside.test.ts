import { describe, expect, test } from "vitest";
import { placeFor } from "../../../sites/gmail/beside";
import { type Box, type Occupied, overlap } from "../../../sites/gmail/box";

const VIEW = { width: 1280, height: 800 };
const CORNER: Box = { left: 756, top: 300, width: 500, height: 500 };

/** A window as Gmail divides it: title, recipients and subject, the mail, the bar at its lower end. */
function occupiedBy(window: Box): Occupied {
  const across = { left: window.left, width: window.width };
  const editor = { ...across, top: window.top + 150, height: window.height - 200 };
  return { window, editor, bar: { ...across, top: window.top + window.height - 48, height: 40 } };
}

function placeAt(window: Box, view = VIEW, others: Box[] = []): Box {
  return placeFor(occupiedBy(window), view, others);
}

function isIn({ left, top, width, height }: Box, view: { width: number; height: number }): boolean {
  return left >= 0 && top >= 0 && left + width <= view.width && top + height <= view.height;
}

describe("a place for the panel", () => {
  test("at the window's left, and never out of sight", () => {
    const box = placeAt(CORNER);
    expect(box.left + box.width).toBeLessThan(CORNER.left);
    expect(isIn(box, VIEW)).toBe(true);
  });

  test("at its right where it is at the left edge, as in languages written from the right", () => {
    expect(placeAt({ ...CORNER, left: 24 }).left).toBeGreaterThan(524);
  });

  test("rather where no other window is", () => {
    const window = { left: 440, top: 400, width: 400, height: 400 };
    const other = { left: 20, top: 400, width: 400, height: 400 };
    expect(overlap(placeAt(window, VIEW, [other]), other)).toBe(false);
  });

  test.each([300, 340, 380, 420])("above a window that begins at %i: all the room there, and no more", (top) => {
    const window = { left: 20, top, width: 460, height: 800 - top };
    const box = placeAt(window, { width: 500, height: 800 });
    expect(box.top).toBeGreaterThanOrEqual(0);
    expect(box.top + box.height).toBeLessThanOrEqual(window.top);
    expect(box.height).toBeGreaterThanOrEqual(280);
  });

  test.each([160, 200, 240])("in a window that begins at %i: above is too little", (top) => {
    const window = { left: 20, top, width: 460, height: 800 - top };
    const box = placeAt(window, { width: 500, height: 800 });
    expect(box.top).toBeGreaterThan(window.top + 200);
    expect(isIn(box, { width: 500, height: 800 })).toBe(true);
  });

  test("in a window that fills the page it leaves the first lines and the bar", () => {
    const occupied = occupiedBy({ left: 40, top: 20, width: 1200, height: 760 });
    const box = placeFor(occupied, VIEW, []);
    expect(box.top).toBeGreaterThanOrEqual(occupied.editor.top + 60);
    expect(overlap(box, occupied.bar)).toBe(false);
  });

  test("below the bar where a window has room there", () => {
    const window = { left: 40, top: 20, width: 1200, height: 760 };
    const occupied = { ...occupiedBy(window), bar: { left: 40, top: 400, width: 1200, height: 40 } };
    expect(placeFor(occupied, VIEW, []).top).toBeGreaterThan(440);
  });

  test("rather above, and lower, than over what is written", () => {
    const window = { left: 100, top: 254, width: 500, height: 346 };
    const box = placeAt(window, { width: 700, height: 600 });
    expect(box.top + box.height).toBeLessThanOrEqual(window.top);
  });

  test("where there is hardly room, at least a line of the mail stays in sight", () => {
    const occupied = occupiedBy({ left: 116, top: 104, width: 500, height: 346 });
    const box = placeFor(occupied, { width: 640, height: 450 }, []);
    expect(box.top).toBeGreaterThanOrEqual(occupied.editor.top + 24);
    expect(box.height).toBeGreaterThanOrEqual(140);
  });

  test("in sight also at a window that sticks out of the page", () => {
    expect(isIn(placeAt({ left: -120, top: 454, width: 500, height: 346 }), VIEW)).toBe(true);
  });

  test("never over recipients and subject, or out of sight, wherever the window is", () => {
    for (let left = -100; left < 800; left += 40) {
      for (let top = 0; top < 440; top += 40) {
        const window = { left, top, width: 480, height: 360 };
        const box = placeAt(window);
        expect(isIn(box, VIEW)).toBe(true);
        expect(overlap(box, { ...window, height: 174 })).toBe(false);
      }
    }
  });
});
