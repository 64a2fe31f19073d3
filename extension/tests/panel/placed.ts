// A compose with its button and panel, in the page of a unit test.

import type { Around } from "../../panel/around";
import { aroundOf, attach, draftOf, FakeCompose, FakeLink } from "./stand_ins";

export let [compose, link] = [new FakeCompose(), new FakeLink()];
export let press: () => void;

export function place(rest: Partial<Around> = {}): void {
  document.body.replaceChildren();
  [compose, link] = [new FakeCompose(), new FakeLink()];
  press = attach(compose, aroundOf(link, rest));
}

export function host(name: string): HTMLElement {
  return compose.root.querySelector<HTMLElement>(`[data-cyrano=${name}]`) as HTMLElement;
}

export function $<Node extends HTMLElement>(selector: string): Node {
  return host("panel").shadowRoot?.querySelector<Node>(selector) as Node;
}

export function isSeen(selector: string): boolean {
  return $(selector).closest("[hidden]") === null && !host("panel").hidden;
}

export function type(box: HTMLInputElement | HTMLTextAreaElement, text: string): void {
  box.value = text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

export function key(name: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key: name, bubbles: true, composed: true, cancelable: true, ...more });
  (host("panel").shadowRoot?.activeElement ?? host("panel")).dispatchEvent(event);
  return event;
}

export function drafted(draft = draftOf("Hi Bob.")): void {
  compose.typed = { text: "say yes", isSelection: false };
  press();
  link.say({ type: "meta", meta: draft }, { type: "done", draft });
}
