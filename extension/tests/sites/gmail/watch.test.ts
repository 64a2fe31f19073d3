import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { HOOKS } from "../../../fixtures/page/hooks.js";
import { LOCALES } from "../../../fixtures/page/locales.js";
import { KINDS } from "../../../fixtures/page/options.js";
import { lines, open, type } from "./page";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Mutations are told, then looked at after a pause. */
async function pass(time_ms = 100): Promise<void> {
  await vi.advanceTimersByTimeAsync(time_ms);
}

describe("composes are found", () => {
  test.each(KINDS)("a compose that was open before the script is found: %s", (kind) => {
    expect(open(`compose=${kind}`).found).toHaveLength(1);
  });

  test("several at once are several", () => {
    const { found } = open("compose=new,new,reply,minimised,full");
    expect(new Set(found.map(({ root }) => root)).size).toBe(5);
  });

  test("a compose that comes later is found once", async () => {
    const { found } = open("compose=new&late=500");
    expect(found).toHaveLength(0);
    await pass(700);
    await pass(5000);
    expect(found).toHaveLength(1);
  });

  test.each(LOCALES)("no word of Gmail's is needed: %s", (locale) => {
    expect(open(`compose=new,reply,full&locale=${locale}&signature=1`).found).toHaveLength(3);
  });

  test("no class name and no id is needed", () => {
    for (const seed of ["1", "2", "three"]) {
      expect(open(`compose=new,reply,forward,full,minimised&randomise=${seed}`).found).toHaveLength(5);
    }
  });

  test("other editors, dialogs and regions are no composes", async () => {
    const { found, changed } = open("compose=");
    await pass(10_000);
    expect([found, changed]).toEqual([[], []]);
  });
});

describe("composes go and change", () => {
  test("a closed compose is told, once", async () => {
    const { found, acts } = open("compose=new,new");
    const ends = found.map(({ gone }) => vi.fn(() => gone.aborted));
    for (const [at, { gone }] of found.entries()) gone.addEventListener("abort", ends[at] as () => boolean);
    acts.close(1);
    await pass();
    expect(ends.map((end) => end.mock.calls.length)).toEqual([1, 0]);
  });

  test("a compose that moves to full screen and back stays the same", async () => {
    const { found, acts } = open("compose=new");
    acts.move(1);
    await pass();
    expect(found).toHaveLength(1);
    expect(found[0]?.gone.aborted).toBe(false);
  });

  test("the button comes back when Gmail draws its bar anew", async () => {
    const { found, acts } = open("compose=new");
    const host = document.createElement("div");
    found[0]?.placeButton(host);
    acts.redrawBar(1);
    expect(host.isConnected).toBe(false);
    await pass();
    expect(host.isConnected).toBe(true);
  });

  test("a window that takes another mail is another compose", async () => {
    const { found, acts } = open("compose=new");
    const mark = acts.node(1).querySelector("input[name=composeid]") as HTMLInputElement;
    mark.setAttribute("value", "another");
    await pass();
    expect(found).toHaveLength(2);
    expect(found[0]?.gone.aborted).toBe(true);
  });

  test("nothing is told any more after the end, and all composes are let go", async () => {
    const { found, acts, stop } = open("compose=new");
    stop();
    acts.open("new");
    await pass();
    expect(found).toHaveLength(1);
    expect(found[0]?.gone.aborted).toBe(true);
  });
});

describe("a page that has changed", () => {
  const fatal = ["composeid", "form", "frame", "editor", "editorRole", "send", "answers", "subject"];

  test.each(fatal)("without %s there is no button, and one word about it", async (hook) => {
    const { found, changed } = open(`compose=new,new,reply&without=${hook}`);
    await pass(10_000);
    expect(found).toHaveLength(0);
    expect(changed).toEqual([{ editorRole: "editor" }[hook] ?? hook]);
  });

  const later = ["message", "messageList", "sender", "head"];

  test.each(later)("without %s a draft is not even asked for", (hook) => {
    const { found } = open(`compose=reply&without=${hook}`);
    expect(() => found[0]?.context()).toThrow(hook);
  });

  test("without the account's link the page's title tells the mailbox", () => {
    const { found } = open("compose=reply&without=account");
    expect(found[0]?.context().mailbox).toBe("ana@example.org");
  });

  const people = ["recipients", "recipientList", "chipName", "suggests", "senderName"];
  const around = ["moreSend", "dialog", "toolbar", "from", "date", "title", "language", "signature", "quote"];
  const dispensable = [...people, ...around];

  test.each(dispensable)("without %s a draft goes where it should", async (hook) => {
    const { found, acts } = open(`compose=&signature=1&quote=1&from=ana@work.example&without=${hook}`);
    acts.open("reply");
    await pass();
    const below = lines();
    type("tell tom");
    found[0]?.insert("Hi Tom", found[0].taken());
    expect(lines()).toEqual(["Hi Tom", ...below]);
    expect(found[0]?.context().to).toEqual(hook === "recipients" ? [] : ["Tom Berg <tom@example.com>"]);
  });

  test("every hook that can go is tried here", () => {
    expect([...fatal, ...later, ...dispensable, "account"].sort()).toEqual([...HOOKS].sort());
  });

  test("a compose that nobody sees is waited for without a word", async () => {
    vi.spyOn(Element.prototype, "getClientRects").mockImplementation(function (this: Element) {
      return (this === document.documentElement ? [new DOMRect(0, 0, 9, 9)] : []) as unknown as DOMRectList;
    });
    const { changed } = open("compose=new&without=editor");
    await pass(30_000);
    expect(changed).toEqual([]);
  });

  test("what is missing for a moment is waited for", async () => {
    const { found, changed, acts } = open("compose=new&without=editor");
    await pass(1000);
    acts.node(1).querySelector("[g_editable]")?.setAttribute("contenteditable", "true");
    await pass(10_000);
    expect([found.length, changed]).toEqual([1, []]);
  });

  test("a second editor in a compose is too many", async () => {
    const { found, changed, acts } = open("compose=");
    acts.open("new");
    const copy = acts.node(1).querySelector("[contenteditable]")?.cloneNode(true) as Node;
    acts.node(1).querySelector("[role=region]")?.append(copy);
    await pass(10_000);
    expect([found, changed]).toEqual([[], ["editor"]]);
  });

  test("a part that goes later makes its methods raise, and nothing is changed", () => {
    const { found, acts } = open("compose=new&typed=tell%20tom");
    for (const button of acts.node(1).querySelectorAll("td [role=button]")) button.removeAttribute("role");
    const bare = acts.node(1).outerHTML;
    expect(() => found[0]?.insert("Hi", null)).toThrow("send");
    expect(acts.node(1).outerHTML).toBe(bare);
  });
});

describe("which compose is meant", () => {
  test("the one that has the focus, else the last one", () => {
    const { site, found, acts } = open("compose=new,new,new");
    expect(site.current()).toBe(found[2]);
    (acts.node(2).querySelector("[contenteditable]") as HTMLElement).focus();
    expect(site.current()).toBe(found[1]);
  });

  test("the panel of a compose counts as the compose", () => {
    const { site, found } = open("compose=new,new");
    const host = document.createElement("button");
    found[0]?.placePanel(host);
    document.body.append(host);
    host.focus();
    expect(site.current()).toBe(found[0]);
  });

  test("without composes there is none", () => {
    expect(open("compose=").site.current()).toBeNull();
  });
});
