// @vitest-environment node
import { describe, expect, test } from "vitest";
import { faultsOf, readWords, unmatched } from "../../packing/words.mjs";
import { files, text } from "../files.mjs";

const SOURCES = [
  "manifest.mjs",
  "said.ts",
  "trouble.ts",
  ...["entrypoints", "panel", "sites", "worker"].flatMap(files),
];

describe("the words of the extension", () => {
  test("fit together in every language", () => {
    const { words, faults } = readWords();
    expect(Object.keys(words)).toEqual(["de", "en"]);
    expect(faults).toEqual([]);
  });

  test("are all used, and all that is used has words", () => {
    expect(unmatched(readWords().words.en ?? {}, SOURCES.map(text))).toEqual([]);
  });

  test("are not left in English by mistake", () => {
    const { en = {}, de = {} } = readWords().words;
    const same = Object.keys(en).filter(
      (key) => en[key]?.message === de[key]?.message && / \w+ /.test(de[key]?.message ?? ""),
    );
    expect(same).toEqual([]);
  });

  test("fit where the stores and browsers cut them", () => {
    for (const messages of Object.values(readWords().words)) {
      expect(messages.store_name?.message.length).toBeLessThanOrEqual(45);
      expect(messages.store_summary?.message.length).toBeLessThanOrEqual(132);
    }
  });
});

describe("what is wrong is found:", () => {
  const said = (message: string) => ({ message });

  test.each([
    [
      "a language that lacks a key",
      { en: { a_x: said("x"), a_y: said("y") }, de: { a_x: said("x") } },
      "de: a_y is missing",
    ],
    ["a key English lacks", { en: {}, de: { a_x: said("x") } }, "en: a_x is missing, and de has it"],
    [
      "a gap that got lost",
      { en: { a_x: said("$1 of $2") }, de: { a_x: said("$1") } },
      "de: a_x has other gaps than in en",
    ],
    ["a name that cannot be one", { en: { "a-x": said("x") } }, "en: a-x is no name for a message"],
    ["a message that says nothing", { en: { a_x: said("") } }, "en: a_x says nothing"],
  ])("%s", (_, words, fault) => {
    expect(faultsOf(words)).toContain(fault);
  });

  test("gaps may stand in another order", () => {
    expect(faultsOf({ en: { a_x: said("$1 of $2") }, de: { a_x: said("$2: $1") } })).toEqual([]);
  });

  test("a key that nobody uses, and one that has no words", () => {
    const messages = { a_x: said("x"), a_y: said("y") };
    expect(unmatched(messages, ['words("a_x"); words("a_z")'])).toEqual(["a_y is said nowhere", "a_z has no words"]);
  });

  test("a key that is put together uses all that begin like it", () => {
    const messages = { a_tone_warm: said("x"), a_tone_cold: said("y") };
    expect(unmatched(messages, [`words(\`a_tone_\${tone}\`)`])).toEqual([]);
  });

  test("the manifest uses words in its own way", () => {
    expect(unmatched({ store_name: said("x") }, ['name: "__MSG_store_name__"'])).toEqual([]);
  });
});
