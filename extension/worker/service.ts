// The one way to the service: an exact origin, a token, and answers that are Cyrano's or a Failure that says what is wrong.

import type { Said } from "../protocol";
import { API, type Draft, type Meta } from "../wire";
import { hear } from "./events";
import { Failure, readProblem } from "./failure";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const HEADER = "Cyrano-Api";
/** What a proxy answers in the place of a service that is not there. */
const PROXY = [502, 503, 504];

export interface Way {
  /** An origin; the token is for it and for no other. */
  url: string;
  /** "" for none. */
  token: string;
  fetch: Fetch;
  /** The service does not know the token any more. */
  onRefused: () => Promise<void>;
}

export class Service {
  readonly #way: Way;

  constructor(way: Way) {
    this.#way = way;
  }

  /** Ask for a JSON answer; undefined where there is none. Rejects with a Failure. */
  async ask(method: "GET" | "POST" | "DELETE", path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    const response = await this.#send(method, path, body === undefined ? null : JSON.stringify(body), {}, signal);
    return response.status === 204 ? undefined : await read(response, signal);
  }

  /** Ask for a draft and say what comes of it, "done" last. Rejects with a Failure. */
  async *draft(body: string, signal: AbortSignal): AsyncGenerator<Said> {
    const response = await this.#send("POST", "/draft", body, { Accept: "text/event-stream" }, signal);
    if (response.body === null || !isStream(response)) throw new Failure("not-cyrano");
    try {
      for await (const { name, data } of hear(response.body)) {
        const said = saying(name, data);
        yield said;
        if (said.type === "done") return;
      }
    } catch (error) {
      throw told(error, signal, "broken");
    }
    throw new Failure("broken");
  }

  async #send(method: string, path: string, body: string | null, accept: HeadersInit, signal: AbortSignal) {
    const headers = {
      ...accept,
      ...(body !== null && { "Content-Type": "application/json" }),
      ...(this.#way.token && { Authorization: `Bearer ${this.#way.token}` }),
    };
    const response = await this.#reach(path, { method, headers, body, signal });
    refuseOthers(response);
    if (!response.ok) await this.#refused(response, signal);
    return response;
  }

  async #refused(response: Response, signal: AbortSignal): Promise<never> {
    const failure = readProblem(await read(response, signal).catch(() => null), response.status);
    if (failure.trouble.kind === "refused") await this.#way.onRefused();
    throw failure;
  }

  async #reach(path: string, init: RequestInit): Promise<Response> {
    try {
      // A redirect is never followed: the token is for this origin and no other.
      return await this.#way.fetch(`${this.#way.url}${path}`, {
        ...init,
        redirect: "manual",
        credentials: "omit",
        cache: "no-store",
        referrerPolicy: "no-referrer",
      });
    } catch (error) {
      throw told(error, init.signal, "down");
    }
  }
}

function refuseOthers({ headers, status }: Response): void {
  const api = headers.get(HEADER);
  if (api === null) throw new Failure(PROXY.includes(status) ? "down" : "not-cyrano");
  if (api !== String(API)) {
    throw new Failure("version", { detail: `The service speaks version ${api}, this extension version ${API}.` });
  }
}

function isStream(response: Response): boolean {
  return (response.headers.get("Content-Type") ?? "").startsWith("text/event-stream");
}

async function read(response: Response, signal: AbortSignal): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    throw told(error, signal, "broken");
  }
}

function saying(name: string, data: string): Said {
  if (name === "meta") return { type: "meta", meta: JSON.parse(data) as Meta };
  if (name === "token") return { type: "token", text: (JSON.parse(data) as { text: string }).text };
  if (name === "done") return { type: "done", draft: JSON.parse(data) as Draft };
  if (name === "error") throw readProblem(JSON.parse(data), 500);
  return { type: "alive" };
}

/** Whoever stopped the request says why; else the connection ended in this way. */
function told(error: unknown, signal: AbortSignal | null | undefined, kind: "down" | "broken"): unknown {
  if (error instanceof Failure) return error;
  return signal?.aborted ? signal.reason : new Failure(kind);
}
