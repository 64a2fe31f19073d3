import { describe, expect, test, vi } from "vitest";
import { addedTo } from "../../../sites/gmail/given";
import type { Compose } from "../../../sites/site";
import { begin, editor, lines, open, select, type } from "./page";

const SIGNATURE = ["Ana Ivers", "Ivers Gardens, +49 30 5550123"];
const DRAFT = "Hi Tom,\n\nall good.";

/** A compose that opens after the script came, as those of the real page do. */
async function late(query: string): Promise<Compose> {
  const { found, acts } = open(`compose=&${query}`);
  acts.open("new");
  await vi.waitFor(() => expect(found).toHaveLength(1));
  return found[0] as Compose;
}

describe("a signature without dashes and without a mark", () => {
  test.each(["", "&plain=1"])("is no instruction, and a draft goes above it %s", async (mode) => {
    const window = await late(`signature=nodash${mode}`);
    expect(window.taken()).toBeNull();
    window.insert(DRAFT, window.taken());
    expect(lines()).toEqual(["Hi Tom,", "all good.", ...SIGNATURE]);
  });

  test("stays where an instruction is replaced", async () => {
    const window = await late("signature=nodash");
    type("tell tom", "it is paid");
    expect(window.taken()).toMatchObject({ text: "tell tom\nit is paid", isSelection: false });
    window.insert(DRAFT, window.taken());
    expect(lines()).toEqual(["Hi Tom,", "all good.", ...SIGNATURE]);
  });

  test("stays where one draft takes the place of another", async () => {
    const window = await late("signature=nodash");
    type("tell tom");
    window.insert("First draft.", window.taken());
    expect(window.taken()?.text).toBe("First draft.");
    window.insert(DRAFT, window.taken());
    expect(lines()).toEqual(["Hi Tom,", "all good.", ...SIGNATURE]);
  });

  test("is not what is meant when everything is selected", async () => {
    const window = await late("signature=nodash");
    type("tell tom");
    document.getSelection()?.selectAllChildren(editor());
    expect(window.taken()).toMatchObject({ text: "tell tom", isSelection: false });
  });

  test("is known too in a compose that was there before the script, by the free line above it", () => {
    const [window] = open("compose=new&signature=nodash").found;
    expect(window?.taken()).toBeNull();
    type("tell tom");
    expect(window?.taken()?.text).toBe("tell tom");
  });
});

describe("a draft taken up again", () => {
  test("is no instruction, and stands below what is inserted, on lines of its own", async () => {
    for (const mode of ["", "&plain=1"]) {
      const window = await late(`typed=Dear%20Tom%0AI%20come&signature=1${mode}`);
      expect(window.taken()).toBeNull();
      window.insert(DRAFT, null);
      expect(lines().slice(0, 5)).toEqual(["Hi Tom,", "all good.", "Dear Tom", "I come", "--"]);
    }
  });

  test("what is written below it is the instruction", async () => {
    const window = await late("typed=Dear%20Tom");
    begin();
    const more = document.createElement("div");
    more.append("say no");
    editor().append(more);
    window.insert("Alas, no.", window.taken());
    expect(lines()).toEqual(["Dear Tom", "Alas, no."]);
  });

  test("may be the instruction where it is selected", async () => {
    const window = await late("typed=say%20no%0Aor%20yes");
    select("say no");
    expect(window.taken()).toMatchObject({ text: "say no", isSelection: true });
  });
});

describe("what an owner added", () => {
  const added = (given: string, text: string) => {
    const { from, to } = addedTo(given, text);
    return text.slice(from, to);
  };

  test.each([
    ["above", "\n\nAna\nGarden", "tell\n\ntom\n\nAna\nGarden", "tell\n\ntom"],
    ["words that stand below too", "\nAna", "Ana\n\nAna", "Ana"],
    ["words that stand at the top of what was given", "Hello", "Hello\nHello\nno", "Hello"],
    ["below", "Dear Tom", "Dear Tom\nno", "no"],
    ["between", "Dear Tom\nAna", "Dear Tom\nno\nAna", "no"],
    ["nothing", "Dear Tom\nAna", "Dear Tom\n\nAna", ""],
    ["all anew", "Dear Tom", "tell her", "tell her"],
    ["above, while a line given was changed", "Ana\n+49 30", "tell tom\nAna\n+49 31", "tell tom"],
    ["only a change of what was given", "Ana\n+49 30", "Ana\n+49 31", ""],
  ])("%s", (_where, given, text, expected) => {
    expect(added(given, text)).toBe(expected);
  });

  const many = (count: number, word: string) => Array.from({ length: count }, (_, at) => `${word} ${at}`).join("\n");

  test("in a draft of thousands of lines is found at once", () => {
    const draft = many(5000, "line");
    const start = performance.now();
    for (let look = 0; look < 5; look += 1) expect(added(draft, `tell tom\n${draft}`)).toBe("tell tom");
    expect(added(draft, draft.replace("line 2500\n", "line 2500\nsay no\n"))).toBe("say no");
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test("is not looked for where thousands of lines differ: none of them is taken for the instruction", () => {
    const start = performance.now();
    expect(added(`${many(5000, "old")}\nAna`, `tell tom\n${many(5000, "new")}\nAna`)).toBe("");
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
