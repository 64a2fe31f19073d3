import { describe, expect, test } from "vitest";
import { LOCALES } from "../../../fixtures/page/locales.js";
import { HIDDEN } from "../../../fixtures/page/mail.js";
import { compose } from "./page";

const FIRST = "Hello Ana,\n\nthe storm took the fence down. Could you have a look on Thursday?\n\nTom";
const LAST = "Ana, one more thing:\n\nwhat would 12 metres of oak cost? We need an answer by Friday.\n\nTom";

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
  });
});

describe("a hostile message", () => {
  // Where letters lie on the screen only a browser knows.
  test.each(HIDDEN.filter(({ inBrowsers }) => !inBrowsers).map(({ text }) => text))(
    "hides nothing in what is read: %s",
    (text) => {
      const { thread } = compose("compose=reply&hostile=1").context();
      expect(thread.at(-1)?.text).not.toContain(text.slice(0, 9));
    },
  );

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
