import { beforeEach, describe, expect, test } from "vitest";
import type { View } from "../../panel/cover";
import type { Word } from "../../panel/lookout";
import { makePlace } from "../../panel/shadow";
import { isInSight, PageSight } from "../../panel/sight";

const page = document.createElement("div");
let [host, button] = [page, document.createElement("button")];
let top: Element | null = null;

/** A box as a browser lays it out: made so wide, seen so wide. */
function lay(made: number, seen = made): void {
  Object.defineProperty(button, "offsetWidth", { value: made, configurable: true });
  Object.defineProperty(button, "offsetHeight", { value: 32, configurable: true });
  button.getBoundingClientRect = () => new DOMRect(0, 0, seen, 32);
}

function counts(how: MouseEventInit = { detail: 1 }): boolean {
  let [isHeard, isCounted] = [false, false];
  const listen = (event: Event) => {
    isHeard = true;
    isCounted = isInSight(event);
  };
  button.addEventListener("click", listen, { once: true });
  button.dispatchEvent(new MouseEvent("click", { bubbles: true, composed: true, ...how }));
  expect(isHeard).toBe(true);
  return isCounted;
}

beforeEach(() => {
  page.removeAttribute("style");
  document.body.replaceChildren(page);
  const place = makePlace("button", "closed", "");
  host = place.host as HTMLDivElement;
  button = document.createElement("button");
  place.root.append(button);
  page.replaceChildren(host);
  lay(32);
  top = host;
  document.elementFromPoint = () => top;
});

describe("a click", () => {
  test("counts on what is seen as it was made", () => {
    expect(counts()).toBe(true);
  });

  test.each([
    "opacity: 0.01",
    "opacity: 0.4",
    "visibility: hidden",
    "filter: opacity(0.1)",
    "clip-path: circle(1px)",
    "mix-blend-mode: multiply",
  ])("counts for nothing where the page makes the place or what is around it %j", (style) => {
    for (const node of [host, page]) {
      node.setAttribute("style", style);
      expect(counts()).toBe(false);
      node.removeAttribute("style");
    }
  });

  test("counts for nothing where many things around it are each a little faint", () => {
    for (const node of [host, page]) node.style.opacity = "0.7";
    expect(counts()).toBe(false);
  });

  test.each([1280, 3])("counts for nothing where the page makes 32 pixels %i", (seen) => {
    lay(32, seen);
    expect(counts()).toBe(false);
  });

  test("counts for nothing where something lies over it", () => {
    top = page;
    expect(counts()).toBe(false);
  });

  test("that a key made needs no place, but sight", () => {
    top = null;
    expect(counts({ detail: 0 })).toBe(true);
    host.style.opacity = "0";
    expect(counts({ detail: 0 })).toBe(false);
  });
});

describe("what is seen", () => {
  let [told, view]: [Word, View] = ["unsure", { share: 1, hasGlass: false }];
  const sight = new PageSight({ watch: () => {}, told: () => told }, () => view);

  beforeEach(() => {
    [told, view] = ["unsure", { share: 1, hasGlass: false }];
    button.getBoundingClientRect = () => new DOMRect(0, 0, 32, 32);
  });

  test("is what the browser says is seen, and nobody looks again", () => {
    [told, view] = ["seen", { share: 0, hasGlass: false }];
    expect(sight.sees(button)).toBe(true);
  });

  test("is what looks clear where the browser says nothing", () => {
    expect(sight.sees(button)).toBe(true);
    view = { share: 0.9, hasGlass: false };
    expect(sight.sees(button)).toBe(false);
    expect(sight.sees(button, 0.5)).toBe(true);
  });

  test("is not what the browser calls hidden, though nothing is found over it", () => {
    told = "hidden";
    expect(sight.sees(button)).toBe(false);
  });

  test.each(["filter: invert(1)", "opacity: 0.8", "transform: scale(1.2)", "rotate: 1deg"])(
    "is what looks clear where the page's own looks blind the browser: %s",
    (style) => {
      told = "hidden";
      page.setAttribute("style", style);
      expect(sight.sees(button)).toBe(true);
      view = { share: 0, hasGlass: false };
      expect(sight.sees(button)).toBe(false);
    },
  );

  test("is what is seen through something clear", () => {
    [told, view] = ["hidden", { share: 1, hasGlass: true }];
    expect(sight.sees(button)).toBe(true);
  });

  test.each(["opacity: 0.01", "filter: blur(9px)", "visibility: hidden"])("is nothing that is faint: %s", (style) => {
    told = "seen";
    page.setAttribute("style", style);
    expect(sight.sees(button)).toBe(false);
  });

  test("is brought into the window where it lies outside", () => {
    let isBrought = false;
    button.getBoundingClientRect = () => new DOMRect(0, 5000, 32, 32);
    button.scrollIntoView = () => {
      isBrought = true;
    };
    sight.sees(button);
    expect(isBrought).toBe(true);
  });
});
