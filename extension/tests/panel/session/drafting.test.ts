// How a draft comes, stops, breaks off and is refined.

import { beforeEach, describe, expect, test } from "vitest";
import { troubleOf } from "../../../trouble";
import { draftOf } from "../stand_ins";
import { begin } from "./begun";

let { compose, link, session, type, drafted } = begin();

beforeEach(() => {
  ({ compose, link, session, type, drafted } = begin());
});

describe("a draft", () => {
  test("streams in, and is a version once it is done", () => {
    type("say yes");
    session.press();
    link.say({ type: "token", text: "Hi " }, { type: "token", text: "Bob" });
    expect(session.text).toBe("Hi Bob");
    link.say({ type: "done", draft: draftOf("Hi Bob.") });
    expect(session.state).toMatchObject({ phase: "ready", at: 0 });
    expect(session.text).toBe("Hi Bob.");
  });

  test("that is stopped keeps what came, and hears no more", () => {
    type("say yes");
    session.press();
    link.say({ type: "token", text: "Hi" });
    session.stop();
    link.say({ type: "token", text: " Bob" });
    expect(session.state).toMatchObject({ phase: "stopped", text: "Hi" });
    expect(link.signal?.aborted).toBe(true);
  });

  test("that is stopped before its first word leads back to what is asked", () => {
    type("say yes");
    session.press();
    session.stop();
    expect(session.state.phase).toBe("asking");
  });

  test("that breaks off keeps what came, and is asked for anew", () => {
    type("say yes");
    session.press();
    link.say({ type: "token", text: "Hi" }, { type: "failed", trouble: troubleOf("broken") });
    expect(session.state).toMatchObject({ phase: "failed", text: "Hi", trouble: { kind: "broken" } });
    session.retry();
    expect(link.asks.map((ask) => ask.instruction)).toEqual(["say yes", "say yes"]);
    expect(session.state).toMatchObject({ phase: "writing", text: "", trouble: null });
  });

  test("that never began is asked for anew when the button is pressed again", () => {
    type("say yes");
    session.press();
    link.say({ type: "failed", trouble: troubleOf("not-paired") });
    session.press();
    session.press();
    expect(session.state).toMatchObject({ phase: "writing", trouble: null });
    expect(link.asks).toHaveLength(2);
  });

  test("ends with its mail", () => {
    type("say yes");
    session.press();
    session.end();
    expect(link.signal?.aborted).toBe(true);
  });

  test("is asked for by no button whose compose is gone", () => {
    type("say yes");
    compose.end.abort();
    session.press();
    expect(link.asks).toEqual([]);
    expect(session.state.isOpen).toBe(false);
  });
});

describe("refining", () => {
  test("sends the draft so far, keeps it as a version, and tells the ledger once the new one is there", () => {
    drafted("Hi Bob, how are you?");
    session.refine(" shorter ");
    expect(link.asks[1]).toMatchObject({
      instruction: "shorter",
      refines: { draft_id: "d1", text: "Hi Bob, how are you?" },
    });
    expect(link.feedback).toEqual([]);
    link.say({ type: "done", draft: draftOf("Hi Bob!", [], "d2") });
    expect(link.feedback).toEqual(["refined d1"]);
    session.turn(-1);
    expect(session.text).toBe("Hi Bob, how are you?");
    session.turn(1);
    expect(session.text).toBe("Hi Bob!");
  });

  test("goes back where it is stopped before its first word", () => {
    drafted("Hi Bob.");
    session.refine("shorter");
    session.stop();
    expect(session.state).toMatchObject({ phase: "ready", at: 0 });
  });

  test("that fails shows the version it was to change, and goes into the mail as that", () => {
    drafted("Hi Bob.");
    session.retry();
    link.say({ type: "done", draft: draftOf("Dear Bob.", [], "d2") });
    session.turn(-1);
    session.refine("shorter");
    link.say({ type: "failed", trouble: troubleOf("down") });
    expect(session.state).toMatchObject({ phase: "ready", at: 0, trouble: { kind: "down" } });
    session.put("insert");
    expect(compose.puts).toMatchObject([{ text: "Hi Bob." }]);
  });

  test("tried again refines the same once more", () => {
    drafted("Hi Bob.");
    session.refine("shorter");
    link.say({ type: "done", draft: draftOf("Hi!", [], "d2") });
    session.retry();
    expect(link.asks[2]).toMatchObject({ instruction: "shorter", refines: { draft_id: "d1" } });
  });

  test("needs words", () => {
    drafted("Hi Bob.");
    session.refine("  ");
    expect(link.asks).toHaveLength(1);
  });
});
