// What is typed in the panel is the panel's. The page sees none of it: to Gmail, Ctrl+Enter says "send", Escape closes
// the mail and a bare letter may archive. So it is taken on its way down, before the page's own listeners: make the
// guard before the page's scripts run.

/** What becomes of what is typed in a place of ours. */
export interface Hands {
  /** Uses a key or not; of one that is used the default is prevented. */
  key(event: KeyboardEvent): boolean;
  /** A box holds other words than before. */
  typed(): void;
}

// Each tells the words themselves to whoever hears it.
const TELLTALES = ["beforeinput", "input", "textInput", "compositionstart", "compositionupdate", "compositionend"];
const CARRIED = ["copy", "cut", "paste", "drop"];

export class KeyGuard {
  readonly #hands = new Map<EventTarget, Hands>();
  readonly #view: EventTarget;
  readonly #trusts: (event: Event) => boolean;
  #used = ""; // a used key may move the focus into the mail; held down, it must not go on acting there

  constructor(view: EventTarget, trusts: (event: Event) => boolean) {
    this.#view = view;
    this.#trusts = trusts;
    this.#listen(view, { capture: true });
  }

  /** Take all that is typed in `host`, for as long as the signal lets. */
  take(host: HTMLElement, hands: Hands, signal: AbortSignal): void {
    this.#hands.set(host, hands);
    signal.addEventListener("abort", () => this.#hands.delete(host), { once: true });
    this.#listen(this.#view, { capture: true }); // a page that writes itself anew throws all listeners away
    this.#listen(host, { signal });
  }

  // The same listeners each time: what listens already is not added twice.
  #listen(target: EventTarget, how: AddEventListenerOptions): void {
    target.addEventListener("keydown", this.#down, how);
    for (const type of ["keypress", "keyup"]) target.addEventListener(type, this.#other, how);
    for (const type of [...TELLTALES, ...CARRIED]) target.addEventListener(type, this.#words, how);
  }

  readonly #down = (given: Event): void => {
    const event = given as KeyboardEvent;
    if (!this.#trusts(event)) return;
    const isHeld = this.#used !== "" && event.repeat && event.key === this.#used;
    if (isHeld) swallow(event);
    else this.#press(event);
  };

  #press(event: KeyboardEvent): void {
    this.#used = "";
    const hands = this.#handsOf(event);
    if (!hands) return;
    event.stopImmediatePropagation();
    if (!hands.key(event)) return;
    this.#used = event.key;
    event.preventDefault();
  }

  readonly #other = (given: Event): void => {
    const event = given as KeyboardEvent;
    const isUsed = this.#used !== "" && event.key === this.#used;
    if (event.type === "keyup" && isUsed) this.#used = "";
    if (isUsed || this.#handsOf(event)) event.stopImmediatePropagation();
  };

  readonly #words = (event: Event): void => {
    const hands = this.#handsOf(event);
    if (!hands) return;
    event.stopImmediatePropagation();
    if (event.type === "input" && this.#trusts(event)) hands.typed();
  };

  #handsOf({ target }: Event): Hands | undefined {
    return target ? this.#hands.get(target) : undefined;
  }
}

function swallow(event: Event): void {
  event.stopImmediatePropagation();
  event.preventDefault();
}
