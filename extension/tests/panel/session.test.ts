import { beforeEach, describe, expect, test } from "vitest";
import { Session } from "../../panel/session";
import { troubleOf } from "../../panel/trouble";
import { draftOf, FakeCompose, FakeLink, factIn } from "./stand_ins";

let [compose, link] = [new FakeCompose(), new FakeLink()];
let session: Session;

beforeEach(() => {
  [compose, link] = [new FakeCompose(), new FakeLink()];
  session = new Session(compose, link, () => {});
});

function type(text: string, isSelection = false): void {
  compose.typed = text ? { text, isSelection } : null;
}

/** Press with something typed, and let the draft come. */
function drafted(text: string, id = "d1"): void {
  type("say yes");
  session.press();
  link.say({ type: "done", draft: draftOf(text, [], id) });
}

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
    expect(link.told).toEqual([{ type: "warm" }]);
  });
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
    expect(compose.puts[0]?.text).toBe("See now.");
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
    expect(session.text).toBe("See now.");
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

  test("that fails leaves the way back to the last version", () => {
    drafted("Hi Bob.");
    session.refine("shorter");
    link.say({ type: "failed", trouble: troubleOf("down") });
    session.turn(-1);
    expect(session.state).toMatchObject({ phase: "ready", at: 0, trouble: null });
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

  test("of one that went in after all: inserted", () => {
    drafted("Hi Bob.");
    session.refine("shorter");
    link.say({ type: "done", draft: draftOf("Hi!", [], "d2") });
    session.turn(-1);
    session.put("insert");
    expect(link.feedback).toEqual(["refined d1", "discarded d2", "inserted d1"]);
  });
});

describe("a selection", () => {
  test("is taken before the panel opens and takes the focus", () => {
    let isOpen = false;
    session = new Session(compose, link, (state) => {
      isOpen = state.isOpen;
    });
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
