import { describe, expect, test } from "vitest";
import { paints, reach } from "../../panel/paint";

function node(tag: string, style = "", text = ""): HTMLElement {
  const made = document.createElement(tag);
  made.style.cssText = style;
  made.textContent = text;
  document.body.append(made);
  return made;
}

describe("what paints", () => {
  test.each([
    "background-color: white",
    "background-color: rgba(0, 0, 0, 0.1)",
    "background-image: linear-gradient(red, red)",
    "border: 1px solid red",
  ])("has a colour: %s", (style) => {
    expect(paints(node("div", style))).toBe(true);
  });

  test("has words of its own, or is a picture", () => {
    expect(paints(node("div", "", "Win a prize"))).toBe(true);
    expect(paints(node("img"))).toBe(true);
    expect(paints(node("canvas"))).toBe(true);
  });

  test.each([
    "",
    "background-color: transparent",
    "background-color: rgba(255, 255, 255, 0)",
    "border: 1px solid transparent",
  ])("is nothing that only lays other things out: %j", (style) => {
    const around = node("div", style);
    around.append(node("p", "", "inside"));
    expect(paints(around)).toBe(false);
  });
});

describe("a shadow", () => {
  const of = (style: string) => reach(getComputedStyle(node("div", style)));

  test("reaches as far as it is thrown and spread, and its faint rest farther", () => {
    expect(of("box-shadow: rgb(0, 0, 0) 0px 8px 10px 1px")).toEqual({ dense: 9, faint: 29 });
    expect(of("box-shadow: rgb(255, 255, 255) 0px 0px 0px 4000px")).toEqual({ dense: 4000, faint: 4000 });
  });

  test("counts where it is the farthest of several; one within its box does not", () => {
    const two = "box-shadow: rgba(0, 0, 0, 0.2) 0px 1px 2px 0px, rgb(0, 0, 0) -900px 0px 0px 0px";
    expect(of(two).dense).toBe(900);
    expect(of("box-shadow: red 0px 0px 0px 99px inset").dense).toBe(0);
  });

  test("is none where there is neither shadow nor outline", () => {
    expect(of("")).toEqual({ dense: 0, faint: 0 });
    expect(of("outline-style: solid; outline-width: 500px").dense).toBe(500);
  });
});
