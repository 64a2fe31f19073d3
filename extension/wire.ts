// What the service answers: the JSON of service/wire.py and service/access/wire.py, as far as it is used here.

/** The version of the service's interface this extension speaks; the service says its own in the header Cyrano-Api. */
export const API = 1;

export interface Source {
  subject: string;
  to: string[];
  sent_at: string | null;
  text: string;
}

/** A fact that traces to nothing its reader may know. `start` and `end` count Unicode characters, not UTF-16 units. */
export interface Fact {
  kind: "link" | "email" | "account" | "date" | "time" | "amount" | "number" | "name";
  text: string;
  start: number;
  end: number;
  /** Whether it goes into no mail unless its owner says so: it leads somewhere. */
  is_left_out: boolean;
}

/** What is not as it should be; `kind` is one of service/notices.py. */
export interface Notice {
  kind: string;
  /** The adapter or account that it names. */
  about: string;
  /** The same in English. */
  text: string;
}

export interface Meta {
  draft_id: string;
  subject: string;
  language: string;
  /** Why it is not the adapter one would expect, "" where it is; and the same with its kind. */
  notice: string;
  noticed?: Notice | null;
  sources: Source[];
  /** How many messages of the thread, the oldest, did not fit and were not read. */
  unread?: number;
}

export interface Draft extends Meta {
  text: string;
  unsupported: Fact[];
}

/** RFC 9457 problem+json. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  hint?: string;
  /** What exactly, one of connectors/reason.py, and what it names. */
  reason?: string | null;
  about?: string;
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
