// The way to the worker: a Port for each draft. The browser may stop the worker at any time; before the first word the
// draft is asked for once more, and nobody notices. After it, what came is kept and the loss is told.

import { type Ask, PORT, type Said, type Told } from "../protocol";
import { type PanelTrouble, troubleOf } from "../trouble";
import { type Silence, watchSilence } from "./silence";

const SILENT_MS = __TEST__ ? 4000 : 15_000;
const PING_TICKS = 10;

export type Heard = Exclude<Said, { type: "failed" }> | { type: "failed"; trouble: PanelTrouble };
/** The part of chrome.runtime that is needed; its `id` goes when the extension is updated under the tab. */
export type Runtime = Pick<typeof chrome.runtime, "connect" | "sendMessage" | "id" | "lastError">;

interface Pace {
  now: () => number;
  /** A worker from which nothing comes for so long is given up. */
  silentMs: number;
}

export class Link {
  readonly #runtime: Runtime;
  readonly #pace: Pace;

  constructor(runtime: Runtime, pace: Partial<Pace> = {}) {
    this.#runtime = runtime;
    this.#pace = { now: () => performance.now(), silentMs: SILENT_MS, ...pace };
  }

  /** Ask for a draft; `hear` is called until "done" or "failed", or until the signal ends it. */
  draft(ask: Ask, hear: (heard: Heard) => void, signal: AbortSignal): void {
    new Talk(this.#runtime, this.#pace, ask, hear, signal).begin();
  }

  /** Send a single message; null where nobody takes it any more. */
  async tell(told: Told): Promise<unknown> {
    try {
      return await this.#runtime.sendMessage(told);
    } catch {
      return null;
    }
  }
}

/** One draft, over one Port or two. */
class Talk {
  readonly #runtime: Runtime;
  readonly #ask: Ask;
  readonly #hear: (heard: Heard) => void;
  readonly #signal: AbortSignal;
  readonly #silence: Silence;
  #port: chrome.runtime.Port | null = null;
  #hasWords = false;
  #isSecond = false;
  #ticks = 0;

  constructor(runtime: Runtime, { now, silentMs }: Pace, ask: Ask, hear: (heard: Heard) => void, signal: AbortSignal) {
    this.#runtime = runtime;
    this.#ask = ask;
    this.#hear = hear;
    this.#signal = signal;
    this.#silence = watchSilence(
      silentMs,
      now,
      () => this.#fail("silent"),
      () => this.#ping(),
    );
    signal.addEventListener("abort", () => this.#end(), { once: true });
  }

  begin(): void {
    if (this.#signal.aborted) this.#end();
    else this.#connect();
  }

  #connect(): void {
    try {
      if (!this.#runtime.id) throw new Error("orphaned");
      this.#port = this.#runtime.connect({ name: PORT });
      this.#port.onMessage.addListener((said: Said) => this.#take(said));
      this.#port.onDisconnect.addListener(() => this.#lost());
      this.#port.postMessage({ type: "draft", ask: this.#ask });
    } catch {
      this.#fail(this.#runtime.id ? "stopped" : "orphaned");
    }
  }

  #take(said: Said): void {
    if (this.#signal.aborted) return;
    this.#silence.heard();
    if (said.type === "token") this.#hasWords = true;
    if (said.type === "done" || said.type === "failed") this.#end();
    this.#hear(said);
  }

  #lost(): void {
    void this.#runtime.lastError; // read, else the browser writes it to the page's console
    if (this.#port === null) return;
    this.#port = null;
    const kind = this.#why();
    if (kind) this.#fail(kind);
    else this.#again();
  }

  /** Why it cannot be asked again without a word. */
  #why(): PanelTrouble["kind"] | null {
    if (!this.#runtime.id) return "orphaned";
    if (this.#hasWords) return "broken";
    return this.#isSecond ? "stopped" : null;
  }

  #again(): void {
    this.#isSecond = true;
    this.#silence.heard();
    this.begin();
  }

  #ping(): void {
    this.#ticks += 1;
    if (this.#ticks % PING_TICKS) return;
    try {
      this.#port?.postMessage({ type: "ping" });
    } catch {
      this.#lost();
    }
  }

  #fail(kind: PanelTrouble["kind"]): void {
    this.#end();
    if (!this.#signal.aborted) this.#hear({ type: "failed", trouble: troubleOf(kind) });
  }

  /** Closing the Port stops the draft; the worker hears of it. */
  #end(): void {
    this.#silence.end();
    const port = this.#port;
    this.#port = null;
    try {
      port?.disconnect();
    } catch {
      // an orphaned Port is gone already
    }
  }
}
