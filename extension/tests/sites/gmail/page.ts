// A page of Gmail's for a test, and what the site finds in it.

import { buildPage } from "../../../fixtures/page/page.js";
import { gmail } from "../../../sites/gmail";
import type { Compose, PageChanged, Site } from "../../../sites/site";
import { giveEditing } from "./browser";

export interface Opened {
  site: Site;
  found: Compose[];
  changed: string[];
  acts: ReturnType<typeof buildPage>;
  stop(): void;
}

// One page at a time: what watched the last one would look at this one too.
let last = new AbortController();

/** Builds the page of a query, and watches it. */
export function open(query: string): Opened {
  const acts = build(query);
  const site = gmail(document, () => true);
  const end = last;
  const opened: Opened = { site, found: [], changed: [], acts, stop: () => end.abort() };
  const changed = (why: PageChanged) => opened.changed.push(why.hook);
  site.watch((compose) => opened.found.push(compose), changed, end.signal);
  return opened;
}

/** Builds the page alone. */
export function build(query: string): ReturnType<typeof buildPage> {
  last.abort();
  last = new AbortController();
  document.head.replaceChildren();
  document.body.replaceChildren();
  document.getSelection()?.removeAllRanges();
  giveEditing(document);
  return buildPage(document, query);
}

/** The first compose of a page. */
export function compose(query: string): Compose {
  const [first] = open(query).found;
  if (first === undefined) throw new Error("there is no compose");
  return first;
}

export function editor(): HTMLElement {
  return document.querySelector("[data-compose-id] [contenteditable]") as HTMLElement;
}

/** The editor's lines, as a person would see them. */
export function lines(node: Node = editor()): string[] {
  const found: string[] = [""];
  const walk = (at: Node): void => {
    if (at.nodeName === "BR") found.push("");
    if (at instanceof Text) found[found.length - 1] += at.data;
    const isBlock = ["DIV", "BLOCKQUOTE"].includes(at.nodeName);
    if (isBlock && found.at(-1) !== "") found.push("");
    at.childNodes.forEach(walk);
    if (isBlock && found.at(-1) !== "") found.push("");
  };
  node.childNodes.forEach(walk);
  return found.map((line) => line.trim()).filter((line) => line !== "");
}

/** The owner begins to write: before anything changes, the page is told. */
export function begin(): void {
  editor().dispatchEvent(new InputEvent("beforeinput", { bubbles: true, inputType: "insertText" }));
}

/** Types lines at the beginning of the editor, as its owner would. */
export function type(...typed: string[]): void {
  begin();
  const [first = "", ...more] = typed;
  const blocks = more.map((line) => {
    const block = document.createElement("div");
    block.append(line);
    return block;
  });
  if (editor().firstChild?.nodeName === "BR") editor().firstChild?.remove();
  editor().prepend(first, ...(blocks.length > 0 ? blocks : [document.createElement("br")]));
}

/** Select words in the editor, as its owner would. */
export function select(words: string): void {
  const walker = document.createTreeWalker(editor(), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode() as Text | null; node !== null; node = walker.nextNode() as Text | null) {
    const at = node.data.indexOf(words);
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + words.length);
    document.getSelection()?.removeAllRanges();
    document.getSelection()?.addRange(range);
    return;
  }
  throw new Error(`"${words}" is not in the editor`);
}
