// One draft over one Port: asked once, said as it comes, stopped when the Port closes.

import { type Asked, PORT, type Said } from "../protocol";
import type { Meta } from "../wire";
import { bodyOf } from "./body";
import { Deadline } from "./deadline";
import { asFailure } from "./failure";
import type { Reach } from "./reach";
import type { Account, Store } from "./store";

export interface Pace {
  /** A service that says nothing for so long is given up. */
  silent_ms: number;
  /** How often the page hears that the worker lives. */
  alive_ms: number;
}

export const PACE: Pace = { silent_ms: __TEST__ ? 8000 : 30_000, alive_ms: __TEST__ ? 1000 : 5000 };

interface Parts {
  reach: Reach;
  store: Store;
  pace?: Pace;
}

type Runtime = Pick<typeof chrome.runtime, "id" | "onConnect" | "getPlatformInfo">;

/** Answer every Port that asks for a draft. */
export function serveDrafts(runtime: Runtime, { reach, store, pace = PACE }: Parts): void {
  runtime.onConnect.addListener((port) => {
    if (port.name !== PORT || port.sender?.id !== runtime.id) return;
    const stop = new AbortController();
    port.onDisconnect.addListener(() => stop.abort());
    const onAsked = (asked: Asked) => {
      if (asked.type !== "draft") return;
      port.onMessage.removeListener(onAsked);
      void answer(asked, teller(port, stop), stop.signal, { runtime, reach, store, pace });
    };
    port.onMessage.addListener(onAsked);
  });
}

type Working = Required<Parts> & { runtime: Runtime };

type Draft = Extract<Asked, { type: "draft" }>;

type Say = (said: Said) => void;

/** Say it over the Port; one that is closed stops the draft, whether or not the browser told of it first. */
function teller(port: chrome.runtime.Port, stop: AbortController): Say {
  return (said) => {
    try {
      if (!stop.signal.aborted) port.postMessage(said);
    } catch {
      stop.abort();
    }
  };
}

async function answer({ ask }: Draft, say: Say, stop: AbortSignal, parts: Working): Promise<void> {
  const { runtime, reach, store, pace } = parts;
  const deadline = new Deadline(pace.silent_ms, stop);
  const pulse = setInterval(() => beat(say, runtime), pace.alive_ms);
  try {
    const { account, voice, service } = await reach.forMailbox(ask.mailbox);
    say({ type: "voice", voice });
    for await (const said of service.draft(bodyOf(ask), deadline.signal)) {
      deadline.moved();
      say(said);
      if (said.type === "meta") remember(store, said.meta, account);
    }
  } catch (error) {
    say({ type: "failed", trouble: asFailure(error).trouble });
  } finally {
    deadline.end();
    clearInterval(pulse);
  }
}

/** For what becomes of the draft: that is told as the account that wrote it. Nothing waits for this, and it may fail. */
function remember(store: Store, { draft_id }: Meta, { name }: Account): void {
  void store.wrote(draft_id, name).catch(() => undefined);
}

function beat(say: Say, runtime: Runtime): void {
  say({ type: "alive" });
  // Any call to the browser counts as a sign of life: without one it stops a worker that only waits for the service.
  void runtime.getPlatformInfo();
}
