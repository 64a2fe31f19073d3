// What the service answers: the JSON of service/wire.py, as far as it is used here.

/** The version of the service's interface this extension speaks; the service says its own in the header Cyrano-Api. */
export const API = 1;

export interface Source {
  message_id: string;
  subject: string;
  to: string[];
  sent_at: string | null;
  text: string;
  score: number;
}

/** A fact that traces to nothing its reader may know. `start` and `end` count Unicode characters, not UTF-16 units. */
export interface Fact {
  kind: "link" | "email" | "date" | "time" | "amount" | "number" | "name";
  text: string;
  start: number;
  end: number;
}

export interface Meta {
  draft_id: string;
  subject: string;
  language: string;
  adapter: string | null;
  notice: string;
  sources: Source[];
}

export interface Draft extends Meta {
  text: string;
  html: string;
  unsupported: Fact[];
  timings_ms: { retrieved: number; first_token: number; total: number };
}

/** RFC 9457 problem+json. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  hint?: string;
  retry_after_s?: number;
}

/** One account that pairing opened. */
export interface PairedAccount {
  name: string;
  owner: string;
  /** The owner's addresses, lower case. */
  addresses: string[];
  token: string;
}

export interface PairAnswer {
  api: number;
  version: string;
  accounts: PairedAccount[];
}
