// Waiting with an end: a request that nobody answers for too long is stopped, and says so.

import { Failure } from "./failure";

export class Deadline {
  readonly #control = new AbortController();
  readonly #after_ms: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Also ends when `stop` does, for the same reason. */
  constructor(after_ms: number, stop?: AbortSignal) {
    this.#after_ms = after_ms;
    stop?.addEventListener("abort", () => this.#control.abort(stop.reason), { once: true });
    this.moved();
  }

  get signal(): AbortSignal {
    return this.#control.signal;
  }

  /** Something was heard: it begins anew. */
  moved(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#control.abort(new Failure("silent")), this.#after_ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** Do something that needs no longer than this. */
export async function within<T>(limit_ms: number, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = new Deadline(limit_ms);
  try {
    return await act(deadline.signal);
  } finally {
    deadline.end();
  }
}
