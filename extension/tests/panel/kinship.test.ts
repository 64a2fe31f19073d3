import { describe, expect, test } from "vitest";
import { isEdited, isGrownFrom, isNews, isSame, withoutOurs } from "../../panel/kinship";

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

describe("words in the mail", () => {
  const typed = (text: string, isSelection = false) => ({ text, isSelection });
  const known = { inserted: DRAFT, texts: ["say yes", undefined, "Dear Bob."], held: null };

  test.each([
    ["never seen before", typed("ask Carla for the keys"), true],
    ["asked for before", typed("say  yes"), false],
    ["of a draft that did not go in", typed("Dear Bob."), false],
    ["of the draft that went in, edited", typed(DRAFT.replace("noon", "one")), false],
    ["selected in the draft that went in", typed("Hi Bob, Friday at noon is good.", true), true],
  ])("%s are news, or not", (_, taken, isNew) => {
    expect(isNews(taken, known)).toBe(isNew);
  });

  test("around a selection that was asked for are none", () => {
    expect(isNews(typed("Hi, say no. Ana"), { inserted: "", texts: [], held: typed("say no", true) })).toBe(false);
  });

  test("are an edited draft only where they differ from it", () => {
    expect(isEdited(typed(DRAFT.replace("noon", "one")), DRAFT, DRAFT)).toBe(true);
    expect(isEdited(typed(DRAFT), DRAFT, DRAFT)).toBe(false);
    expect(isEdited(null, DRAFT, DRAFT)).toBe(false);
  });

  test("that are a draft of ours are no instruction, unless they are selected", () => {
    expect(withoutOurs(typed(DRAFT), DRAFT)).toBeNull();
    expect(withoutOurs(typed(DRAFT, true), DRAFT)).not.toBeNull();
    expect(withoutOurs(typed("say yes"), DRAFT)).not.toBeNull();
  });
});
