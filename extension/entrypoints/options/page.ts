// What all parts of the options page share: its elements, its words, the worker, and the line that says what happened.

import { readWords } from "../../words";
import { asFailure, Failure } from "../../worker/failure";
import type { Answers, Carried, Order } from "../../worker/orders";
import { lines } from "./troubles";
import { OPTIONS, type Words } from "./words";

export class Page {
  readonly document: Document;
  readonly browser: typeof chrome;
  readonly words: Words;

  constructor(document: Document, browser: typeof chrome) {
    this.document = document;
    this.browser = browser;
    this.words = readWords(OPTIONS, browser.i18n);
  }

  /** The element with this id; the page's own HTML has it. */
  get<E extends HTMLElement = HTMLElement>(id: string): E {
    const found = this.document.getElementById(id);
    if (found === null) throw new Error(`options.html has no #${id}`);
    return found as E;
  }

  /** Have the worker do something. Rejects with a Failure, also where the worker was stopped over it. */
  async order<T extends Order["type"]>(order: Extract<Order, { type: T }>): Promise<Answers[T]> {
    const { runtime } = this.browser;
    const carried: Carried<T> | null | undefined = await runtime.sendMessage(order).catch(() => null);
    if (!carried) throw new Failure("failed");
    if ("trouble" in carried) throw new Failure(carried.trouble.kind, carried.trouble);
    return carried.brought;
  }

  /** Do something, and say what went wrong where something did. */
  async attempt(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.say(lines(this.words, asFailure(error).trouble), "bad");
    }
  }

  /** Say what happened, in the one place where it is read aloud. */
  say(text: string, kind: "good" | "bad" | "" = ""): void {
    const said = this.get("said");
    said.dataset.kind = kind;
    said.textContent = text;
  }

  click(id: string, act: () => Promise<void>): void {
    const button = this.get<HTMLButtonElement>(id);
    button.addEventListener("click", () => void busy(button, () => this.attempt(act)));
  }

  submit(form: string, button: string, act: () => Promise<void>): void {
    this.get<HTMLFormElement>(form).addEventListener("submit", (event) => {
      event.preventDefault();
      void busy(this.get<HTMLButtonElement>(button), () => this.attempt(act));
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
