// A place of our own in somebody else's page: its styles do not reach in, ours do not reach out, and its scripts find
// no way inside.

import { make } from "./element";

const OURS = ["mousedown", "mouseup", "click", "dblclick", "pointerdown", "pointerup", "copy", "cut", "paste", "drop"];

export interface Place {
  host: HTMLElement;
  root: ShadowRoot;
}

/** Make a host with a shadow root and its styles; what is clicked or pasted in it stays in it. */
export function makePlace(name: string, mode: ShadowRootMode, css: string): Place {
  const host = make("div", { "data-cyrano": name });
  const root = host.attachShadow({ mode });
  root.append(make("style", {}, css));
  for (const type of OURS) host.addEventListener(type, (event) => event.stopPropagation());
  return { host, root };
}
