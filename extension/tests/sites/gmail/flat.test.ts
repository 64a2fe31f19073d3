import { describe, expect, test } from "vitest";
import { Flat, type Place } from "../../../sites/gmail/flat";
import { build, editor } from "./page";

const QUERIES = [
  "compose=new&signature=1&typed=a%0Ab",
  "compose=reply&quote=1&typed=a",
  "compose=reply&plain=1&quote=1&signature=below",
];

describe("an editor as one string", () => {
  test("has the lines a person sees", () => {
    build("compose=new&typed=one%0A%0Atwo%0Athree");
    expect(new Flat(editor()).text).toBe("one\n\ntwo\nthree\n");
  });

  test.each(QUERIES)("each letter knows its place, and each place its letter: %s", (query) => {
    build(query);
    const flat = new Flat(editor());
    for (const [at, letter] of [...flat.text].entries()) {
      if (letter === "\n") continue;
      const place = flat.before(at) as Place;
      expect((place.node as Text).data[place.offset]).toBe(letter);
      expect(flat.offsetOf(place)).toBe(at);
    }
  });

  test("an edge between nodes is where the next one begins", () => {
    build("compose=new&typed=one%0Atwo");
    const flat = new Flat(editor());
    expect(flat.offsetOf({ node: editor(), offset: 0 })).toBe(0);
    expect(flat.offsetOf({ node: editor(), offset: 1 })).toBe(4);
    expect(flat.offsetOf({ node: editor(), offset: 2 })).toBe(flat.text.length);
  });
});
