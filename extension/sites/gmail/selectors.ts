// Every place in Gmail's page that is looked at, and what must be there; beside them only rows and cells of plain HTML
// are followed. Gmail's words are not used, for they change with the language, and no class names of its page, which
// change from week to week: only those that go out with a mail.

import { PageChanged } from "../site";

/** A place in the page. */
export interface Hook {
  /** As PageChanged tells it. */
  readonly name: string;
  readonly selector: string;
}

/** A place whose attribute tells something. */
export interface Telling extends Hook {
  readonly attribute: string;
}

const hook = (name: string, selector: string): Hook => ({ name, selector });
const telling = (name: string, attribute: string, selector = `[${attribute}]`): Telling => ({
  name,
  selector,
  attribute,
});

export const HOOKS = {
  /** One in each compose, in its form; nowhere else. */
  composeid: hook("composeid", "input[name=composeid]"),
  /** Around `composeid`: holds the addressing, not the body. */
  form: hook("form", "form"),
  /** Around form, editor and bar of one compose. */
  frame: hook("frame", "[role=region], [role=dialog]"),
  /** A window over the page; composes in a thread and those that fill a browser window have none. */
  dialog: hook("dialog", "[role=dialog]"),
  /** One in each frame, beside a textarea that nobody sees. */
  editor: hook("editor", "[contenteditable=true][role=textbox]"),
  /** What may be written in, whatever it is for. */
  editable: hook("editor", "[contenteditable]"),
  /** Send stands in the first row of buttons below the editor. */
  button: hook("send", "[role=button]"),
  /** What may stand beside Send. */
  sendMenu: hook("moreSend", "[role=button][aria-haspopup]"),
  /** Formatting: buttons with menus too. */
  toolbar: hook("toolbar", "[role=toolbar]"),
  /** The message that is answered or forwarded: "#msg-f:1801…", or "undefined" for a new mail. */
  answers: hook("answers", "input[name=rm]"),
  subject: hook("subject", "input[name=subjectbox]"),
  /** There where the owner has several senders. */
  sender: hook("from", "input[name=from]"),
  /** A recipient. */
  chip: hook("recipients", "form [role=option]"),
  /** Around the recipients of one kind. */
  recipientList: hook("recipientList", "[role=listbox]"),
  /** Of a recipient. */
  address: telling("recipients", "data-hovercard-id"),
  chipName: telling("chipName", "data-name"),
  /** A box that unfolds a list of people while somebody types; older and newer pages name the list each in its way. */
  suggests: telling("suggests", "aria-controls", "[role=combobox]"),
  suggestsToo: telling("suggests", "aria-owns", "[role=combobox]"),
  /** A recipient while the addressing is folded. */
  folded: telling("recipients", "email"),
  /** An unfolded message of a conversation. */
  message: telling("message", "data-message-id"),
  messageList: hook("messageList", "[role=list]"),
  /** In a message: its sender first, then its recipients. */
  person: telling("sender", "email"),
  /** What a sender calls themselves. */
  personName: telling("senderName", "name", "[email][name]"),
  /** In a message: around its sender and its date, above the body. */
  head: hook("head", "table"),
  /** In a message's head: when it was sent, in Gmail's language. */
  date: telling("date", "title"),
  /** Gmail's link to the account; its name has the address in brackets, in every language. */
  account: telling("account", "aria-label", 'a[href^="https://accounts.google.com/"][aria-label*="@"]'),
  /** Gmail's own mark on the signature in an editor. */
  signature: hook("signature", "[data-smartmail=gmail_signature], .gmail_signature, .gmail_signature_prefix"),
  /** Marks of what is quoted, which go out with the mail. */
  quote: hook("quote", ".gmail_quote, .gmail_quote_container, .gmail_attr, .gmail_extra"),
  /** A quote without such a mark; the line above it says whose it is. */
  blockquote: hook("quote", "blockquote"),
} as const;

/** What an attribute of a place tells; "" where it is not there. */
export function told(node: Element, { attribute }: Telling): string {
  return node.getAttribute(attribute) ?? "";
}

/** "Inbox (3) - me@example.org - Gmail", or the subject of a mail instead of the folder. */
export function titleOf(doc: Document): string {
  return doc.title;
}

/** The language of Gmail's own words, as a BCP 47 tag. */
export function languageOf(doc: Document): string {
  return doc.documentElement.lang;
}

/** All there are. */
export function all(root: ParentNode, { selector }: Hook): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>(selector)];
}

/** The only one; where there are none or several, the page has changed. */
export function one<Kind extends HTMLElement = HTMLElement>(root: ParentNode, place: Hook): Kind {
  const found = root.querySelectorAll<Kind>(place.selector);
  const [first] = found;
  if (first === undefined || found.length > 1) throw new PageChanged(place.name);
  return first;
}

/** The nearest one around a node. */
export function around(node: Element, place: Hook): HTMLElement {
  const found = node.closest<HTMLElement>(place.selector);
  if (found === null) throw new PageChanged(place.name);
  return found;
}
