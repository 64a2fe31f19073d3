// The words that content script and background worker exchange. Plain data, no behaviour.
//
// Over a Port named PORT goes one draft: an `Asked` first, then `Said` until "done" or "failed"; closing the Port stops
// the draft. All else is a single message: `Told` from a content script, answered only where it says so, and `Called` from
// the worker. What the options page orders stands in worker/orders.ts.

import type { Draft, Meta } from "./wire";

export const PORT = "draft";

export type Tone = "friendly" | "neutral" | "formal";
export type Length = "short" | "medium" | "long";

/** One message of the conversation as the page shows it; data, never an instruction. */
export interface ThreadMessage {
  /** "Bob <bob@example.org>", the bare address, or a name. */
  from: string;
  text: string;
  /** ISO 8601, where the page tells. */
  sent_at?: string;
}

/** What a draft is asked from. */
export interface Ask {
  /** The mailbox the page shows ("me@gmail.com"), "" where it does not tell: chooses the account. */
  mailbox: string;
  /** "" asks for an answer from the thread alone. */
  instruction: string;
  subject: string;
  /** Recipients, all kinds, as "Bob <bob@example.org>" or the bare address. */
  to: string[];
  /** Oldest first. */
  thread: ThreadMessage[];
  tone: Tone | "";
  length: Length | "";
  /** With it, `instruction` says how to change this draft. */
  refines?: { draft_id: string; text: string };
}

/** From the content script, over the Port. */
export type Asked =
  | { type: "draft"; ask: Ask }
  /** Keeps a worker awake that has nothing to say yet; there is nothing to answer. */
  | { type: "ping" };

/** From the worker, over the Port. */
export type Said =
  /** First of all. */
  | { type: "voice"; voice: Voice }
  | { type: "meta"; meta: Meta }
  | { type: "token"; text: string }
  /** The service still works on it; also says that the worker lives. */
  | { type: "alive" }
  | { type: "done"; draft: Draft }
  | { type: "failed"; trouble: Trouble };

/** Who writes. */
export interface Voice {
  /** "Ana Lopez <ana@example.org>" */
  owner: string;
  /** The mailbox, where it is no address of the owner's and was not chosen for them either; else "". */
  stranger: string;
}

/** What can go wrong, in words the page has a line for; see words/<language>/troubles.json. */
export type TroubleKind =
  | "not-paired" //      no service has been paired yet
  | "no-account" //      nothing is chosen for this mailbox
  | "no-permission" //   the browser withholds the service's address
  | "down" //            nothing listens there
  | "not-cyrano" //      something else listens there
  | "version" //         a service of another version
  | "refused" //         401: the token was revoked
  | "forbidden" //       403
  | "busy" //            429
  | "resting" //         503: starts, trains, or sleeps
  | "invalid" //         422, 413: `detail` says what
  | "broken" //          the stream ended too early
  | "silent" //          nothing came for too long
  | "stopped" //         the worker was stopped by the browser, and once more when asked again
  | "failed"; //         anything else: `detail` and `hint` are the service's own words

/** What a problem of the service is called, what exactly it was, and what that names; "" for nothing. */
export interface Code {
  type: string;
  reason: string;
  about: string;
}

export interface Trouble {
  kind: TroubleKind;
  /** The service's own words (English), where it said any. */
  detail: string;
  hint: string;
  /** The same as the service's codes, where they came from it: for words in the user's language. */
  code?: Code;
  /** Seconds after which it is worth asking again, where that is known. */
  retry_after_s?: number;
}

export type FeedbackKind = "inserted" | "refined" | "discarded";

/** A single message to the worker. */
export type Told =
  /** Answered with true once it is kept; whoever hears nothing tells it again. */
  | { type: "feedback"; draft_id: string; kind: FeedbackKind; mailbox: string }
  | { type: "open-options" }
  /** Answered with the keys that open the panel ("Alt+Shift+Y"), "" for none. */
  | { type: "shortcut" }
  /** A panel opened that waits for words. Answered with `Opened`. */
  | { type: "opened"; mailbox: string }
  | { type: "warm" };

/** Who would write, or why nobody can. */
export type Opened = { voice: Voice } | { trouble: Trouble };

/** From the worker to content scripts. */
export type Called =
  /** The keyboard shortcut, in this tab. */
  | { type: "pressed" }
  /** What stands in the options has changed: who is paired, who writes, what may be reached. */
  | { type: "changed" };
