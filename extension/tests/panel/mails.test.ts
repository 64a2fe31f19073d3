import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Mails } from "../../panel/mails";
import { aroundOf, draftOf, FakeCompose, FakeLink } from "./stand_ins";

let [mails, link] = [new Mails(aroundOf(new FakeLink())), new FakeLink()];

function open(id: string): FakeCompose {
  return new FakeCompose(id);
}

function hosts(compose: FakeCompose): string[] {
  return [...compose.root.querySelectorAll<HTMLElement>("[data-cyrano]")].map(({ dataset }) => dataset.cyrano ?? "");
}

function panel(compose: FakeCompose): HTMLElement {
  return compose.root.querySelector("[data-cyrano=panel]") as HTMLElement;
}

function go(compose: FakeCompose): void {
  compose.root.remove();
  compose.end.abort();
}

beforeEach(() => {
  vi.useFakeTimers();
  document.body.replaceChildren();
  link = new FakeLink();
  mails = new Mails(aroundOf(link));
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a mail whose compose goes", () => {
  test("leaves nothing of ours in it", () => {
    const compose = open("1");
    mails.attach(compose);
    compose.end.abort();
    expect(hosts(compose)).toEqual([]);
  });

  test("has one button and one panel where it comes back, and all that was written in them", () => {
    const [before, after] = [open("1"), open("1")];
    mails.attach(before).press();
    const box = panel(before).shadowRoot?.querySelector("#instruction") as HTMLTextAreaElement;
    box.value = "thank her";
    box.dispatchEvent(new Event("input", { bubbles: true }));
    panel(before).style.position = "fixed";
    go(before);
    mails.attach(after);
    expect(hosts(after)).toEqual(["button", "panel"]);
    expect(panel(after).hidden).toBe(false);
    expect(panel(after).getAttribute("style")).toBeNull();
    expect(panel(after).shadowRoot?.querySelector<HTMLTextAreaElement>("#instruction")?.value).toBe("thank her");
  });

  test("goes on with its draft, which then goes into the compose that came", () => {
    const [before, after] = [open("1"), open("1")];
    before.typed = { text: "say yes", isSelection: false };
    mails.attach(before).press();
    go(before);
    link.say({ type: "token", text: "Hi" });
    vi.advanceTimersByTime(300);
    mails.attach(after);
    link.say({ type: "done", draft: draftOf("Hi Bob.") });
    panel(after).shadowRoot?.querySelector<HTMLButtonElement>("#insert")?.click();
    expect(after.puts).toMatchObject([{ text: "Hi Bob." }]);
    expect(link.asks).toHaveLength(1);
    expect(link.signal?.aborted).toBe(false);
  });

  test("has its keys again", () => {
    const [before, after] = [open("1"), open("1")];
    mails.attach(before).press();
    go(before);
    mails.attach(after);
    const event = new KeyboardEvent("keydown", { key: "Escape", bubbles: true, composed: true });
    panel(after).dispatchEvent(event);
    expect(panel(after).hidden).toBe(true);
  });

  test("and does not come back at once has its draft stopped; what came of it waits", () => {
    const [before, after] = [open("1"), open("1")];
    before.typed = { text: "say yes", isSelection: false };
    mails.attach(before).press();
    link.say({ type: "token", text: "Hi" });
    go(before);
    vi.advanceTimersByTime(1_900);
    expect(link.signal?.aborted).toBe(false);
    vi.advanceTimersByTime(200);
    expect(link.signal?.aborted).toBe(true);
    mails.attach(after);
    expect(panel(after).shadowRoot?.querySelector("#text")?.textContent).toBe("Hi");
  });

  test("and does not come back in a minute is given up", () => {
    const [before, after] = [open("1"), open("1")];
    before.typed = { text: "say yes", isSelection: false };
    mails.attach(before).press();
    go(before);
    vi.advanceTimersByTime(61_000);
    mails.attach(after);
    expect(panel(after).hidden).toBe(true);
  });

  test("and comes back is not given up for having been away", () => {
    const [before, after] = [open("1"), open("1")];
    before.typed = { text: "say yes", isSelection: false };
    mails.attach(before).press();
    go(before);
    mails.attach(after);
    vi.advanceTimersByTime(120_000);
    expect(link.signal?.aborted).toBe(false);
  });
});

test("another mail has a button and a panel of its own, also beside one of the same name", () => {
  const [one, twin, other] = [open("1"), open("1"), open("2")];
  mails.attach(one).press();
  mails.attach(twin);
  mails.attach(other);
  expect([one, twin, other].map((compose) => panel(compose).hidden)).toEqual([false, true, true]);
});
