import { describe, expect, test } from "vitest";
import { leftOut, pieces, withoutStrangers } from "../../panel/facts";
import type { Fact } from "../../wire";
import { factIn } from "./stand_ins";

const NONE: ReadonlySet<number> = new Set();

function without(text: string, part: string, kept = NONE): string {
  return withoutStrangers({ text, unsupported: [factIn(text, "link", part)] }, kept);
}

describe("unsupported facts", () => {
  test("are found behind characters that take two units", () => {
    const text = "🎉🎉 Meet at 14:30 👍🏽.";
    const parts = pieces({ text, unsupported: [factIn(text, "time", "14:30")] });
    expect(parts).toEqual([{ text: "🎉🎉 Meet at " }, { text: "14:30", fact: 0 }, { text: " 👍🏽." }]);
  });

  test("are told from the same words elsewhere, which are supported", () => {
    const text = "🎉 At 14:30, not 🎉 at 14:30.";
    const start = Array.from(text).length - "14:30.".length;
    const unsupported: Fact[] = [{ kind: "time", text: "14:30", start, end: start + 5 }];
    expect(pieces({ text, unsupported })).toEqual([
      { text: "🎉 At 14:30, not 🎉 at " },
      { text: "14:30", fact: 0 },
      { text: "." },
    ]);
  });

  test("that stand elsewhere than told are found by their text, wherever it is", () => {
    const unsupported: Fact[] = [{ kind: "link", text: "evil.example", start: 0, end: 3 }];
    const parts = pieces({ text: "See evil.example or evil.example", unsupported });
    expect(parts.filter((part) => part.fact === 0)).toHaveLength(2);
  });

  test("beyond the end of the text break nothing", () => {
    const unsupported: Fact[] = [{ kind: "name", text: "Zoe", start: 90, end: 93 }];
    expect(pieces({ text: "Hi", unsupported })).toEqual([{ text: "Hi" }]);
  });

  test("that overlap mark each character once", () => {
    const text = "On 14 May 2026";
    const unsupported = [factIn(text, "date", "14 May 2026"), factIn(text, "number", "2026")];
    expect(
      pieces({ text, unsupported })
        .map((part) => part.text)
        .join(""),
    ).toBe(text);
  });
});

describe("a draft on its way into the mail", () => {
  test("leaves an unsupported link out", () => {
    expect(without("See https://evil.example/x for it.", "https://evil.example/x")).toBe("See for it.");
  });

  test("keeps a link that its owner keeps", () => {
    expect(without("See https://a.example.", "https://a.example", new Set([0]))).toBe("See https://a.example.");
  });

  test.each([
    ["The form is at https://e.example.", "The form is at."],
    ["The form (https://e.example) is easy.", "The form is easy."],
    ["Hi,\n\nhttps://e.example\n\nAna", "Hi,\n\nAna"],
    ["Look:\nhttps://e.example\nBye", "Look:\nBye"],
    ["https://e.example is new.", "is new."],
    ["Is it https://e.example, or not?", "Is it, or not?"],
  ])("closes the gap in %j", (text, whole) => {
    expect(without(text, "https://e.example")).toBe(whole);
  });

  test("keeps every fact that leads nowhere: those are only marked", () => {
    const text = "At 14:30 for €250.";
    const unsupported = [factIn(text, "time", "14:30"), factIn(text, "amount", "€250")];
    expect(withoutStrangers({ text, unsupported }, NONE)).toBe(text);
    expect(leftOut({ unsupported }, NONE)).toEqual([]);
  });

  test("leaves a link out at every place, even where the places told are wrong", () => {
    const unsupported: Fact[] = [{ kind: "email", text: "x@evil.example", start: 1, end: 2 }];
    const text = withoutStrangers({ text: "Write x@evil.example, yes x@evil.example", unsupported }, NONE);
    expect(text).toBe("Write, yes");
  });

  test("is untouched where nothing is unsupported, blank lines and all", () => {
    expect(withoutStrangers({ text: "a \n\n\n b", unsupported: [] }, NONE)).toBe("a \n\n\n b");
  });
});
