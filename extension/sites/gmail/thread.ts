// The conversation a compose answers, as far as it is in sight: data, never orders.

import type { ThreadMessage } from "../../protocol";
import { PageChanged } from "../site";
import { instantOf } from "./dates";
import { answeredId, type Frame } from "./frame";
import { named, recipientsOf } from "./people";
import { all, around, HOOKS } from "./selectors";
import { visibleText } from "./visible";

// A prompt has room for far less.
const MOST = 40;

/** The messages up to the one that is answered, oldest first; empty for a new mail. */
export function threadOf(frame: Frame, quoted: string): ThreadMessage[] {
  const id = answeredId(frame);
  if (id === "") return [];
  const answered = all(frame.root.ownerDocument, HOOKS.message).find((message) => idOf(message) === id);
  if (answered !== undefined) return upTo(answered).map(messageOf);
  // A window of its own shows no conversation: what is quoted in the editor has to do.
  if (frame.root.closest("[role=list]") !== null) throw new PageChanged(HOOKS.message.name);
  return quoted === "" ? [] : [{ from: recipientsOf(frame.form)[0] ?? "", text: quoted }];
}

function idOf(message: HTMLElement): string {
  return (message.getAttribute("data-message-id") ?? "").replace(/^#/, "");
}

function upTo(answered: HTMLElement): HTMLElement[] {
  const messages = all(around(answered, HOOKS.messageList), HOOKS.message);
  return messages.slice(0, messages.indexOf(answered) + 1).slice(-MOST);
}

function messageOf(message: HTMLElement): ThreadMessage {
  const [sender] = all(message, HOOKS.person);
  const address = sender?.getAttribute("email") ?? "";
  if (sender === undefined || address === "") throw new PageChanged("sender");
  const head = headOf(sender, message);
  const bodies = bodiesBelow(head).map(visibleText);
  const [text = ""] = bodies.sort((a, b) => b.length - a.length);
  const sent_at = sentAt(head);
  return { from: named(sender.getAttribute("name") ?? "", address), text, ...(sent_at && { sent_at }) };
}

/** The table with sender and date. */
function headOf(sender: HTMLElement, message: HTMLElement): HTMLElement {
  let head: HTMLElement | null = null;
  for (let at = sender.parentElement; at !== null && at !== message; at = at.parentElement) {
    if (at.tagName === "TABLE") head = at;
  }
  if (head === null) throw new PageChanged("sender");
  return head;
}

function sentAt(head: HTMLElement): string | undefined {
  const language = head.ownerDocument.documentElement.lang;
  const told = all(head, HOOKS.date).map((node) => instantOf(node.getAttribute("title") ?? "", language));
  return told.find((instant) => instant !== undefined);
}

/** What follows the head: the body, and lesser things such as notices and the names of attachments. */
function bodiesBelow(head: HTMLElement): HTMLElement[] {
  for (let at: HTMLElement | null = head; at !== null && !at.matches(HOOKS.message.selector); at = at.parentElement) {
    const below = followers(at).filter((node) => node.textContent?.trim() !== "");
    if (below.length > 0) return below;
  }
  return [];
}

function followers(node: HTMLElement): HTMLElement[] {
  const found: HTMLElement[] = [];
  for (let at = node.nextElementSibling; at !== null; at = at.nextElementSibling) found.push(at as HTMLElement);
  return found;
}
