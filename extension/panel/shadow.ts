// A place of our own in somebody else's page: its styles do not reach in, ours do not reach out, and its scripts get
// hold of nothing inside. They are not blind: what is selected in it, and whether it holds a word, a page can ask the
// browser.

import { make } from "../element";

const OURS = ["mousedown", "mouseup", "click", "dblclick", "pointerdown", "pointerup", "copy", "cut", "paste", "drop"];

export interface Place {
  host: HTMLElement;
  root: ShadowRoot;
}

/** Make a host with a shadow root and its styles; what is clicked or pasted in it stays in it. */
export function makePlace(name: string, mode: ShadowRootMode, css: string): Place {
  const host = make("div", { "data-cyrano": name });
  const root = host.attachShadow({ mode, delegatesFocus: true }); // the host itself is no stop of the Tab key
  root.append(make("style", {}, css));
  for (const type of OURS) host.addEventListener(type, (event) => event.stopPropagation());
  return { host, root };
}
