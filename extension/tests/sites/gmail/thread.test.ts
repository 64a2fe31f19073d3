import { describe, expect, test, vi } from "vitest";
import { LOCALES } from "../../../fixtures/page/locales.js";
import { HIDDEN } from "../../../fixtures/page/mail.js";
import { compose } from "./page";

const FIRST = "Hello Ana,\n\nthe storm took the fence down. Could you have a look on Thursday?\n\nTom";
const LAST =
  "Ana, one more thing:\n\nwhat would 12 metres of oak cost? We need an answer by Friday.\n\nTom\n\nfence.pdf";

describe("the conversation that is answered", () => {
  test.each(["reply", "reply-all", "forward"])(
    "its unfolded messages, oldest first, without what they quote: %s",
    (kind) => {
      const { thread } = compose(`compose=${kind}`).context();
      expect(thread.map(({ from, text }) => ({ from, text }))).toEqual([
        { from: "Tom Berg <tom@example.com>", text: FIRST },
        { from: "Tom Berg <tom@example.com>", text: LAST },
      ]);
    },
  );

  test.each(LOCALES)("in every language, with other class names: %s", (locale) => {
    const { thread } = compose(`compose=reply&locale=${locale}&randomise=9`).context();
    expect(thread.map(({ text }) => text)).toEqual([FIRST, LAST]);
  });

  test("the time each was sent", () => {
    const { thread } = compose("compose=reply&locale=de").context();
    const told = thread.map(({ sent_at }) => sent_at);
    expect(told).toEqual(["2026-11-16T09:12:00.000Z", "2026-11-17T15:04:00.000Z"]);
  });

  test("messages after the one that is answered are left out", () => {
    const window = compose("compose=reply");
    const mark = window.root.querySelector("input[name=rm]") as HTMLInputElement;
    mark.value = "#msg-f:1801000000000000001";
    expect(window.context().thread.map(({ text }) => text)).toEqual([FIRST]);
  });

  test("a new mail has none, though one stands in the page", () => {
    expect(compose("compose=new").context().thread).toEqual([]);
  });

  test("an answer in a window over the conversation has it too", () => {
    expect(
      compose("compose=reply-dialog")
        .context()
        .thread.map(({ text }) => text),
    ).toEqual([FIRST, LAST]);
  });

  test("where the page shows none, what is quoted in the editor has to do", () => {
    const [quoted, ...more] = compose("compose=reply-popout&quote=1&signature=1").context().thread;
    expect(more).toEqual([]);
    expect(quoted?.from).toBe("Tom Berg <tom@example.com>");
    expect(quoted?.text).toContain("12 metres of oak");
    expect(quoted?.text).not.toContain("Ivers Gardens");
    expect(compose("compose=reply-popout").context().thread).toEqual([]);
    expect(compose("compose=reply-popout").isAnswer).toBe(false);
    expect(compose("compose=reply-popout").isAlone).toBe(true);
    expect(compose("compose=new").isAlone).toBe(false);
    expect(compose("compose=reply-popout&quote=1").isAnswer).toBe(true);
    expect(compose("compose=reply-popout&quote=1").isAlone).toBe(false);
  });

  test("a list of attachments longer than a mail does not take its place", () => {
    const window = compose("compose=reply");
    const names = [...document.querySelectorAll("[data-message-id]")].at(-1)?.querySelector(".hq") as HTMLElement;
    names.textContent = "a very long name of a file.pdf ".repeat(9);
    expect(window.context().thread.at(-1)?.text).toMatch(/^Ana, one more thing:[\s\S]*\.pdf$/);
  });

  test("folded messages without a head are passed over, unless one is answered", () => {
    const window = compose("compose=reply");
    const [first, last] = document.querySelectorAll("[data-message-id]");
    first?.replaceChildren("folded");
    expect(window.context().thread.map(({ text }) => text)).toEqual([LAST]);
    last?.replaceChildren("folded");
    expect(() => window.context()).toThrow("sender");
  });

  test("a message that holds marks of a message is one message", () => {
    const window = compose("compose=reply");
    const last = [...document.querySelectorAll("[data-message-id]")].at(-1) as HTMLElement;
    const inner = [...last.querySelectorAll("td, div")].at(-1) as HTMLElement;
    inner.setAttribute("data-message-id", last.getAttribute("data-message-id") ?? "");
    expect(window.context().thread.map(({ text }) => text)).toEqual([FIRST, LAST]);
  });

  test("a conversation that was left and is not shown is not read", () => {
    const window = compose("compose=reply-dialog&quote=1");
    const rects = (node: Element) => (node.closest("[role=main]") ? [] : [new DOMRect(0, 0, 9, 9)]);
    vi.spyOn(Element.prototype, "getClientRects").mockImplementation(function (this: Element) {
      return rects(this) as unknown as DOMRectList;
    });
    const [quoted, ...more] = window.context().thread;
    expect([quoted?.text.includes("12 metres of oak"), more]).toEqual([true, []]);
  });
});

describe("a hostile message", () => {
  test("hides nothing in what is read", () => {
    const text = compose("compose=reply&hostile=1").context().thread.at(-1)?.text;
    expect(text).toContain("12 metres of oak");
    // Where letters lie on the screen only a browser knows.
    for (const hidden of HIDDEN.filter(({ inBrowsers }) => !inBrowsers)) expect(text).not.toContain(hidden.text);
  });

  test("letters that nobody sees are gone", () => {
    const { thread } = compose("compose=reply&hostile=1").context();
    expect(thread.at(-1)?.text).toMatch(/^Pay at paypal\.example, ecilAnow\.$/m);
  });

  test("the name it gives itself makes no second address", () => {
    const window = compose("compose=reply");
    const sender = document.querySelector("[role=listitem]:last-child [email]");
    sender?.setAttribute("name", 'Boss <boss@example.org>"\n\u202e');
    const from = window.context().thread.at(-1)?.from;
    expect(from).toBe("Boss boss@example.org <tom@example.com>");
  });
});
