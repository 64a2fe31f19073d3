// What the ledger hears of a draft.

import { beforeEach, describe, expect, test } from "vitest";
import { troubleOf } from "../../../trouble";
import { settle } from "../../service";
import { draftOf } from "../stand_ins";
import { begin } from "./begun";

let { compose, link, session, type, drafted } = begin();

beforeEach(() => {
  ({ compose, link, session, type, drafted } = begin());
});

describe("what the ledger hears", () => {
  test("of a draft that was thrown away: discarded", () => {
    drafted("Hi Bob.");
    session.discard();
    expect(link.feedback).toEqual(["discarded d1"]);
    expect(session.state).toMatchObject({ isOpen: false, phase: "asking", versions: [] });
    expect(compose.focused).toBe(1);
  });

  test("of one that was stopped or broke off, and then thrown away: discarded", () => {
    type("say yes");
    for (const [id, end] of [
      ["d1", () => session.stop()],
      ["d2", () => link.say({ type: "failed", trouble: troubleOf("broken") })],
    ] as const) {
      session.press();
      link.say({ type: "meta", meta: draftOf("", [], id) }, { type: "token", text: "Hi" });
      end();
      session.discard();
    }
    expect(link.feedback).toEqual(["discarded d1", "discarded d2"]);
  });

  test("of one that went in twice: inserted, once", () => {
    drafted("Hi Bob.");
    session.put("insert");
    session.press();
    session.press();
    session.put("insert");
    expect(compose.puts).toHaveLength(2);
    expect(link.feedback).toEqual(["inserted d1"]);
  });

  test("of one that was asked for again: discarded, once the other went in", () => {
    drafted("Hi Bob.");
    session.retry();
    link.say({ type: "done", draft: draftOf("Dear Bob.", [], "d2") });
    expect(link.feedback).toEqual([]);
    session.put("insert");
    expect(link.feedback).toEqual(["discarded d1", "inserted d2"]);
  });

  test("of one that went in and was then thrown away: inserted", () => {
    drafted("Hi Bob, Friday at noon is good.");
    session.put("insert");
    session.press();
    session.discard();
    expect(link.feedback).toEqual(["inserted d1"]);
  });

  test("of one that was taken back out of the mail, and then thrown away: discarded", () => {
    drafted("Hi Bob.");
    session.put("insert");
    session.undo();
    session.discard();
    expect(link.feedback).toEqual(["inserted d1", "discarded d1"]);
  });

  test("of one that was taken back by keys: the same", () => {
    drafted("Hi Bob.");
    session.put("insert");
    compose.edit({ text: "say yes", isSelection: false });
    session.edited();
    session.press();
    session.discard();
    expect(link.feedback).toEqual(["inserted d1", "discarded d1"]);
  });

  test("of one that keys took back and put in again: inserted", () => {
    drafted("Hi Bob.");
    session.put("insert");
    for (const text of ["say yes", "Hi Bob."]) {
      compose.edit({ text, isSelection: false });
      session.edited();
    }
    session.press();
    session.discard();
    expect(link.feedback).toEqual(["inserted d1"]);
  });

  test("of one that went in after all: inserted", () => {
    drafted("Hi Bob.");
    session.refine("shorter");
    link.say({ type: "done", draft: draftOf("Hi!", [], "d2") });
    session.turn(-1);
    session.put("insert");
    expect(link.feedback).toEqual(["refined d1", "discarded d2", "inserted d1"]);
  });
});

describe("a worker that cannot be reached", () => {
  beforeEach(async () => {
    drafted("Hi Bob.");
    link.isAway = true;
    session.put("insert");
    await settle();
    link.isAway = false;
  });

  test("is told when the panel opens next, and once", async () => {
    session.press();
    await settle();
    session.press();
    session.press();
    await settle();
    expect(link.feedback).toEqual(["inserted d1", "inserted d1"]);
  });

  test("is told when it answers for another draft", async () => {
    session.refine("shorter");
    session.retry();
    link.say({ type: "voice", voice: { owner: "Ana", stranger: "" } });
    await settle();
    expect(link.feedback).toEqual(["inserted d1", "inserted d1"]);
  });

  test("is told at the latest when the mail goes", async () => {
    session.end();
    await settle();
    expect(link.feedback).toEqual(["inserted d1", "inserted d1"]);
  });
});
