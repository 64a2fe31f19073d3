// The words that content script and background worker exchange. Plain data, no behaviour.
//
// Over a Port named PORT goes one draft: an `Asked` first, then `Said` until "done" or "failed"; closing the Port stops
// the draft. Everything else is a single message, `Told`, with the answer `Answers` gives it.

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
  | { type: "meta"; meta: Meta }
  | { type: "token"; text: string }
  /** The service still works on it; also says that the worker lives. */
  | { type: "alive" }
  | { type: "done"; draft: Draft }
  | { type: "failed"; trouble: Trouble };

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

export interface Trouble {
  kind: TroubleKind;
  /** The service's own words (English), where it said any. */
  detail: string;
  hint: string;
  /** Seconds after which it is worth asking again, where that is known. */
  retry_after_s?: number;
}

export type FeedbackKind = "inserted" | "refined" | "discarded";

/** A single message to the worker. */
export type Told =
  | { type: "feedback"; draft_id: string; kind: FeedbackKind; mailbox: string }
  | { type: "open-options" }
  /** Answered with the keys that open the panel ("Alt+Shift+Y"), "" for none. */
  | { type: "shortcut" }
  | { type: "warm" };

/** From the worker to the content script of one tab: the keyboard shortcut was pressed. */
export type Pressed = { type: "pressed" };
