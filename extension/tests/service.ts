// A service in memory: what was asked of it, and answers as Cyrano's, made by hand.

import type { Fetch } from "../worker/service";

export interface Asked {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: unknown;
  init: RequestInit;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

/** Answers by "POST /draft"; whatever has none is not there, as when nothing listens. */
export class FakeService {
  readonly asked: Asked[] = [];
  readonly answers: Record<string, Answer> = {};

  readonly fetch: Fetch = async (url, init) => {
    const headers = Object.fromEntries(new Headers(init.headers));
    const body = typeof init.body === "string" ? JSON.parse(init.body) : null;
    const asked = { method: init.method ?? "GET", url, headers, body, init };
    this.asked.push(asked);
    const answer = this.answers[`${asked.method} ${new URL(url).pathname}`];
    if (answer === undefined) throw new TypeError("Failed to fetch");
    init.signal?.throwIfAborted();
    return answer(asked);
  };

  /** The last request. */
  get last(): Asked {
    const asked = this.asked.at(-1);
    if (asked === undefined) throw new Error("nothing was asked");
    return asked;
  }
}

export function json(said: unknown, status = 200, headers: Record<string, string> = { "Cyrano-Api": "1" }): Response {
  return new Response(JSON.stringify(said), { status, headers: { "Content-Type": "application/json", ...headers } });
}

export function nothing(): Response {
  return new Response(null, { status: 204, headers: { "Cyrano-Api": "1" } });
}

export function problem(status: number, kind: string, more: Record<string, unknown> = {}): Response {
  const said = { type: `urn:cyrano:${kind}`, title: kind, status, detail: `It is ${kind}.`, hint: "Do this.", ...more };
  return json(said, status, { "Cyrano-Api": "1", "Content-Type": "application/problem+json" });
}

/** An answer that streams, piece by piece, as the test pushes them. */
export class Stream {
  readonly #encoder = new TextEncoder();
  #control!: ReadableStreamDefaultController<Uint8Array>;
  isCancelled = false;

  readonly body = new ReadableStream<Uint8Array>({
    start: (control) => {
      this.#control = control;
    },
    cancel: () => {
      this.isCancelled = true;
    },
  });

  /** As `fetch` does, end the stream in error when the request is stopped. */
  answer(signal?: AbortSignal | null): Response {
    signal?.addEventListener("abort", () => {
      this.isCancelled = true;
      this.#control.error(signal.reason);
    });
    return new Response(this.body, { headers: { "Content-Type": "text/event-stream", "Cyrano-Api": "1" } });
  }

  push(text: string): void {
    this.#control.enqueue(this.#encoder.encode(text));
  }

  event(name: string, data: unknown): void {
    this.push(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  end(): void {
    this.#control.close();
  }

  cut(): void {
    this.#control.error(new TypeError("network error"));
  }
}

export const META = { draft_id: "d1", subject: "Hi", language: "en", notice: "", sources: [] };
export const DRAFT = {
  ...META,
  text: "Hi Tom!",
  unsupported: [],
};

export const URL_HERE = "http://127.0.0.1:8380";
export const ANA = { name: "ana", owner: "Ana <ana@example.org>", addresses: ["ana@example.org"], token: "cyr_ana" };
export const BEN = { name: "ben", owner: "Ben <ben@example.org>", addresses: ["ben@example.org"], token: "cyr_ben" };
export const PAIRED = { url: URL_HERE, version: "0.1.0", accounts: [ANA, BEN] };

// Held before a test can put a clock of its own in its place.
const later = setTimeout;

/** Let everything that is ready happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => later(resolve, 0));
}
