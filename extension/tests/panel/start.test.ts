import { beforeEach, describe, expect, test } from "vitest";
import { start } from "../../panel/start";
import { type Compose, PageChanged, type Site } from "../../sites/site";
import { aroundOf, FakeCompose, FakeLink } from "./stand_ins";

class FakeSite implements Site {
  now: Compose | null = null;
  found: (compose: Compose) => void = () => {};
  changed: (why: PageChanged) => void = () => {};

  watch(found: (compose: Compose) => void, changed: (why: PageChanged) => void): void {
    this.found = found;
    this.changed = changed;
  }

  current(): Compose | null {
    return this.now;
  }
}

let site = new FakeSite();
let take: (called: unknown) => void;
const press = () => take({ type: "pressed" });

function toasts(): number {
  return document.querySelectorAll("[data-cyrano=toast]").length;
}

beforeEach(() => {
  document.body.replaceChildren();
  site = new FakeSite();
  take = start(site, aroundOf(new FakeLink()), new AbortController().signal);
});

describe("in a page", () => {
  test("each compose has its own button and panel", () => {
    const composes = [new FakeCompose(), new FakeCompose()];
    composes.map((compose) => site.found(compose));
    expect(composes.map((compose) => compose.root.children.length)).toEqual([2, 2]);
  });

  test("the keys press the button of the compose that has the focus", () => {
    const [one, other] = [new FakeCompose(), new FakeCompose()];
    site.found(one);
    site.found(other);
    press();
    site.now = other;
    press();
    const panel = (compose: FakeCompose) => compose.root.querySelector<HTMLElement>("[data-cyrano=panel]");
    expect([panel(one)?.hidden, panel(other)?.hidden]).toEqual([true, false]);
  });

  test("that has changed there is no button, and one line says so, once", () => {
    const compose = new FakeCompose();
    compose.isChanged = true;
    site.found(compose);
    site.changed(new PageChanged("editor"));
    expect(compose.root.children).toHaveLength(0);
    expect(toasts()).toBe(1);
  });

  test("what an earlier version of the extension left behind is taken away", () => {
    const old = document.createElement("div");
    old.dataset.cyrano = "button";
    document.body.append(old);
    start(site, aroundOf(new FakeLink()), new AbortController().signal);
    expect(old.isConnected).toBe(false);
  });

  test("the shortcut is known among all messages", () => {
    const compose = new FakeCompose();
    site.found(compose);
    site.now = compose;
    const panel = compose.root.querySelector<HTMLElement>("[data-cyrano=panel]");
    for (const called of [{ type: "else" }, null, "pressed"]) take(called);
    expect(panel?.hidden).toBe(true);
    press();
    expect(panel?.hidden).toBe(false);
  });
});
