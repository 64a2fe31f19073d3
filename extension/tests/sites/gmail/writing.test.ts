import { beforeEach, describe, expect, test } from "vitest";
import { LOCALES } from "../../../fixtures/page/locales.js";
import type { Compose } from "../../../sites/site";
import { giveEditing } from "./browser";
import { compose, editor, lines, select } from "./page";

const DRAFT = "Hi Tom,\n\nall good.\nAna";
const BODY = ["Hi Tom,", "all good.", "Ana"];
const AROUND = ["", "signature=1", "signature=below", "quote=1", "quote=1&signature=1", "quote=1&signature=below"];

describe("a draft is inserted above signature and quote", () => {
  const kinds = ["new", "reply", "forward"];
  const queries = kinds.flatMap((kind) => AROUND.map((what) => `compose=${kind}&${what}`));

  test.each(queries)("into an empty mail: %s", (query) => {
    const window = compose(query);
    const tail = lines();
    window.insert(DRAFT, window.taken());
    expect(lines()).toEqual([...BODY, ...tail]);
  });

  test.each(queries)("in the place of the instruction: %s", (query) => {
    const window = compose(`${query}&typed=tell%20tom%0Ait%20is%20paid`);
    const tail = lines().slice(2);
    window.insert(DRAFT, window.taken());
    expect(lines()).toEqual([...BODY, ...tail]);
  });

  test.each(LOCALES)("in every language, with other class names, as plain text: %s", (locale) => {
    for (const mode of ["randomise=3", "plain=1"]) {
      const window = compose(`compose=reply&quote=1&signature=1&locale=${locale}&${mode}&typed=yes`);
      const tail = lines().slice(1);
      window.insert(DRAFT, window.taken());
      expect(lines()).toEqual([...BODY, ...tail]);
    }
  });

  test("twice, the second in the place of the first", () => {
    const window = compose("compose=reply&quote=1&signature=1");
    window.insert("First draft.", null);
    window.insert(DRAFT, window.taken());
    expect(lines().slice(0, 4)).toEqual([...BODY, "--"]);
  });
});

describe("what was typed stays", () => {
  let window: Compose;

  beforeEach(() => {
    window = compose("compose=new&signature=1&typed=tell%20tom");
  });

  test("words typed after the instruction stay, below the draft", () => {
    const taken = window.taken();
    (editor().firstChild as Text).appendData(" and greet Eva");
    window.insert(DRAFT, taken);
    expect(lines().slice(0, 4)).toEqual([...BODY, "and greet Eva"]);
  });

  test("an instruction that was changed meanwhile stays whole", () => {
    const taken = window.taken();
    (editor().firstChild as Text).data = "tell him nothing";
    window.insert(DRAFT, taken);
    expect(lines().slice(0, 4)).toEqual(["tell him nothing", ...BODY]);
  });

  test("an instruction that Gmail drew anew is found again", () => {
    const taken = window.taken();
    editor().replaceChildren(...editor().cloneNode(true).childNodes);
    window.insert(DRAFT, taken);
    expect(lines().slice(0, 3)).toEqual(BODY);
  });

  test("words that were not taken stay above", () => {
    window.insert(DRAFT, null);
    expect(lines().slice(0, 4)).toEqual(["tell tom", ...BODY]);
  });
});

describe("a selection is replaced", () => {
  test("where it stands, and nothing else", () => {
    const window = compose("compose=new&signature=1&typed=Dear%20Tom%0Asay%20it%20is%20paid%0AAna");
    select("say it is paid");
    window.replace("The invoice is paid.", window.taken() as never);
    expect(lines().slice(0, 3)).toEqual(["Dear Tom", "The invoice is paid.", "Ana"]);
  });

  test("within a line the line stays one", () => {
    const window = compose("compose=new&typed=Tom,%20(paid)%20bye");
    select("(paid)");
    window.replace("all is paid,", window.taken() as never);
    expect(lines()).toEqual(["Tom, all is paid, bye"]);
  });

  test("one that was changed meanwhile is left alone", () => {
    const window = compose("compose=new&typed=say%20it%20is%20paid");
    select("it is paid");
    const taken = window.taken();
    (editor().firstChild as Text).data = "say something else";
    expect(() => window.replace("The invoice is paid.", taken as never)).toThrow("selection");
    expect(lines()).toEqual(["say something else"]);
  });

  test("a draft asked from selected words gets lines of its own", () => {
    const window = compose("compose=new&typed=Dear%20Tom,%20say%20it%20is%20paid%20please");
    select("say it is paid");
    window.insert(DRAFT, window.taken());
    expect(lines()).toEqual(["Dear Tom,", ...BODY, "please"]);
  });
});

describe("a page that does not let us write", () => {
  test("one that refuses is left as it was", () => {
    const window = compose("compose=new&typed=yes");
    giveEditing(document, { refuses: true });
    const before = editor().innerHTML;
    expect(() => window.insert(DRAFT, window.taken())).toThrow("editor");
    expect(editor().innerHTML).toBe(before);
  });

  test("what came out otherwise is taken back", () => {
    const window = compose("compose=new&typed=yes&signature=1");
    giveEditing(document, { mangles: true });
    const before = editor().innerHTML;
    expect(() => window.insert(DRAFT, window.taken())).toThrow("editor");
    expect(editor().innerHTML).toBe(before);
  });

  test("one that takes the focus elsewhere gets no words there", () => {
    const window = compose("compose=new&typed=yes");
    const other = document.querySelector("input[name=subjectbox]") as HTMLInputElement;
    editor().addEventListener("focus", () => other.focus());
    expect(() => window.insert(DRAFT, window.taken())).toThrow("focus");
    expect([lines(), other.value]).toEqual([["yes"], ""]);
  });

  test("without the browser's editing nothing is written", () => {
    const window = compose("compose=new&typed=yes");
    Object.defineProperty(document, "execCommand", { value: undefined, configurable: true });
    expect(() => window.insert(DRAFT, null)).toThrow("editor");
    expect(lines()).toEqual(["yes"]);
  });
});

describe("a draft is text", () => {
  test("what looks like HTML stays letters", () => {
    compose("compose=new").insert('<img src=x onerror="alert(1)"> & <b>bold</b>', null);
    expect(editor().querySelector("img, b")).toBeNull();
    expect(lines()).toEqual(['<img src=x onerror="alert(1)"> & <b>bold</b>']);
  });

  test("the editor has the focus afterwards", () => {
    compose("compose=new,new").insert(DRAFT, null);
    expect(document.activeElement).toBe(editor());
  });
});
