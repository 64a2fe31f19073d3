// Who writes and who is written to, as the page tells it.

import { PageChanged } from "../site";
import { all, HOOKS } from "./selectors";
import { seenLetters } from "./visible";

const ADDRESS = /[^\s<>()[\],;:"]+@[^\s<>()[\],;:"]+/;

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
  return all(form, HOOKS.chip)
    .filter((chip) => chip.closest("[role=listbox]") !== null)
    .map((chip) => {
      const address = ADDRESS.exec(chip.getAttribute("data-hovercard-id") ?? "")?.[0];
      if (address === undefined) throw new PageChanged(HOOKS.chip.name);
      return [chip.getAttribute("data-name") ?? chip.textContent ?? "", address];
    });
}

function folded(form: HTMLElement): [string, string][] {
  return all(form, HOOKS.folded).flatMap((span): [string, string][] => {
    const address = ADDRESS.exec(span.getAttribute("email") ?? "")?.[0];
    return address === undefined ? [] : [[span.textContent ?? "", address]];
  });
}

/** The sender chosen in the compose, else the account of the page, "" where the page tells neither. */
export function mailboxOf(form: HTMLElement, doc: Document): string {
  const chosen = form.querySelector<HTMLInputElement>(HOOKS.sender.selector)?.value ?? "";
  const account = doc.querySelector(HOOKS.account.selector)?.getAttribute("aria-label") ?? "";
  return addressIn(chosen) || inBrackets(account) || inTitle(doc.title);
}

function addressIn(words: string): string {
  return ADDRESS.exec(words)?.[0]?.toLowerCase() ?? "";
}

function inBrackets(label: string): string {
  return addressIn(/\(([^()]*@[^()]*)\)\s*$/.exec(seenLetters(label))?.[1] ?? "");
}

// "Inbox (3) - me@example.org - Gmail". A subject stands before it and may hold addresses: only a part that is nothing
// but an address counts, and of those the last.
function inTitle(title: string): string {
  const parts = title.split(" - ").filter((part) => new RegExp(`^${ADDRESS.source}$`).test(part.trim()));
  return addressIn(parts.at(-1) ?? "");
}
