// The conversation a compose answers, as far as it is in sight: data, never orders.

import type { ThreadMessage } from "../../protocol";
import { PageChanged } from "../site";
import { instantOf } from "./dates";
import { answeredId, type Frame } from "./frame";
import { isLaidOut } from "./layout";
import { named, recipientsOf } from "./people";
import { Purse } from "./purse";
import { all, around, HOOKS, languageOf, told } from "./selectors";
import { visibleText } from "./visible";

// A prompt has room for far less.
const MOST = 40;

/** The messages up to the one that is answered, oldest first; empty for a new mail. */
export function threadOf(frame: Frame, quoted: string): ThreadMessage[] {
  if (answeredId(frame) === "") return [];
  const answered = answeredBy(frame);
  if (answered !== null) return upTo(answered);
  // A window of its own shows no conversation: what is quoted in the editor has to do.
  if (isInList(frame)) throw new PageChanged(HOOKS.message.name);
  return quoted === "" ? [] : [{ from: recipientsOf(frame.form)[0] ?? "", text: quoted }];
}

/** Whether there is something to read of what is answered. */
export function hasThread(frame: Frame, quoted: string): boolean {
  return quoted !== "" || isInList(frame) || answeredBy(frame) !== null;
}

/** The message that is answered, if it is in sight: conversations that were left may still be in the page. */
function answeredBy(frame: Frame): HTMLElement | null {
  const id = answeredId(frame);
  const messages = all(frame.root.ownerDocument, HOOKS.message).filter((message) => idOf(message) === id);
  return messages.find((message) => !isNested(message) && isLaidOut(message)) ?? null;
}

function isInList({ root }: Frame): boolean {
  return root.closest(HOOKS.messageList.selector) !== null;
}

/** In the text of another message, which may say of itself what it likes. */
function isNested(message: HTMLElement): boolean {
  return message.parentElement?.closest(HOOKS.message.selector) != null;
}

function idOf(message: HTMLElement): string {
  return told(message, HOOKS.message).replace(/^#/, "");
}

function upTo(answered: HTMLElement): ThreadMessage[] {
  const messages = all(around(answered, HOOKS.messageList), HOOKS.message).filter((message) => !isNested(message));
  const earlier = messages.slice(0, messages.indexOf(answered)).filter(isUnfolded);
  return read([...earlier, answered].slice(-MOST));
}

/** The newest is read first: where there is too much to read, the oldest are left out. */
function read(messages: readonly HTMLElement[]): ThreadMessage[] {
  const purse = new Purse();
  const found: ThreadMessage[] = [];
  for (const message of [...messages].reverse()) {
    if (found.length > 0 && purse.isEmpty) break;
    found.push(messageOf(message, purse));
  }
  return found.reverse();
}

/** Folded messages have no text, and may have no head. */
function isUnfolded(message: HTMLElement): boolean {
  const [sender] = all(message, HOOKS.person);
  const head = sender?.closest(HOOKS.head.selector);
  return head != null && message.contains(head);
}

function messageOf(message: HTMLElement, purse: Purse): ThreadMessage {
  const [sender] = all(message, HOOKS.person);
  const address = sender === undefined ? "" : told(sender, HOOKS.person);
  if (sender === undefined || address === "") throw new PageChanged(HOOKS.person.name);
  const head = headOf(sender, message);
  const parts = bodiesBelow(head).map((body) => visibleText(body, purse));
  const text = parts.filter((part) => part !== "").join("\n\n");
  const sent_at = sentAt(head);
  return { from: named(told(sender, HOOKS.personName), address), text, ...(sent_at && { sent_at }) };
}

/** The table with sender and date. */
function headOf(sender: HTMLElement, message: HTMLElement): HTMLElement {
  let head: HTMLElement | null = null;
  for (let at = sender.parentElement; at !== null && at !== message; at = at.parentElement) {
    if (at.matches(HOOKS.head.selector)) head = at;
  }
  if (head === null) throw new PageChanged(HOOKS.head.name);
  return head;
}

function sentAt(head: HTMLElement): string | undefined {
  const language = languageOf(head.ownerDocument);
  const instants = all(head, HOOKS.date).map((node) => instantOf(told(node, HOOKS.date), language));
  return instants.find((instant) => instant !== undefined);
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
