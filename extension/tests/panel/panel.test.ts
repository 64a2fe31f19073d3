import { beforeEach, describe, expect, test, vi } from "vitest";
import { KeyGuard } from "../../panel/keys";
import { PageChanged } from "../../sites/site";
import { $, compose, drafted, host, isSeen, key, link, place, press, type } from "./placed";
import { aroundOf, attach, draftOf, FakeCompose, FakeLink, factIn } from "./stand_ins";

beforeEach(() => place());

describe("the button", () => {
  test("has a name, its keys, and says whether the panel is open", async () => {
    await Promise.resolve();
    const button = host("button").shadowRoot?.querySelector("button") as HTMLButtonElement;
    expect(button.getAttribute("aria-label")).toBe("Draft with Cyrano");
    expect(button.title).toBe("Draft with Cyrano (Alt+Shift+Y)");
    expect(button.getAttribute("aria-expanded")).toBe("false");
    button.click();
    expect(button.getAttribute("aria-expanded")).toBe("true");
    expect(isSeen("#instruction")).toBe(true);
  });

  test("takes no focus from the mail", () => {
    const event = new MouseEvent("mousedown", { bubbles: true, cancelable: true });
    host("button").shadowRoot?.querySelector("button")?.dispatchEvent(event);
    expect(event.defaultPrevented).toBe(true);
  });

  test("does nothing for a script of the page", () => {
    place({ trusts: (event) => event.isTrusted });
    host("button").shadowRoot?.querySelector("button")?.click();
    host("button").dispatchEvent(new MouseEvent("click"));
    expect(host("panel").hidden).toBe(true);
    expect(link.told).toEqual([]);
  });

  test("stands in a closed root, where no script of the page reaches it", () => {
    place({ shadow: "closed" });
    expect(host("button").shadowRoot).toBeNull();
    expect(host("panel").shadowRoot).toBeNull();
  });

  test("and the panel are where the Tab key comes to after Gmail's own", () => {
    expect([host("button").tabIndex, host("panel").tabIndex]).toEqual([1, 1]);
  });

  test("opens a panel that says so where the page changed under it", () => {
    Object.defineProperty(compose, "isDark", {
      get: () => {
        throw new PageChanged("answers");
      },
    });
    compose.taken = () => {
      throw new PageChanged("answers");
    };
    press();
    expect(isSeen("#trouble")).toBe(true);
    expect($("#trouble").dataset.kind).toBe("unreadable");
  });

  test("is taken away again where the panel finds no place", () => {
    const changed = new FakeCompose();
    changed.isChanged = true;
    expect(() => attach(changed, aroundOf(new FakeLink()))).toThrow();
    expect(changed.root.children).toHaveLength(0);
  });
});

describe("the box", () => {
  test("has the focus, and Enter asks", () => {
    press();
    expect(host("panel").shadowRoot?.activeElement).toBe($("#instruction"));
    type($("#instruction"), "thank her");
    expect(key("Enter").defaultPrevented).toBe(true);
    expect(link.asks).toMatchObject([{ instruction: "thank her" }]);
  });

  test("takes a new line with Shift, and waits while a word is composed", () => {
    press();
    type($("#instruction"), "ありがとう");
    key("Enter", { shiftKey: true });
    key("Enter", { isComposing: true });
    expect(link.asks).toEqual([]);
  });

  test("offers an answer from the thread where there is one, else waits for words", () => {
    press();
    expect($<HTMLButtonElement>("#write").disabled).toBe(true);
    place();
    compose.isAnswer = true;
    press();
    expect($("#write").textContent).toBe("Reply from the thread");
    expect($<HTMLTextAreaElement>("#instruction").placeholder).toContain("answer");
  });

  test("says what is missing where Enter is pressed without a word", () => {
    press();
    key("Enter");
    expect($("#trouble").dataset.kind).toBe("no-words");
    expect(link.asks).toEqual([]);
  });

  test("a chip is pressed, and pressed again is not", () => {
    press();
    const chip = $("[data-tone=formal]");
    chip.click();
    expect(chip.getAttribute("aria-pressed")).toBe("true");
    chip.click();
    expect(chip.getAttribute("aria-pressed")).toBe("false");
  });
});

describe("the letter", () => {
  test("streams in as text, the first words at once, more in the next frame; markup in it stays text", async () => {
    compose.typed = { text: "x", isSelection: false };
    press();
    link.say({ type: "token", text: "Hi <img src=x onerror=alert(1)>" }, { type: "token", text: " Bob" });
    expect($("#text").textContent).toBe("Hi <img src=x onerror=alert(1)>");
    await new Promise(requestAnimationFrame);
    expect($("#text").textContent).toBe("Hi <img src=x onerror=alert(1)> Bob");
    expect($("#text").children).toHaveLength(0);
    expect($("#text").getAttribute("aria-busy")).toBe("true");
  });

  test("is read out by whole sentences", () => {
    compose.typed = { text: "x", isSelection: false };
    press();
    const said = () => $("[role=log]").textContent;
    link.say({ type: "token", text: "Hi Bob. See" });
    expect(said()).toBe("Hi Bob. ");
    link.say({ type: "token", text: " you" }, { type: "done", draft: draftOf("Hi Bob. See you") });
    expect(said()).toBe("Hi Bob. See you");
  });

  test("marks what is unsupported and says why; a link is struck out until it is kept", () => {
    const text = "🎉 At 14:30, see https://e.example";
    const facts = [factIn(text, "time", "14:30"), factIn(text, "link", "https://e.example")];
    drafted(draftOf(text, facts));
    const marks = () => [...$("#text").querySelectorAll("mark")];
    expect(marks().map((mark) => [mark.textContent, mark.dataset.out])).toEqual([
      ["14:30", undefined],
      ["https://e.example", ""],
    ]);
    expect(marks()[0]?.title).toContain("Time");
    $("[data-keep]").click();
    expect(marks()[1]?.dataset.out).toBeUndefined();
    $("#insert").click();
    expect(compose.puts[0]?.text).toBe(text);
  });

  test("has its language, and opens the mails it leans on", () => {
    const source = { message_id: "1", subject: "", to: ["bob@example.org"], sent_at: null, text: "Hi <b>", score: 1 };
    drafted({ ...draftOf("Hallo."), language: "de", sources: [source], notice: "The base model writes." });
    expect($("#text").lang).toBe("de");
    expect($("#sources .said").textContent).toBe("Hi <b>");
    expect($("#notice").textContent).toBe("The base model writes.");
  });

  test("says how much of a long thread was not read, as long as the draft is in sight", () => {
    drafted({ ...draftOf("Hello."), unread: 12 });
    expect($("#unread").hidden).toBe(false);
    expect($("#unread").textContent).toContain("12");
    $("#insert").click();
    expect($("#unread").hidden).toBe(true);
  });

  test("says nothing of a thread that was read whole", () => {
    drafted({ ...draftOf("Hello."), unread: 0 });
    expect($("#unread").hidden).toBe(true);
  });

  test("takes the direction and the light of the page", () => {
    compose.isRightToLeft = true;
    compose.isDark = true;
    press();
    expect($("#panel").dir).toBe("rtl");
    expect($("#panel").dataset.theme).toBe("dark");
  });
});

describe("keys", () => {
  test("Escape stops a draft, then closes the panel and gives the mail the focus", () => {
    compose.typed = { text: "x", isSelection: false };
    press();
    link.say({ type: "token", text: "Hi" });
    key("Escape");
    expect($("#panel").dataset.phase).toBe("stopped");
    key("Escape");
    expect(host("panel").hidden).toBe(true);
    expect(compose.focused).toBe(1);
  });

  test("Ctrl+Enter inserts, or replaces what was selected", () => {
    drafted();
    key("Enter", { ctrlKey: true });
    expect(compose.puts.map((put) => put.how)).toEqual(["insert"]);
    place();
    compose.typed = { text: "x", isSelection: true };
    press();
    link.say({ type: "done", draft: draftOf("Hi") });
    expect(isSeen("#replace")).toBe(true);
    key("Enter", { metaKey: true });
    expect(compose.puts.map((put) => put.how)).toEqual(["replace"]);
  });

  test("pressed in the panel are seen by nothing of the page's", () => {
    const seen = vi.fn();
    document.addEventListener("keydown", seen, { capture: true });
    drafted();
    key("e");
    key("Enter", { ctrlKey: true });
    document.removeEventListener("keydown", seen, { capture: true });
    expect(seen).not.toHaveBeenCalled();
  });

  test("are the panel's also where the page threw the guard's listeners away", () => {
    place({ keys: new KeyGuard(new EventTarget(), () => true) });
    const seen = vi.fn();
    document.addEventListener("keydown", seen);
    drafted();
    key("Enter", { ctrlKey: true });
    document.removeEventListener("keydown", seen);
    expect(seen).not.toHaveBeenCalled();
    expect(compose.puts).toHaveLength(1);
  });

  test.each(["beforeinput", "input", "compositionupdate", "paste"])(
    "make a %s that nothing of the page's hears",
    (name) => {
      press();
      const heard = vi.fn();
      document.addEventListener(name, heard, { capture: true });
      const box = $<HTMLTextAreaElement>("#instruction");
      box.focus();
      box.dispatchEvent(new InputEvent(name, { bubbles: true, composed: true, data: "s" }));
      document.removeEventListener(name, heard, { capture: true });
      expect(heard).not.toHaveBeenCalled();
    },
  );

  test("fill both boxes, though the guard takes what they make", () => {
    press();
    const write = (id: string, text: string) => {
      const box = $<HTMLTextAreaElement>(id);
      box.focus();
      box.value = text;
      box.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true, data: text }));
    };
    write("#instruction", "thank her");
    $("#write").click();
    link.say({ type: "done", draft: draftOf("Thanks.") });
    expect(link.asks).toMatchObject([{ instruction: "thank her" }]);
    expect($<HTMLButtonElement>("#refine-go").disabled).toBe(true);
    write("#refine", "longer");
    expect($<HTMLButtonElement>("#refine-go").disabled).toBe(false);
  });

  test("held down after the insertion, Ctrl+Enter does not go on into the mail, where it would send", () => {
    const seen = vi.fn();
    document.addEventListener("keydown", seen);
    drafted();
    key("Enter", { ctrlKey: true });
    const again = { key: "Enter", ctrlKey: true, bubbles: true, cancelable: true };
    const held = new KeyboardEvent("keydown", { ...again, repeat: true });
    document.body.dispatchEvent(held);
    expect(held.defaultPrevented).toBe(true);
    expect(seen).not.toHaveBeenCalled();
    document.body.dispatchEvent(new KeyboardEvent("keyup", again));
    document.body.dispatchEvent(new KeyboardEvent("keydown", again));
    document.removeEventListener("keydown", seen);
    expect(seen).toHaveBeenCalledTimes(1);
  });
});
