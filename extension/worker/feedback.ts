// What became of drafts, kept until the service has heard it. Telling twice does no harm there.

import type { FeedbackKind } from "../protocol";
import { within } from "./deadline";
import { asFailure } from "./failure";
import type { Reach } from "./reach";
import type { Store } from "./store";

interface Item {
  draft_id: string;
  kind: FeedbackKind;
  /** The account that drafted: what is chosen for a mailbox may change. */
  account: string;
  at_ms: number;
}

const LIMIT_MS = 10_000;
/** The service itself counts a draft as not used after two weeks. */
const OLDEST_MS = 14 * 24 * 3600 * 1000;
const MOST = 500;

export class Feedback {
  readonly #store: Store;
  readonly #reach: Reach;
  readonly #now: () => number;
  #telling: Promise<void> | null = null;

  constructor(store: Store, reach: Reach, now: () => number) {
    this.#store = store;
    this.#reach = reach;
    this.#now = now;
  }

  /** Keep it, then try to tell all that is kept. */
  async add(draft_id: string, kind: FeedbackKind, mailbox: string): Promise<void> {
    const account = (await this.#store.writer(draft_id)) ?? (await this.#reach.account(mailbox)).name;
    const item = { draft_id, kind, account, at_ms: this.#now() };
    await this.#store.changeWaiting<Item>((items) => [...items, item].slice(-MOST));
    await this.tell();
  }

  /** Tell what is kept, in its order; stop at the first that has to wait. */
  tell(): Promise<void> {
    this.#telling ??= this.#tellAll().finally(() => {
      this.#telling = null;
    });
    return this.#telling;
  }

  async #tellAll(): Promise<void> {
    for (;;) {
      const [item] = await this.#store.waiting<Item>();
      if (item === undefined || !(await this.#told(item))) return;
      await this.#store.changeWaiting<Item>((items) => items.filter((each) => !isSame(each, item)));
    }
  }

  /** Whether it is done with, told or in vain. */
  async #told({ draft_id, kind, account, at_ms }: Item): Promise<boolean> {
    if (this.#now() - at_ms > OLDEST_MS) return true;
    try {
      const service = await this.#reach.forAccount(account);
      const path = `/drafts/${encodeURIComponent(draft_id)}/feedback`;
      await within(LIMIT_MS, (signal) => service.ask("POST", path, { kind }, signal));
      return true;
    } catch (error) {
      const failure = asFailure(error);
      return failure.trouble.kind === "no-account" || !failure.mayPass;
    }
  }
}

function isSame(one: Item, other: Item): boolean {
  return one.draft_id === other.draft_id && one.kind === other.kind && one.at_ms === other.at_ms;
}
