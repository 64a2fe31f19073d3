import { describe, expect, test } from "vitest";
import { leftOut, pieces, withoutStrangers } from "../../panel/facts";
import type { Fact } from "../../wire";
import { english, factIn, wordsIn } from "./stand_ins";

const NONE: ReadonlySet<number> = new Set();

function without(text: string, part: string, kept = NONE): string {
  return withoutStrangers({ text, unsupported: [factIn(text, "link", part)] }, kept, english);
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
    const unsupported: Fact[] = [{ kind: "time", text: "14:30", start, end: start + 5, is_left_out: false }];
    expect(pieces({ text, unsupported })).toEqual([
      { text: "🎉 At 14:30, not 🎉 at " },
      { text: "14:30", fact: 0 },
      { text: "." },
    ]);
  });

  test("that stand elsewhere than told are found by their text, wherever it is", () => {
    const unsupported: Fact[] = [{ kind: "link", text: "evil.example", start: 0, end: 3, is_left_out: true }];
    const parts = pieces({ text: "See evil.example or evil.example", unsupported });
    expect(parts.filter((part) => part.fact === 0)).toHaveLength(2);
  });

  test("beyond the end of the text break nothing", () => {
    const unsupported: Fact[] = [{ kind: "name", text: "Zoe", start: 90, end: 93, is_left_out: false }];
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
  test("has a mark in the place of what is left out, in the words of its owner", () => {
    const text = "Please see https://e.example and write to eve@e.example, or pay to DE89 3704 0044 0532 0130 00.";
    const parts = [
      ["link", "https://e.example"],
      ["email", "eve@e.example"],
      ["account", "DE89 3704 0044 0532 0130 00"],
    ] as const;
    const unsupported = parts.map(([kind, part]) => factIn(text, kind, part));
    expect(withoutStrangers({ text, unsupported }, NONE, english)).toBe(
      "Please see [link left out] and write to [address left out], or pay to [account left out].",
    );
    expect(withoutStrangers({ text, unsupported }, new Set([1, 2]), wordsIn("de"))).toContain(
      "see [Link weggelassen] and",
    );
  });

  test("joins nothing to a link over what is left out", () => {
    const text = "Pay at evil.(x@y.zz)com/pay";
    const unsupported = [factIn(text, "email", "x@y.zz")];
    expect(withoutStrangers({ text, unsupported }, NONE, english)).toBe("Pay at evil.([address left out])com/pay");
  });

  test("keeps what the service does not want left out, though it looks like a link", () => {
    const text = "That is ok.it will do.";
    const unsupported = [{ ...factIn(text, "link", "ok.it"), is_left_out: false }];
    expect(withoutStrangers({ text, unsupported }, NONE, english)).toBe(text);
    expect(leftOut({ unsupported }, NONE)).toEqual([]);
  });

  test("keeps a link that its owner keeps", () => {
    expect(without("See https://a.example.", "https://a.example", new Set([0]))).toBe("See https://a.example.");
  });

  test("keeps every fact that leads nowhere: those are only marked", () => {
    const text = "At 14:30 for €250.";
    const unsupported = [factIn(text, "time", "14:30"), factIn(text, "amount", "€250")];
    expect(withoutStrangers({ text, unsupported }, NONE, english)).toBe(text);
    expect(leftOut({ unsupported }, NONE)).toEqual([]);
  });

  test("leaves a link out at every place, even where the places told are wrong", () => {
    const unsupported: Fact[] = [{ kind: "email", text: "x@evil.example", start: 1, end: 2, is_left_out: true }];
    const text = withoutStrangers({ text: "Write x@evil.example, yes x@evil.example", unsupported }, NONE, english);
    expect(text).toBe("Write [address left out], yes [address left out]");
  });

  test("is untouched where nothing is unsupported, blank lines and all", () => {
    expect(withoutStrangers({ text: "a \n\n\n b", unsupported: [] }, NONE, english)).toBe("a \n\n\n b");
  });
});
