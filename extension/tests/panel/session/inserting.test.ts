// How a draft goes into the mail.

import { beforeEach, describe, expect, test } from "vitest";
import { draftOf, factIn } from "../stand_ins";
import { begin } from "./begun";

let { compose, link, session, type, drafted } = begin();

beforeEach(() => {
  ({ compose, link, session, type, drafted } = begin());
});

describe("inserting", () => {
  test("puts the text into the mail, for what was typed, and tells the ledger", () => {
    drafted("Hi Bob.");
    session.put("insert");
    expect(compose.puts).toEqual([{ how: "insert", text: "Hi Bob.", taken: { text: "say yes", isSelection: false } }]);
    expect(link.feedback).toEqual(["inserted d1"]);
    expect(session.state.phase).toBe("inserted");
  });

  test("replaces the selection that was taken", () => {
    type("say yes", true);
    session.press();
    link.say({ type: "done", draft: draftOf("Hi Bob.") });
    session.put("replace");
    expect(compose.puts).toMatchObject([{ how: "replace", taken: { text: "say yes", isSelection: true } }]);
  });

  test("leaves alone a selection it does not replace", () => {
    type("say yes", true);
    session.press();
    link.say({ type: "done", draft: draftOf("Hi Bob.") });
    session.put("insert");
    expect(compose.puts).toMatchObject([{ how: "insert", taken: null }]);
  });

  test.each([
    ["selection", "selection"],
    ["focus", "folded"],
    ["editor", "page-changed"],
  ])("that fails at the %s tells %s, and keeps the draft", (hook, kind) => {
    drafted("Hi Bob.");
    compose.isChanged = true;
    compose.hook = hook;
    session.put("insert");
    expect(session.state).toMatchObject({ phase: "ready", trouble: { kind } });
  });

  test("leaves unsupported links out, and says which", () => {
    const text = "See https://evil.example now.";
    type("say yes");
    session.press();
    link.say({ type: "done", draft: draftOf(text, [factIn(text, "link", "https://evil.example")]) });
    session.put("insert");
    expect(compose.puts[0]?.text).toBe("See [link left out] now.");
    expect(session.state.leftOut).toEqual(["https://evil.example"]);
  });

  test("keeps a link that is kept, until it is not", () => {
    const text = "See https://fine.example now.";
    type("say yes");
    session.press();
    link.say({ type: "done", draft: draftOf(text, [factIn(text, "link", "https://fine.example")]) });
    session.keep(0, true);
    expect(session.text).toBe(text);
    session.keep(0, false);
    expect(session.text).toBe("See [link left out] now.");
  });

  test("into a page that has changed does nothing, keeps the draft, and says so", () => {
    drafted("Hi Bob.");
    compose.isChanged = true;
    session.put("insert");
    expect(session.state).toMatchObject({ phase: "ready", trouble: { kind: "page-changed" } });
    expect(link.feedback).toEqual([]);
  });

  test("is done once: an unfinished draft and one that is in already are not inserted", () => {
    type("say yes");
    session.press();
    link.say({ type: "token", text: "Hi" });
    session.put("insert");
    expect(compose.puts).toEqual([]);
    link.say({ type: "done", draft: draftOf("Hi") });
    session.put("insert");
    session.put("insert");
    expect(compose.puts).toHaveLength(1);
  });
});
