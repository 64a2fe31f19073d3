// What a draft is asked from: the words typed, selected or in the box.

import { beforeEach, describe, expect, test } from "vitest";
import { Session } from "../../../panel/session";
import type { State } from "../../../panel/state";
import { draftOf, english } from "../stand_ins";
import { begin } from "./begun";

let { compose, link, session, type } = begin();

beforeEach(() => {
  ({ compose, link, session, type } = begin());
});

describe("asking", () => {
  test("takes the words of the box, tone and length", () => {
    session.press();
    session.choose({ instruction: " thank her ", tone: "friendly", length: "short" });
    session.ask();
    expect(link.asks).toMatchObject([{ instruction: "thank her", tone: "friendly", length: "short" }]);
  });

  test("without words answers a thread, and asks nothing for a new mail", () => {
    session.press();
    session.ask();
    expect(link.asks).toEqual([]);
    compose.isAnswer = true;
    session.ask();
    expect(link.asks).toMatchObject([{ instruction: "", thread: [{ text: "Friday?" }] }]);
  });

  test("keeps the words of the box when the panel is closed", () => {
    session.press();
    session.choose({ instruction: "thank her" });
    session.close();
    session.press();
    expect(session.state.instruction).toBe("thank her");
  });

  test("takes the words of the box, whatever is typed into the mail meanwhile, which stays", () => {
    session.press();
    session.choose({ instruction: "thank her" });
    type("Hi Marta,");
    session.ask();
    link.say({ type: "done", draft: draftOf("Thank you!") });
    session.put("insert");
    expect(link.asks).toMatchObject([{ instruction: "thank her" }]);
    expect(compose.puts).toEqual([{ how: "insert", text: "Thank you!", taken: null }]);
  });

  test("keeps the words of the box in sight while what is asked is changed", () => {
    session.press();
    session.choose({ instruction: "thank her" });
    type("Hi Marta,");
    session.ask();
    link.say({ type: "done", draft: draftOf("Thank you!") });
    session.change();
    expect(session.state).toMatchObject({ phase: "asking", taken: null, instruction: "thank her" });
  });

  test("learns at each press whether there is something to answer", () => {
    session.press();
    expect(session.state.isAnswer).toBe(false);
    session.press();
    compose.isAnswer = true;
    session.press();
    expect(session.state.isAnswer).toBe(true);
  });

  test("says so where there is neither a word nor a thread, until a word is typed", () => {
    compose.isAnswer = true;
    session.press();
    compose.isAnswer = false; // the quote turned out to be a forwarded mail's
    session.ask();
    expect(session.state).toMatchObject({ phase: "asking", isAnswer: false, trouble: { kind: "no-words" } });
    session.choose({ instruction: "t" });
    expect(session.state.trouble).toBeNull();
  });

  test("tells at the press where the page cannot be read", () => {
    compose.taken = () => {
      throw new Error("gone");
    };
    session.press();
    expect(session.state).toMatchObject({ isOpen: true, phase: "failed", trouble: { kind: "unreadable" } });
  });

  test("tells where the page cannot be read, and touches nothing", () => {
    type("say yes");
    compose.isChanged = true;
    session.press();
    expect(session.state).toMatchObject({ phase: "failed", trouble: { kind: "unreadable" } });
    expect(link.asks).toEqual([]);
  });
});

describe("a selection", () => {
  test("is taken before the panel opens and takes the focus", () => {
    let isOpen = false;
    const changed = (state: State) => {
      isOpen = state.isOpen;
    };
    session = new Session(compose, link, changed, english);
    compose.taken = () => (isOpen ? null : { text: "say yes", isSelection: true });
    session.press();
    expect(session.state.taken).toEqual({ text: "say yes", isSelection: true });
    expect(link.asks).toMatchObject([{ instruction: "say yes" }]);
  });

  test("stays taken while what is asked is changed", () => {
    type("say yes", true);
    session.press();
    link.say({ type: "done", draft: draftOf("Hi Bob.") });
    type("say yes, and more that was typed");
    session.change();
    session.ask();
    expect(link.asks[1]).toMatchObject({ instruction: "say yes" });
  });
});

test("what cannot be read is not passed over: nothing is asked", () => {
  compose.isAnswer = true;
  session.press();
  compose.taken = () => {
    throw new Error("gone");
  };
  session.ask();
  expect(session.state).toMatchObject({ phase: "failed", trouble: { kind: "unreadable" } });
  expect(link.asks).toEqual([]);
});
