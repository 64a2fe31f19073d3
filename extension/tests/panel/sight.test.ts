import { beforeEach, describe, expect, test } from "vitest";
import { makePlace } from "../../panel/shadow";
import { isInSight } from "../../panel/sight";

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
