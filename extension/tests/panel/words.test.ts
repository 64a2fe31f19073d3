import { describe, expect, test } from "vitest";
import { PANEL } from "../../panel/words";
import { type PanelTroubleKind, say, troubleOf } from "../../trouble";
import { readWords } from "../../words";
import { english, wordsIn } from "./stand_ins";

const KINDS: PanelTroubleKind[] = [
  ...(["not-paired", "no-account", "no-permission", "down", "not-cyrano", "version", "refused", "forbidden"] as const),
  ...(["busy", "resting", "invalid", "broken", "silent", "stopped", "failed"] as const),
  ...(["orphaned", "page-changed", "unreadable", "no-words", "selection", "folded"] as const),
];

describe("words", () => {
  test("are asked for once, at the start, and fill their slots later", () => {
    let isThere = true;
    const words = readWords(PANEL, {
      getUILanguage: () => "en",
      getMessage: (key: string, fills?: string | (string | number)[]) => {
        if (!isThere) throw new Error("Extension context invalidated.");
        return key === "panel_version" ? `${fills?.[0]} von ${fills?.[1]}` : "";
      },
    });
    isThere = false;
    expect(words("panel_version", 2, 3)).toBe("2 von 3");
    expect(words("panel_insert")).toBe("Insert");
  });

  test.each([
    ["de", "de", "Einfügen"],
    ["de-AT", "de", "Einfügen"],
    ["en-GB", "en", "Insert"],
    ["xx", "en", "Insert"],
  ])("of a browser that says it speaks %s, and hands out none, are %s all the same", (asked, language, said) => {
    const words = wordsIn(asked);
    expect(words.language).toBe(language);
    expect(words("panel_insert")).toBe(said);
  });

  test("that are filled in are not filled once more", () => {
    expect(english("panel_inserted_without", "$2", "Ctrl+Z")).toBe("Inserted, without $2. Ctrl+Z takes it back.");
  });
});

describe("every trouble", () => {
  test.each(KINDS)("%s has a line and what to do, in English and in German", (kind) => {
    const german = wordsIn("de");
    for (const words of [english, german]) {
      const { line, hint } = say(troubleOf(kind), words);
      expect(line).not.toBe("");
      expect(hint).not.toBe("");
    }
    expect(say(troubleOf(kind), german).line).not.toBe(say(troubleOf(kind), english).line);
  });

  test("quotes the service where its own words tell more", () => {
    const trouble = { ...troubleOf("resting"), detail: "The model server is learning.", hint: "Until 14:30." };
    expect(say(trouble, english).hint).toBe("The model server is learning. Until 14:30.");
  });
});
