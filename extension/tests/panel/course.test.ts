import { beforeEach, describe, expect, test, vi } from "vitest";
import { troubleOf } from "../../trouble";
import { $, compose, drafted, host, isSeen, key, link, place, press, type } from "./placed";
import { draftOf, wordsIn } from "./stand_ins";

beforeEach(() => place());

describe("refining", () => {
  test("a quick change asks in words", () => {
    drafted();
    $("[data-quick=shorter]").click();
    expect(link.asks[1]).toMatchObject({ instruction: "Make it shorter.", refines: { draft_id: "d1" } });
  });

  test("Enter asks for free words, which stay until the draft is there", () => {
    drafted();
    const box = $<HTMLInputElement>("#refine");
    type(box, "mention the keys");
    box.focus();
    key("Enter");
    expect(link.asks[1]).toMatchObject({ instruction: "mention the keys" });
    link.say({ type: "failed", trouble: troubleOf("broken") });
    expect(box.value).toBe("mention the keys");
    $("#trouble-act").click();
    link.say({ type: "done", draft: draftOf("Hi, the keys.", [], "d2") });
    expect(box.value).toBe("");
    expect($("#version").textContent).toBe("2 of 2");
    $("#earlier").click();
    expect($("#text").textContent).toBe("Hi Bob.");
  });
});

describe("a refinement that fails", () => {
  beforeEach(() => {
    drafted();
    const box = $<HTMLInputElement>("#refine");
    type(box, "mention the keys");
    box.focus();
  });

  test("leaves the draft in sight below the trouble, with all that can be done with it", () => {
    key("Enter");
    link.say({ type: "token", text: "Hi, the" }, { type: "failed", trouble: troubleOf("broken") });
    expect($("#text").textContent).toBe("Hi Bob.");
    for (const id of ["#trouble", "#insert", "#copy", "#refining"]) expect(isSeen(id), id).toBe(true);
    expect($("#version").textContent).toBe("1 of 2");
    $("#later").click();
    expect($("#text").textContent).toBe("Hi, the");
    expect($("#version").textContent).toBe("2 of 2");
  });

  test("is tried again as it was asked", () => {
    key("Enter");
    link.say({ type: "failed", trouble: troubleOf("down") });
    $("#trouble-act").click();
    expect(link.asks[2]).toMatchObject({ instruction: "mention the keys", refines: { draft_id: "d1" } });
  });

  test("is changed in its own box, where its words still stand", () => {
    key("Enter");
    link.say({ type: "failed", trouble: troubleOf("invalid") });
    $("#trouble-act").click();
    expect(isSeen("#trouble")).toBe(false);
    expect(isSeen("#asking")).toBe(false);
    expect(host("panel").shadowRoot?.activeElement).toBe($("#refine"));
    expect($<HTMLInputElement>("#refine").value).toBe("mention the keys");
  });

  test("of a quick change is changed in the box as well", () => {
    type($("#refine"), "");
    $("[data-quick=shorter]").click();
    link.say({ type: "failed", trouble: troubleOf("invalid") });
    $("#trouble-act").click();
    expect($<HTMLInputElement>("#refine").value).toBe("Make it shorter.");
  });

  test("had not been asked by Ctrl+Enter for nothing: words in the box are what it asks for", () => {
    key("Enter", { ctrlKey: true });
    expect(compose.puts).toEqual([]);
    expect(link.asks[1]).toMatchObject({ instruction: "mention the keys" });
  });
});

test("Ctrl+Enter in an empty refine box inserts", () => {
  drafted();
  $("#refine").focus();
  key("Enter", { ctrlKey: true });
  expect(compose.puts).toHaveLength(1);
});

describe("trouble", () => {
  test("is one line, what to do, and a button that does it", () => {
    const openOptions = vi.fn();
    place({ openOptions });
    compose.typed = { text: "x", isSelection: false };
    press();
    link.say({ type: "failed", trouble: troubleOf("not-paired") });
    expect($("#trouble-line").textContent).toBe("Cyrano is not connected yet.");
    $("#trouble-act").click();
    expect(openOptions).toHaveBeenCalledTimes(1);
    $("#retry").click();
    expect(link.asks).toHaveLength(2);
  });

  test("takes the focus that the letter had, so that Escape still closes the panel", () => {
    compose.typed = { text: "x", isSelection: false };
    press();
    link.say({ type: "failed", trouble: troubleOf("down") });
    expect(host("panel").shadowRoot?.activeElement).toBe($("#trouble-act"));
    key("Escape");
    expect(host("panel").hidden).toBe(true);
  });

  test("takes no focus out of the mail", () => {
    const mail = compose.root.appendChild(document.createElement("input"));
    compose.typed = { text: "x", isSelection: false };
    press();
    mail.focus();
    link.say({ type: "failed", trouble: troubleOf("down") });
    expect(document.activeElement).toBe(mail);
  });

  test("counts down to when it is worth asking again", () => {
    vi.useFakeTimers();
    compose.typed = { text: "x", isSelection: false };
    press();
    link.say({ type: "failed", trouble: { ...troubleOf("busy"), retry_after_s: 2 } });
    expect($("#trouble-act").textContent).toBe("Try again in 2 s");
    $("#trouble-act").click();
    expect(link.asks).toHaveLength(1);
    vi.advanceTimersByTime(2_300);
    expect($("#trouble-act").textContent).toBe("Try again");
    $("#trouble-act").click();
    expect(link.asks).toHaveLength(2);
    vi.useRealTimers();
  });

  test("at the insertion offers the draft to be copied", async () => {
    const copy = vi.fn(async () => {});
    place({ copy });
    drafted();
    compose.isChanged = true;
    $("#insert").click();
    expect($("#trouble").dataset.kind).toBe("page-changed");
    $("#trouble-act").click();
    expect(copy).toHaveBeenCalledWith("Hi Bob.");
  });
});

describe("after an insertion", () => {
  test("a line says so, how to take it back, and goes by itself", () => {
    vi.useFakeTimers();
    drafted();
    $("#insert").click();
    expect($("#inserted-line").textContent).toBe("Inserted. Ctrl+Z takes it back.");
    expect(isSeen("#text")).toBe(false);
    vi.advanceTimersByTime(10_000);
    expect(host("panel").hidden).toBe(true);
    vi.useRealTimers();
  });

  test("Undo takes it back, and the draft stands there again", () => {
    drafted();
    $("#insert").click();
    expect(isSeen("#undo")).toBe(true);
    $("#undo").click();
    expect(compose.typed?.text).toBe("say yes");
    expect(isSeen("#text") && isSeen("#insert")).toBe(true);
  });

  test("the line goes with what it speaks of, as after Ctrl+Z", () => {
    drafted();
    $("#insert").click();
    compose.edit({ text: "say yes", isSelection: false });
    expect(host("panel").hidden).toBe(true);
  });
});

describe("what is typed into the mail while it is asked", () => {
  test("is quoted as it stands there now, and said to be changed there", () => {
    drafted();
    $("#change").click();
    compose.edit({ text: "tell him no", isSelection: false });
    expect($("#taken").textContent).toBe("tell him no");
    expect($("#asking .label").textContent).toContain("Change it in the mail");
    compose.edit(null);
    expect(isSeen("#instruction")).toBe(true);
  });
});

test("a reply whose mail is not in sight is told why it needs words, until there are some", () => {
  compose.isAlone = true;
  press();
  expect($<HTMLButtonElement>("#write").disabled).toBe(true);
  expect(isSeen("#why")).toBe(true);
  expect($("#why").textContent).toContain("no message to answer");
  type($("#instruction"), "thank him");
  expect(isSeen("#why")).toBe(false);
});

test("a new mail is not told of a message to answer", () => {
  press();
  expect(isSeen("#why")).toBe(false);
});

describe("who writes", () => {
  const voice = { owner: "Ana Silva <ana@example.org>", stranger: "" };

  test("stands in the head", () => {
    drafted();
    expect(isSeen("#writer")).toBe(false);
    link.say({ type: "voice", voice });
    expect($("#writer").textContent).toBe("for Ana Silva");
    expect(isSeen("#voice")).toBe(false);
  });

  test("for a mailbox that is not known as theirs is said in a line, with a way to the options", () => {
    let opened = 0;
    place({
      openOptions: () => {
        opened += 1;
      },
    });
    drafted();
    link.say({ type: "voice", voice: { ...voice, stranger: "bob@example.org" } });
    expect($("#voice span").textContent).toBe(
      "Written as Ana Silva <ana@example.org>; bob@example.org is not known here.",
    );
    $("#choose-voice").click();
    expect(opened).toBe(1);
  });
});

test("the panel speaks the browser's language", () => {
  place({ words: wordsIn("de") });
  drafted();
  expect($("#insert").textContent).toContain("Einfügen");
});
