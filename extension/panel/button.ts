// The button at a compose. It takes no focus from the mail when it is clicked: a selection stays selected.

import { make, quill } from "../element";
import { type Around, onPerson } from "./around";
import { buttonCss } from "./css";
import { ifSeen, onSeen } from "./seen";
import { makePlace } from "./shadow";
import type { State } from "./state";

/** As Gmail numbers its own controls: the Tab key comes here from those beside it. */
export const AFTER_SEND = 1;

export class Button {
  readonly host: HTMLElement;
  readonly #button: HTMLButtonElement;
  readonly #press: () => void;

  constructor(around: Around, press: () => void) {
    const { host, root } = makePlace("button", around.shadow, buttonCss);
    const { words } = around;
    this.host = host;
    this.#press = () => ifSeen(this.#button, around, press);
    host.tabIndex = AFTER_SEND;
    this.#button = make("button", { type: "button", id: "button", "aria-label": words("panel_button") }, quill());
    this.#button.title = words("panel_button");
    root.append(this.#button);
    onPerson(this.#button, "mousedown", around, (event) => event.preventDefault());
    onSeen(this.#button, around, press);
    onPerson(this.#button, "pointerenter", around, () => void around.link.tell({ type: "warm" }));
    host.addEventListener("keydown", keepPress);
    void around.shortcut.then((keys) => this.#nameKeys(keys, around));
  }

  show(state: State): void {
    this.#button.setAttribute("aria-expanded", String(state.isOpen));
    this.#button.toggleAttribute("data-busy", state.phase === "writing");
  }

  /** Do what pressing it does: its keys. */
  press(): void {
    this.#press();
  }

  /** Dress for the page's light. */
  dress(isDark: boolean): void {
    this.#button.dataset.theme = isDark ? "dark" : "light";
  }

  #nameKeys(keys: string, { words }: Around): void {
    if (!keys) return;
    this.#button.title = words("panel_button_keys", keys);
    this.#button.setAttribute("aria-keyshortcuts", keys);
  }
}

/** Enter and space press the button, and nothing of the page's. */
function keepPress(event: KeyboardEvent): void {
  const isPress = event.key === "Enter" || event.key === " ";
  if (isPress && !event.ctrlKey && !event.metaKey) event.stopPropagation();
}
