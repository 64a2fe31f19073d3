// What outlives the worker: the paired service with its tokens, and what the owner chose. Tokens leave it for requests only.

export interface Account {
  name: string;
  owner: string;
  /** Lower case. */
  addresses: string[];
  token: string;
  /** The service knows the token no more. */
  isRefused?: boolean;
}

export interface Paired {
  /** The origin the tokens are for; they go nowhere else. */
  url: string;
  version: string;
  accounts: Account[];
}

/** The account of a mailbox: a name; "" for none at all. */
export interface Choices {
  mailboxes: Record<string, string>;
  /** For every other mailbox; "" where nothing was chosen. */
  fallback: string;
}

/** A draft and the account that wrote it. */
type Written = readonly [draft_id: string, account: string];

type Area = Pick<chrome.storage.StorageArea, "get" | "set" | "remove">;

const MOST_MAILBOXES = 50;
const MOST_DRAFTS = 200;
const NOTHING_CHOSEN: Choices = { mailboxes: {}, fallback: "" };

export class Store {
  readonly #area: Area;
  // Two changes at once would each write back what they read; the worker is the only one that writes.
  #last: Promise<unknown> = Promise.resolve();

  constructor(area: Area) {
    this.#area = area;
  }

  async paired(): Promise<Paired | null> {
    return this.#read<Paired | null>("paired", null);
  }

  async choices(): Promise<Choices> {
    return this.#read<Choices>("choices", NOTHING_CHOSEN);
  }

  async keep(paired: Paired): Promise<void> {
    await this.#changed("paired", null, () => paired);
  }

  /** Forget service, tokens, choices and all that was still to be told. */
  async forget(): Promise<void> {
    await this.#inTurn(() => this.#area.remove(["paired", "choices", "seen", "drafted", "waiting"]));
  }

  /** Note that the service refused an account's token, if it is still the one that is kept. */
  async refuse(token: string): Promise<void> {
    await this.#changed<Paired | null>("paired", null, (paired) => paired && withRefused(paired, token));
  }

  async choose(mailbox: string, account: string | null): Promise<void> {
    await this.#changed("choices", NOTHING_CHOSEN, ({ mailboxes, fallback }) => {
      const { [mailbox]: _, ...others } = mailboxes;
      const chosen = account === null ? others : { ...others, [mailbox]: account };
      return { mailboxes: Object.fromEntries(Object.entries(chosen).slice(-MOST_MAILBOXES)), fallback };
    });
  }

  async chooseFallback(account: string): Promise<void> {
    await this.#changed("choices", NOTHING_CHOSEN, (choices) => ({ ...choices, fallback: account }));
  }

  /** Mailboxes that drafts were asked for and that are no account's address: for the owner to choose. */
  async seen(): Promise<string[]> {
    return this.#read<string[]>("seen", []);
  }

  async see(mailbox: string): Promise<void> {
    if (mailbox === "" || (await this.seen()).includes(mailbox)) return;
    await this.#changed<string[]>("seen", [], (seen) => [...seen, mailbox].slice(-MOST_MAILBOXES));
  }

  /** Note which account wrote a draft. */
  async wrote(draft_id: string, account: string): Promise<void> {
    await this.#changed<Written[]>("drafted", [], (drafted) =>
      [...drafted, [draft_id, account] as const].slice(-MOST_DRAFTS),
    );
  }

  /** The account that wrote a draft, by its name; null where that is not remembered any more. */
  async writer(draft_id: string): Promise<string | null> {
    const drafted = await this.#read<Written[]>("drafted", []);
    return drafted.findLast(([id]) => id === draft_id)?.[1] ?? null;
  }

  async waiting<T>(): Promise<T[]> {
    return this.#read<T[]>("waiting", []);
  }

  /** Change what is still to be told to the service. */
  async changeWaiting<T>(change: (items: T[]) => T[]): Promise<void> {
    await this.#changed<T[]>("waiting", [], change);
  }

  async #read<T>(key: string, otherwise: T): Promise<T> {
    return ((await this.#area.get(key)) as Record<string, T>)[key] ?? otherwise;
  }

  async #changed<T>(key: string, otherwise: T, change: (value: T) => T): Promise<void> {
    await this.#inTurn(async () => this.#area.set({ [key]: change(await this.#read(key, otherwise)) }));
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

function withRefused(paired: Paired, token: string): Paired {
  const accounts = paired.accounts.map((each) => (each.token === token ? { ...each, isRefused: true } : each));
  return { ...paired, accounts };
}
