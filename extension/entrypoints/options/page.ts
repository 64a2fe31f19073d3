// What all parts of the options page share: its elements, its words, the worker, and the line that says what happened.

import type { Answers, Order } from "../../worker/orders";

export class Page {
  readonly document: Document;
  readonly browser: typeof chrome;

  constructor(document: Document, browser: typeof chrome) {
    this.document = document;
    this.browser = browser;
  }

  /** The element with this id; the page's own HTML has it. */
  get<E extends HTMLElement = HTMLElement>(id: string): E {
    const found = this.document.getElementById(id);
    if (found === null) throw new Error(`options.html has no #${id}`);
    return found as E;
  }

  words(key: string, ...gaps: string[]): string {
    return this.browser.i18n.getMessage(key, gaps);
  }

  /** Have the worker do something. */
  order<T extends Order["type"]>(order: Extract<Order, { type: T }>): Promise<Answers[T]> {
    return this.browser.runtime.sendMessage<Order, Answers[T]>(order);
  }

  /** Say what happened, in the one place where it is read aloud. */
  say(text: string, kind: "good" | "bad" | "" = ""): void {
    const said = this.get("said");
    said.dataset.kind = kind;
    said.textContent = text;
  }

  click(id: string, act: () => Promise<void>): void {
    const button = this.get<HTMLButtonElement>(id);
    button.addEventListener("click", () => void busy(button, act));
  }

  submit(form: string, button: string, act: () => Promise<void>): void {
    this.get<HTMLFormElement>(form).addEventListener("submit", (event) => {
      event.preventDefault();
      void busy(this.get<HTMLButtonElement>(button), act);
    });
  }
}

/** A button that is at work takes no second press. The act begins at once: what it asks the browser for needs the press. */
async function busy(button: HTMLButtonElement, act: () => Promise<void>): Promise<void> {
  if (button.getAttribute("aria-disabled") === "true") return;
  // Not `disabled`: the focus would be lost.
  button.setAttribute("aria-disabled", "true");
  try {
    await act();
  } finally {
    button.removeAttribute("aria-disabled");
  }
}
