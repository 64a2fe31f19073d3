import { describe, expect, test } from "vitest";
import { Flat } from "../../../sites/gmail/flat";
import { bareLetters, seenLetters } from "../../../sites/gmail/letters";
import { tailOf } from "../../../sites/gmail/tail";

const UNSEEN = [
  ["zero width", "pay\u200bpal"],
  ["joiners", "pay\u200cp\u200dal"],
  ["soft hyphen", "pay\u00adpal"],
  ["bidi", "\u202epaypal\u202c"],
  ["isolates", "\u2066paypal\u2069"],
  ["tags", "paypal\u{e0061}\u{e0062}"],
  ["byte order mark", "\ufeffpaypal"],
  ["word joiner", "pay\u2060pal"],
  ["hangul filler", "paypal\u3164"],
  ["grapheme joiner", "pay\u034fpal"],
  ["mongolian separator", "pay\u180epal"],
  ["variation selectors", "paypal\u{e0100}"],
] as const;

describe("letters that nobody sees", () => {
  test.each(UNSEEN)("are taken out: %s", (_name, text) => {
    expect([seenLetters(text), bareLetters(text)]).toEqual(["paypal", "paypal"]);
  });

  test("joiners that scripts and emoji need stay", () => {
    for (const text of ["می‌خواهم", "👩‍🌾", "क्‍ष"]) expect(seenLetters(text)).toBe(text);
  });

  test.each(["\u034f", "\u180e", "\u3164", "\u200b", "\u2060"])("hide no signature and no quote: %j", (letter) => {
    for (const [own, mark] of [
      ["Hi", `--${letter} `],
      ["Hi", `${letter}> said`],
    ] as const) {
      const editor = document.createElement("div");
      editor.append(own, document.createElement("br"), mark);
      expect(tailOf(editor, new Flat(editor))).toBe(own.length + 1);
    }
  });
});
