import { beforeEach, describe, expect, test } from "vitest";
import { Purse } from "../../../sites/gmail/purse";
import { visibleText } from "../../../sites/gmail/visible";

type Spec = string | readonly [tag: string, style: string, ...children: readonly unknown[]];

function make(spec: Spec): Node {
  if (typeof spec === "string") return document.createTextNode(spec);
  const [tag, style, ...children] = spec;
  const node = document.createElement(tag);
  node.style.cssText = style;
  node.append(...(children as Spec[]).map(make));
  return node;
}

function read(...children: Spec[]): string {
  const root = make(["div", "", ...children]) as HTMLElement;
  document.body.replaceChildren(root);
  return visibleText(root);
}

beforeEach(() => document.head.replaceChildren());

describe("what a person sees of a message", () => {
  test("lines are kept as they stand", () => {
    expect(read("Hello", ["div", "", ["br", ""]], ["div", "", "all ", ["b", "", "good"], "."], ["p", "", "Tom"])).toBe(
      "Hello\n\nall good.\nTom",
    );
  });

  test("cells and items stand apart", () => {
    const table: Spec = ["table", "", ["tbody", "", ["tr", "", ["td", "", "oak"], ["td", "", "12 m"]]]];
    expect(read(table, ["ul", "", ["li", "", "one"], ["li", "", "two"]]).split(/\s+/)).toEqual([
      "oak",
      "12",
      "m",
      "one",
      "two",
    ]);
  });

  test("newsletters set no size around what has one", () => {
    expect(read(["div", "font-size:0", ["span", "font-size:14px", "offer"], ["span", "font-size:0", "hidden"]])).toBe(
      "offer",
    );
  });

  test("white letters on a dark ground are seen, dark ones are not", () => {
    const dark = "background-color:rgb(20, 20, 20);";
    expect(
      read(["div", dark, ["span", "color:rgb(255, 255, 255)", "seen"], ["span", "color:rgb(22, 22, 22)", "unseen"]]),
    ).toBe("seen");
  });

  test("over a picture no colour is judged", () => {
    expect(read(["div", "background-image:url(x.png)", ["span", "color:rgb(255, 255, 255)", "seen"]])).toBe("seen");
  });

  test("code and forms are no words", () => {
    expect(
      read(
        ["style", "", "p { color: red }"],
        ["script", "", "1"],
        ["textarea", "", "typed"],
        ["button", "", "Pay"],
        "seen",
      ),
    ).toBe("seen");
  });
});

describe("what a person does not see of a message", () => {
  test.each([
    [
      "on a gradient of its own colour",
      "color:rgb(255, 255, 255);background-image:linear-gradient(rgb(255, 255, 255), rgb(254, 254, 254))",
    ],
    ["scaled to nearly nothing", "transform:scale(0.01)"],
    ["scaled by a matrix", "transform:matrix(0.01, 0, 0, 0.01, 0, 0)"],
    ["scaled in one direction", "transform:scale(1, 0.01)"],
    ["clipped to a circle", "clip-path:circle(0)"],
    ["clipped to a polygon", "clip-path:polygon(0px 0px, 0px 0px)"],
    ["in a box of three pixels", "height:3px;overflow:hidden"],
    ["faint by two means", "opacity:0.3;filter:opacity(0.2)"],
    ["masked", "mask-image:linear-gradient(transparent, transparent)"],
    ["blurred", "filter:blur(9px)"],
    ["kept from being drawn", "content-visibility:hidden"],
    ["mixed with what is behind", "mix-blend-mode:screen"],
    ["drawn anew by a filter of the mail's own", "filter:url(#none)"],
    ["white by a filter", "filter:brightness(100);color:rgb(34, 34, 34);background-color:rgb(255, 255, 255)"],
    ["grey by a filter", "filter:contrast(0);background-color:rgb(255, 255, 255)"],
    ["grey by half a reversal", "filter:invert(50%);background-color:rgb(255, 255, 255)"],
    ["in a rectangle without area", "position:absolute;clip:rect(5px, 5px, 5px, 5px)"],
    ["in a rectangle of three pixels", "position:absolute;clip:rect(0px, 900px, 3px, 0px)"],
    ["of thin ink", "color:rgba(0, 0, 0, 0.1)"],
    ["faint", "opacity:0.11"],
    ["of thin ink in the faint", "color:rgba(0, 0, 0, 0.3);opacity:0.3"],
    ["grey on a ground that is half clear", "color:rgb(138, 138, 138);background-color:rgba(0, 0, 0, 0.49)"],
    [
      "on a gradient that is dark at its very end",
      "color:rgb(255, 255, 255);background-image:linear-gradient(rgb(255, 255, 255), rgb(255, 255, 255) 99.9%, rgb(0, 0, 0))",
    ],
    [
      "on a gradient that is dark beyond its box",
      "color:rgb(255, 255, 255);background-image:linear-gradient(rgb(255, 255, 255) 5000px, rgb(0, 0, 0) 5001px)",
    ],
    ["white over a picture of nothing", "color:rgb(255, 255, 255);background-image:url(data:,)"],
    [
      "white over a picture of a dot",
      "color:rgb(255, 255, 255);background-image:url(https://x.example/x.png);background-size:1px 1px",
    ],
    ["drawn on top of each other", "letter-spacing:-16px"],
  ])("is left out: %s", (_name, style) => {
    expect(read("seen", ["div", style, "unseen"])).toBe("seen");
  });

  test("nor what is faint within the faint", () => {
    expect(read(["div", "opacity:0.3", "dim", ["div", "opacity:0.2", "unseen"]])).toBe("dim");
  });

  test.each([
    ["on a gradient from light to dark", "background-image:linear-gradient(rgb(90, 140, 255), rgb(0, 0, 90) 60%)"],
    ["on a dark ground that is half clear", "background-color:rgba(0, 0, 0, 0.6)"],
    ["on a dark ground by a filter", "background-color:rgb(0, 0, 90);filter:brightness(1.1)"],
    ["turned dark by a filter", "background-color:rgb(0, 0, 0);filter:invert(1)"],
    ["over a picture", "background-image:url(https://x.example/x.png);background-size:cover"],
  ])("but white letters are seen %s", (_name, style) => {
    expect(read(["div", `color:rgb(255, 255, 255);${style}`, "seen"])).toBe("seen");
  });

  test("but what is drawn a little smaller, or on a gradient of another colour, is seen", () => {
    const style =
      "transform:scale(0.9);color:rgb(255, 255, 255);background-image:linear-gradient(rgb(0, 0, 90), rgb(0, 90, 0))";
    expect(read(["div", style, "seen"])).toBe("seen");
  });
});

describe("a message without end", () => {
  test("is read as far as a prompt could hold", () => {
    expect(read("begin ", "word".repeat(100_000), ["p", "", "end"])).toHaveLength(100_000);
  });

  test("is read as far as the page may stand still for it", () => {
    const root = make(["div", "", ["b", "", "one "], ["b", "", "two "], ["b", "", "three"]]) as HTMLElement;
    document.body.replaceChildren(root);
    expect(visibleText(root, new Purse({ nodes: 5 }))).toBe("one two");
  });

  test("shares what may be read with the others of its conversation", () => {
    const purse = new Purse({ letters: 10 });
    const root = make(["div", "", "12345678"]) as HTMLElement;
    expect([visibleText(root, purse), visibleText(root, purse), purse.isEmpty]).toEqual(["12345678", "12", true]);
  });
});
