import { beforeEach, describe, expect, test } from "vitest";
import { seenLetters, visibleText } from "../../../sites/gmail/visible";

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
  ])("is left out: %s", (_name, style) => {
    expect(read("seen", ["div", style, "unseen"])).toBe("seen");
  });

  test("nor what is faint within the faint", () => {
    expect(read(["div", "opacity:0.3", "dim", ["div", "opacity:0.2", "unseen"]])).toBe("dim");
  });

  test("but what is drawn a little smaller, or on a gradient of another colour, is seen", () => {
    const style =
      "transform:scale(0.9);color:rgb(255, 255, 255);background-image:linear-gradient(rgb(0, 0, 90), rgb(0, 90, 0))";
    expect(read(["div", style, "seen"])).toBe("seen");
  });
});

describe("letters that nobody sees", () => {
  test.each([
    ["zero width", "pay\u200bpal"],
    ["joiners", "pay\u200cp\u200dal"],
    ["soft hyphen", "pay\u00adpal"],
    ["bidi", "\u202epaypal\u202c"],
    ["isolates", "\u2066paypal\u2069"],
    ["tags", "paypal\u{e0061}\u{e0062}"],
    ["byte order mark", "\ufeffpaypal"],
    ["word joiner", "pay\u2060pal"],
    ["hangul filler", "paypal\u3164"],
    ["variation selectors", "paypal\u{e0100}"],
  ])("are taken out: %s", (_name, text) => {
    expect(seenLetters(text)).toBe("paypal");
  });

  test("joiners that scripts and emoji need stay", () => {
    for (const text of ["می‌خواهم", "👩‍🌾", "क्‍ष"]) expect(seenLetters(text)).toBe(text);
  });
});
