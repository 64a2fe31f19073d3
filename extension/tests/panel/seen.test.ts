// What needs to be seen to be done.

import { beforeEach, describe, expect, test } from "vitest";
import type { Sight } from "../../panel/sight";
import { aroundOf, attach, draftOf, FakeCompose, FakeLink } from "./stand_ins";

/** Sees all but what the test hides, and knows what it was asked about. */
class FakeSight implements Sight {
  readonly watched: string[] = [];
  hidden: string[] = [];
  hits = true;

  watch(node: HTMLElement): void {
    this.watched.push(node.id);
  }

  counts(): boolean {
    return this.hits;
  }

  sees(node: HTMLElement): boolean {
    return !this.hidden.includes(node.id);
  }
}

let [compose, link, sight] = [new FakeCompose(), new FakeLink(), new FakeSight()];
let press: () => void;

function $<Node extends HTMLElement>(place: "button" | "panel", selector: string): Node {
  const host = compose.root.querySelector<HTMLElement>(`[data-cyrano=${place}]`);
  return host?.shadowRoot?.querySelector<Node>(selector) as Node;
}

function key(name: string, more: KeyboardEventInit = {}): void {
  const host = compose.root.querySelector("[data-cyrano=panel]");
  const event = new KeyboardEvent("keydown", { key: name, bubbles: true, composed: true, cancelable: true, ...more });
  (host?.shadowRoot?.activeElement ?? host)?.dispatchEvent(event);
}

function said(): string[] {
  const toasts = document.querySelectorAll("[data-cyrano=toast]");
  return [...toasts].map((toast) => toast.shadowRoot?.querySelector("#line")?.textContent ?? "");
}

function drafted(): void {
  compose.typed = { text: "say yes", isSelection: false };
  press();
  link.say({ type: "done", draft: draftOf("Hi Bob.") });
}

beforeEach(() => {
  document.body.replaceChildren();
  [compose, link, sight] = [new FakeCompose(), new FakeLink(), new FakeSight()];
  press = attach(compose, aroundOf(link, { sight }));
});

describe("what nobody sees", () => {
  test.each(["button", "panel"])(
    "is not inserted, by key or click, where the %s of it is hidden, which is said",
    (id) => {
      drafted();
      sight.hidden = [id === "button" ? "insert" : "panel"];
      key("Enter", { ctrlKey: true });
      $("panel", "#insert").click();
      expect(compose.puts).toEqual([]);
      expect(said()).toEqual([expect.stringContaining("Nothing was done")]);
      sight.hidden = [];
      key("Enter", { ctrlKey: true });
      expect(compose.puts).toHaveLength(1);
    },
  );

  test("replaces nothing", () => {
    compose.typed = { text: "x", isSelection: true };
    press();
    link.say({ type: "done", draft: draftOf("Hi") });
    sight.hidden = ["replace"];
    key("Enter", { ctrlKey: true });
    $("panel", "#replace").click();
    expect(compose.puts).toEqual([]);
  });

  test("asks nothing: neither the button nor its keys", () => {
    compose.typed = { text: "say yes", isSelection: false };
    sight.hidden = ["button"];
    press();
    $("button", "button").click();
    expect(link.asks).toEqual([]);
    expect(said()).toHaveLength(1);
  });

  test("asks nothing from the box, by Enter, Ctrl+Enter or its button", () => {
    compose.isAnswer = true;
    press();
    sight.hidden = ["write"];
    key("Enter");
    key("Enter", { ctrlKey: true });
    $("panel", "#write").click();
    expect(link.asks).toEqual([]);
  });

  test.each(["#retry", "[data-quick=shorter]", "#refine-go"])("asks for no other draft: %s", (selector) => {
    drafted();
    const box = $<HTMLInputElement>("panel", "#refine");
    box.value = "longer";
    box.dispatchEvent(new Event("input"));
    sight.hidden = ["panel"];
    $("panel", selector).click();
    box.focus();
    key("Enter");
    expect(link.asks).toHaveLength(1);
  });

  test("is told of also where the click hit something faint", () => {
    sight.hits = false;
    $("button", "button").click();
    expect(said()).toHaveLength(1);
  });

  test("can be closed, stopped and thrown away all the same", () => {
    drafted();
    sight.hidden = ["panel", "insert", "button"];
    $("panel", "#discard").click();
    expect(link.feedback).toEqual(["discarded d1"]);
  });
});

test("an eye is kept on all that acts, and on the panel around it", () => {
  const acts = ["button", "panel", "insert", "replace", "retry", "write", "refine-go", "trouble-act"];
  expect(sight.watched).toEqual(expect.arrayContaining(acts));
});
