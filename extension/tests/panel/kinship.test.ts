import { describe, expect, test } from "vitest";
import { isGrownFrom, isSame } from "../../panel/kinship";

const DRAFT = "Hi Bob, Friday at noon is good. See you there. Ana";

describe("what stands in the mail", () => {
  test.each([
    ["a changed word", DRAFT.replace("noon", "one"), true],
    ["a sentence more", `${DRAFT} PS: bring the keys, please.`, true],
    ["half of it taken away", "Hi Bob, Friday at noon is good.", true],
    ["other words", "ask Carla whether she has the keys", false],
    ["nothing", "", false],
  ])("with %s is an edited draft, or a new instruction", (_, typed, isEdited) => {
    expect(isGrownFrom(DRAFT, typed)).toBe(isEdited);
  });

  test("in a language without spaces is compared as well", () => {
    expect(isGrownFrom("金曜日の昼で大丈夫です。", "金曜日の昼で大丈夫です。鍵もお願いします。")).toBe(true);
  });

  test("is the same however it is broken into lines", () => {
    expect(isSame("Hi Bob,\n\nyes.\u00a0Ana ", "Hi Bob, yes. Ana")).toBe(true);
  });

  test("is nothing of an empty draft's", () => {
    expect(isGrownFrom("", "anything")).toBe(false);
  });
});
