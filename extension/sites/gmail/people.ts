// Who writes and who is written to, as the page tells it.

import { seenLetters } from "./letters";
import { all, HOOKS, titleOf, told } from "./selectors";

const ADDRESS = /[^\s<>()[\],;:"]+@[^\s<>()[\],;:"]+/;

const IN_MAIL = [HOOKS.message, HOOKS.messageList, HOOKS.editable].map(({ selector }) => selector).join();

/** "Bob <bob@example.org>", or the address alone. */
export function named(name: string, address: string): string {
  const plain = seenLetters(name)
    .replace(/[<>"\s]+/g, " ")
    .trim();
  return plain === "" || plain === address ? address : `${plain} <${address}>`;
}

/** All recipients of a compose, to, cc and bcc, each once. */
export function recipientsOf(form: HTMLElement): string[] {
  const people = new Map<string, string>();
  for (const [name, address] of [...chips(form), ...folded(form)]) {
    const key = address.toLowerCase();
    if (!people.has(key)) people.set(key, named(name, address));
  }
  return [...people.values()];
}

function chips(form: HTMLElement): [string, string][] {
  return all(form, HOOKS.chip).flatMap((chip): [string, string][] => {
    const list = chip.closest(HOOKS.recipientList.selector);
    const address = ADDRESS.exec(told(chip, HOOKS.address))?.[0];
    // A group or a slip of the pen has no address. What is suggested is no recipient yet.
    if (list === null || address === undefined || isSuggestion(list)) return [];
    return [[told(chip, HOOKS.chipName) || (chip.textContent ?? ""), address]];
  });
}

/** A list that unfolds below a box while somebody types in it. */
function isSuggestion(list: Element): boolean {
  const boxes = [...all(list.ownerDocument, HOOKS.suggests), ...all(list.ownerDocument, HOOKS.suggestsToo)];
  const names = boxes.flatMap((box) => [told(box, HOOKS.suggests), told(box, HOOKS.suggestsToo)]);
  return list.id !== "" && names.some((name) => name.split(" ").includes(list.id));
}

function folded(form: HTMLElement): [string, string][] {
  return all(form, HOOKS.folded).flatMap((span): [string, string][] => {
    const address = ADDRESS.exec(told(span, HOOKS.folded))?.[0];
    return address === undefined ? [] : [[span.textContent ?? "", address]];
  });
}

/** The sender chosen in the compose, else the account of the page; "" where the page tells neither, or two. */
export function mailboxOf(form: HTMLElement, doc: Document): string {
  const chosen = addressIn(form.querySelector<HTMLInputElement>(HOOKS.sender.selector)?.value ?? "");
  if (chosen !== "") return chosen;
  const subject = form.querySelector<HTMLInputElement>(HOOKS.subject.selector)?.value.trim() ?? "";
  const told = new Set([...accounts(doc), inTitle(titleOf(doc), subject)].filter((address) => address !== ""));
  return told.size === 1 ? ([...told][0] ?? "") : "";
}

/** What Gmail's own links to accounts tell. A mail may hold such links too, in a message or in what is quoted. */
function accounts(doc: Document): string[] {
  const isMail = (link: Element) => link.closest(IN_MAIL) !== null;
  const links = all(doc, HOOKS.account).filter((link) => !isMail(link));
  return links.map((link) => inBrackets(told(link, HOOKS.account)));
}

function addressIn(words: string): string {
  return ADDRESS.exec(words)?.[0]?.toLowerCase() ?? "";
}

function inBrackets(label: string): string {
  return addressIn(/\(([^()]*@[^()]*)\)\s*$/.exec(seenLetters(label))?.[1] ?? "");
}

// "Inbox (3) - me@example.org - Gmail". A subject may stand before it and say anything, addresses too: it is no part
// that counts, and what counts is the last part but one, if that is nothing but an address.
function inTitle(title: string, subject: string): string {
  const rest = subject !== "" && title.startsWith(subject) ? title.slice(subject.length) : title;
  const parts = rest.split(" - ");
  const part = parts.length > 1 ? (parts.at(-2) ?? "").trim() : "";
  return new RegExp(`^${ADDRESS.source}$`).test(part) ? addressIn(part) : "";
}
