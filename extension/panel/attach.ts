// What stands at a mail: a session, a button, a panel. Gmail may take a compose out of its page and draw it anew; they
// go with it as they are.

import { type Compose, PageChanged } from "../sites/site";
import type { Around } from "./around";
import { Button } from "./button";
import { Panel } from "./panel";
import { Session } from "./session";

export class Attached {
  readonly #session: Session;
  readonly #button: Button;
  readonly #panel: Panel;
  #compose: Compose;
  #wasOpen = false;
  #frame = 0;
  #isStreaming = false;

  constructor(compose: Compose, around: Around) {
    this.#compose = compose;
    this.#session = new Session(compose, around.link, () => this.#draw(), around.words);
    this.#button = new Button(around, () => this.#session.press());
    this.#panel = new Panel(compose, this.#session, around);
  }

  /** Its compose is out of the page. */
  get isAdrift(): boolean {
    return this.#compose.gone.aborted;
  }

  /** Stand at a compose; raises PageChanged, then nothing stands there. */
  join(compose: Compose): void {
    this.#compose = compose;
    this.#session.join(compose);
    this.#panel.join(compose);
    this.#dress();
    try {
      compose.placeButton(this.#button.host);
      compose.placePanel(this.#panel.host);
    } catch (error) {
      this.#leave();
      throw error;
    }
    compose.gone.addEventListener("abort", () => this.#leave(), { once: true }); // after what the page's side puts away
    this.#show();
    const heard = { signal: compose.gone };
    compose.root.addEventListener("input", () => this.#session.edited(), heard);
    window.addEventListener("focus", () => void this.#session.back(), heard);
    const night = window.matchMedia?.("(prefers-color-scheme: dark)");
    night?.addEventListener("change", () => this.#dress(), heard);
  }

  /** Do what pressing the button does. */
  press(): void {
    this.#button.press();
  }

  /** The options were changed. */
  change(): void {
    void this.#session.mended();
  }

  /** Stop a draft in the making; what came of it stays. */
  stop(): void {
    this.#session.stop();
  }

  /** Nobody will come back to it. */
  end(): void {
    this.#session.end();
  }

  #leave(): void {
    this.#button.host.remove();
    this.#panel.host.remove();
    this.#panel.host.removeAttribute("style"); // where it floated
  }

  /** Show at once what changed. Words that stream in faster than they can be seen are drawn once a frame. */
  #draw(): void {
    const { phase, text } = this.#session.state;
    const isStreaming = phase === "writing" && text !== "";
    if (isStreaming && this.#isStreaming) {
      this.#frame ||= requestAnimationFrame(() => this.#show());
      return;
    }
    this.#isStreaming = isStreaming;
    this.#show();
  }

  #show(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const { state } = this.#session;
    if (state.isOpen && !this.#wasOpen) this.#dress();
    this.#wasOpen = state.isOpen;
    this.#button.show(state);
    this.#panel.show(state);
  }

  /** Look as the page does; a page that cannot be read leaves all as it looked. */
  #dress(): void {
    try {
      this.#button.dress(this.#compose.isDark);
      this.#panel.dress();
    } catch (error) {
      if (!(error instanceof PageChanged)) throw error;
    }
  }
}
