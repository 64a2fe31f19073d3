import { describe, expect, test } from "vitest";
import { LOCALES } from "../../../fixtures/page/locales.js";
import { compose, editor, select } from "./page";

const TYPED = "typed=tell%20tom%0Ait%20is%20paid";

describe("what was typed is the instruction", () => {
  const around = ["", "signature=1", "signature=below", "quote=1", "quote=1&signature=1", "quote=1&signature=below"];
  const kinds = ["new", "reply", "forward", "reply-dialog"];

  test.each(kinds.flatMap((kind) => around.map((what) => `compose=${kind}&${what}`)))(
    "above signature and quote: %s",
    (query) => {
      expect(compose(`${query}&${TYPED}`).taken()).toMatchObject({ text: "tell tom\nit is paid", isSelection: false });
    },
  );

  test.each(around)("in plain text too: %s", (what) => {
    expect(compose(`compose=reply&plain=1&${what}&${TYPED}`).taken()?.text).toBe("tell tom\nit is paid");
  });

  test.each(LOCALES)("whatever language the line above the quote is in: %s", (locale) => {
    for (const mode of ["plain=1", "signature=1&randomise=8"]) {
      expect(compose(`compose=reply&quote=1&locale=${locale}&${mode}&${TYPED}`).taken()?.text).toBe(
        "tell tom\nit is paid",
      );
    }
  });

  test.each(around)("an editor without words of the owner's holds none: %s", (what) => {
    for (const mode of ["plain=1", "randomise=1"]) {
      for (const kind of ["new", "reply", "forward"])
        expect(compose(`compose=${kind}&${what}&${mode}`).taken()).toBeNull();
    }
  });

  test("a mail passed on is no answer: without words there is nothing to draft", () => {
    expect(compose("compose=forward").isAnswer).toBe(false);
    expect(compose("compose=forward&plain=1").isAnswer).toBe(false);
    expect(compose("compose=forward&randomise=4").isAnswer).toBe(false);
    expect(compose("compose=reply&quote=1").isAnswer).toBe(true);
    expect(compose("compose=new").isAnswer).toBe(false);
  });

  test("an answer to a mail that was passed on is an answer", () => {
    for (const mode of ["", "&plain=1"]) {
      const window = compose(`compose=reply&quote=1${mode}`);
      const place = mode ? editor() : (editor().querySelector("blockquote") as HTMLElement);
      place.append(document.createElement("br"), `${mode && "> "}---------- Forwarded message ---------`);
      expect(window.isAnswer).toBe(true);
    }
  });

  test("a colon in the owner's last line makes it no part of the signature", () => {
    expect(compose("compose=new&signature=1&typed=it%20costs%20EUR%2012:").taken()?.text).toBe("it costs EUR 12:");
  });
});

describe("what is selected is the instruction", () => {
  test("alone, of all that was typed", () => {
    const window = compose(`compose=new&signature=1&${TYPED}`);
    select("it is paid");
    expect(window.taken()).toMatchObject({ text: "it is paid", isSelection: true });
  });

  test("words of the quote or of the signature are not the owner's", () => {
    const window = compose(`compose=reply&quote=1&signature=1&${TYPED}`);
    for (const words of ["12 metres", "Ivers Gardens"]) {
      select(words);
      expect(window.taken()).toMatchObject({ text: "tell tom\nit is paid", isSelection: false });
    }
  });

  test("everything selected is what was typed", () => {
    const window = compose(`compose=reply&quote=1&${TYPED}`);
    document.getSelection()?.selectAllChildren(editor());
    expect(window.taken()).toMatchObject({ text: "tell tom\nit is paid", isSelection: false });
  });

  test("everything selected holds neither signature nor quote as plain text either", () => {
    const window = compose(`compose=reply&plain=1&quote=1&signature=1&${TYPED}`);
    document.getSelection()?.selectAllChildren(editor());
    expect(window.taken()).toMatchObject({ text: "tell tom\nit is paid", isSelection: false });
  });

  test("a line selected whole, up to where the signature begins, is that line", () => {
    const window = compose(`compose=new&signature=1&${TYPED}`);
    const [first] = editor().childNodes;
    const range = document.createRange();
    range.setStart(first as Node, 0);
    range.setEnd(editor().querySelector(".gmail_signature_prefix") as Node, 0);
    document.getSelection()?.addRange(range);
    expect(window.taken()).toMatchObject({ text: "tell tom\nit is paid", isSelection: true });
    range.setEnd(editor().querySelector(".gmail_signature_prefix")?.firstChild as Node, 2);
    expect(window.taken()?.isSelection).toBe(false);
  });

  test("a selection in another place of the page is none", () => {
    const window = compose("compose=reply&typed=yes");
    document.getSelection()?.selectAllChildren(document.querySelector("h2") as Node);
    expect(window.taken()).toMatchObject({ text: "yes", isSelection: false });
  });
});
