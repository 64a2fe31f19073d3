// What pressing the button does: first, while a draft stands there, after an insertion.

import { beforeEach, describe, expect, test } from "vitest";
import { draftOf } from "../stand_ins";
import { begin } from "./begun";

let { compose, link, session, type, drafted } = begin();

beforeEach(() => {
  ({ compose, link, session, type, drafted } = begin());
});

describe("pressing the button", () => {
  test("asks at once for what is typed", () => {
    type("say yes");
    session.press();
    expect(link.asks).toMatchObject([{ instruction: "say yes", mailbox: "ana@example.org", subject: "Lunch" }]);
    expect(session.state).toMatchObject({ isOpen: true, phase: "writing" });
  });

  test("opens the box where nothing is typed, and asks nothing", () => {
    session.press();
    expect(session.state).toMatchObject({ isOpen: true, phase: "asking" });
    expect(link.asks).toEqual([]);
  });

  test("again hides the panel while the draft comes on", () => {
    type("say yes");
    session.press();
    session.press();
    link.say({ type: "token", text: "Hi" });
    expect(session.state).toMatchObject({ isOpen: false, phase: "writing", text: "Hi" });
    session.press();
    expect(session.state.isOpen).toBe(true);
    expect(link.asks).toHaveLength(1);
  });

  test("with the box open asks for what was typed into the mail since", () => {
    session.press();
    type("say no");
    session.press();
    expect(link.asks).toMatchObject([{ instruction: "say no" }]);
  });

  test("wakes the worker", () => {
    session.press();
    expect(link.told[0]).toEqual({ type: "warm" });
  });
});

describe("pressing while a draft stands there", () => {
  beforeEach(() => drafted("Hi Bob, Friday at noon is good. Ana"));

  test("hides it and shows it where the mail is as it was", () => {
    session.press();
    expect(session.state.isOpen).toBe(false);
    session.press();
    expect(session.state).toMatchObject({ isOpen: true, phase: "ready" });
    expect(link.asks).toHaveLength(1);
  });

  test("asks at once for what was typed in the place of what was asked, and keeps the draft", () => {
    type("say no instead");
    session.press();
    expect(link.asks[1]).toMatchObject({ instruction: "say no instead" });
    expect(session.state).toMatchObject({ isOpen: true, phase: "writing" });
    link.say({ type: "done", draft: draftOf("No, Bob.", [], "d2") });
    session.put("insert");
    expect(compose.puts).toMatchObject([{ text: "No, Bob.", taken: { text: "say no instead" } }]);
    expect(session.state.versions).toHaveLength(2);
  });

  test("asks nothing for words that stood in the mail already", () => {
    session.discard();
    type("Hi Marta,");
    session.choose({ instruction: "thank her" });
    session.change();
    session.choose({ instruction: "thank her" });
    session.ask();
    link.say({ type: "done", draft: draftOf("Thank you!", [], "d2") });
    session.refine("shorter");
    link.say({ type: "done", draft: draftOf("Thanks!", [], "d3") });
    session.press();
    session.press();
    expect(link.asks.map((ask) => ask.instruction)).toEqual(["say yes", "thank her", "shorter"]);
  });

  test("asks nothing for a mail into which the draft was pasted by hand", () => {
    type("Hi Bob,\n\nFriday at noon is good.\nAna");
    session.press();
    expect(session.state.isOpen).toBe(false);
    expect(link.asks).toHaveLength(1);
  });

  test("asks nothing for what stands around a selection that was taken", () => {
    session.discard();
    type("say yes", true);
    session.press();
    link.say({ type: "done", draft: draftOf("Yes.", [], "d2") });
    type("Hi Bob, say yes. Ana");
    session.press();
    expect(session.state.isOpen).toBe(false);
    expect(link.asks).toHaveLength(2);
  });
});

describe("pressing after an insertion", () => {
  beforeEach(() => {
    drafted("Hi Bob, Friday at noon is good. Ana");
    session.put("insert");
    session.close();
  });

  test("shows the draft again, which replaces itself, and asks nothing", () => {
    session.press();
    expect(session.state).toMatchObject({ phase: "ready", taken: { text: "Hi Bob, Friday at noon is good. Ana" } });
    expect(link.asks).toHaveLength(1);
  });

  test("needs no second press while the line that it is in still stands", () => {
    session.press();
    session.put("insert");
    session.press();
    expect(session.state).toMatchObject({ isOpen: true, phase: "ready" });
  });

  test("and a discard takes the draft that stands in the mail for no instruction", () => {
    session.press();
    session.discard();
    session.press();
    expect(session.state).toMatchObject({ isOpen: true, phase: "asking", taken: null });
    session.choose({ instruction: "say no" });
    session.ask();
    expect(link.asks.map(({ instruction }) => instruction)).toEqual(["say yes", "say no"]);
  });

  test("changing what is asked starts from the words that made room for the draft, which the next one replaces", () => {
    session.press();
    session.change();
    expect(session.state).toMatchObject({ phase: "asking", taken: null, instruction: "say yes" });
    session.ask();
    link.say({ type: "done", draft: draftOf("Yes.", [], "d2") });
    session.put("insert");
    expect(compose.puts[1]).toMatchObject({ text: "Yes.", taken: { text: "Hi Bob, Friday at noon is good. Ana" } });
  });

  test("takes an edited draft up as a version to be refined", () => {
    type("Hi Bob, Friday at one is good. Ana");
    session.press();
    expect(session.state).toMatchObject({ phase: "ready", at: 1 });
    session.refine("shorter");
    expect(link.asks[1]).toMatchObject({
      instruction: "shorter",
      refines: { draft_id: "d1", text: "Hi Bob, Friday at one is good. Ana" },
    });
  });

  test("after an undo offers the draft for the instruction that stands there again", () => {
    type("say yes");
    session.press();
    expect(session.state).toMatchObject({ phase: "ready", at: 0, taken: { text: "say yes" } });
  });

  test("with other words typed asks for those", () => {
    type("ask Carla for the keys");
    session.press();
    expect(link.asks[1]).toMatchObject({ instruction: "ask Carla for the keys" });
    expect(link.asks[1]?.refines).toBeUndefined();
  });
});
