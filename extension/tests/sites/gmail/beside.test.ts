import { describe, expect, test } from "vitest";
import { type Box, besideOf } from "../../../sites/gmail/beside";

const VIEW = { width: 1280, height: 800 };
const CORNER: Box = { left: 756, top: 300, width: 500, height: 500 };

function covers(one: Box, other: Box): boolean {
  const isAside = one.left + one.width <= other.left || other.left + other.width <= one.left;
  return !isAside && one.top + one.height > other.top && other.top + other.height > one.top;
}

describe("a place beside a window", () => {
  test("at its left, as high as the window and never out of sight", () => {
    const box = besideOf(CORNER, VIEW, []) as Box;
    expect(box.left + box.width).toBeLessThan(CORNER.left);
    expect(box.top + box.height).toBeLessThanOrEqual(VIEW.height);
  });

  test("at its right where it is at the left edge, as in languages written from the right", () => {
    const window = { ...CORNER, left: 24 };
    expect((besideOf(window, VIEW, []) as Box).left).toBeGreaterThan(524);
  });

  test("rather where no other window is", () => {
    const window = { left: 440, top: 400, width: 400, height: 400 };
    const other = { left: 20, top: 400, width: 400, height: 400 };
    expect(covers(besideOf(window, VIEW, [other]) as Box, other)).toBe(false);
  });

  test("above it where both sides are narrow", () => {
    const window = { left: 20, top: 420, width: 460, height: 380 };
    const box = besideOf(window, { width: 500, height: 800 }, []) as Box;
    expect(box.top + box.height).toBeLessThanOrEqual(window.top);
  });

  test("nowhere where the window fills the page", () => {
    expect(besideOf({ left: 40, top: 20, width: 1200, height: 760 }, VIEW, [])).toBeNull();
  });

  test("never over the window", () => {
    for (let left = 0; left < 800; left += 40) {
      for (let top = 0; top < 800; top += 40) {
        const window = { left, top, width: 480, height: 360 };
        const box = besideOf(window, VIEW, []);
        if (box !== null) expect(covers(box, window)).toBe(false);
      }
    }
  });
});
