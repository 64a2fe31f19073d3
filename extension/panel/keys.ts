// Keys pressed in the panel are the panel's. The page sees none of them: to Gmail, Ctrl+Enter says "send", Escape
// closes the mail and a bare letter may archive. So they are taken on their way down, before the page's own listeners:
// make the guard before the page's scripts run.

/** Uses a key or not; of one that is used the default is prevented. */
type Act = (event: KeyboardEvent) => boolean;

export class KeyGuard {
  readonly #acts = new Map<EventTarget, Act>();
  readonly #trusts: (event: Event) => boolean;
  #used = ""; // a used key may move the focus into the mail; held down, it must not go on acting there

  constructor(view: EventTarget, trusts: (event: Event) => boolean) {
    this.#trusts = trusts;
    const listen = (type: string, act: Act | ((event: KeyboardEvent) => void)) =>
      view.addEventListener(type, (event) => void act(event as KeyboardEvent), { capture: true });
    listen("keydown", (event) => this.#down(event));
    listen("keypress", (event) => this.#other(event));
    listen("keyup", (event) => this.#other(event));
  }

  /** Take all keys pressed in `host`, for as long as the signal lets. */
  take(host: HTMLElement, act: Act, signal: AbortSignal): void {
    this.#acts.set(host, act);
    signal.addEventListener("abort", () => this.#acts.delete(host), { once: true });
  }

  #down(event: KeyboardEvent): void {
    if (!this.#trusts(event)) return;
    const isHeld = this.#used !== "" && event.repeat && event.key === this.#used;
    if (isHeld) swallow(event);
    else this.#press(event);
  }

  #press(event: KeyboardEvent): void {
    this.#used = "";
    const act = event.target ? this.#acts.get(event.target) : undefined;
    if (!act) return;
    event.stopImmediatePropagation();
    if (!act(event)) return;
    this.#used = event.key;
    event.preventDefault();
  }

  #other(event: KeyboardEvent): void {
    const isUsed = this.#used !== "" && event.key === this.#used;
    if (event.type === "keyup" && isUsed) this.#used = "";
    if (isUsed || (event.target && this.#acts.has(event.target))) event.stopImmediatePropagation();
  }
}

function swallow(event: Event): void {
  event.stopImmediatePropagation();
  event.preventDefault();
}
