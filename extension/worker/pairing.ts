// Pairing with a service by a code it shows, and the end of it.

import { API, type PairAnswer, type PairedAccount } from "../wire";
import { Failure } from "./failure";
import type { Reach } from "./reach";
import { within } from "./silence";
import type { Account, Paired, Store } from "./store";

const LIMIT_MS = 10_000;

interface Parts {
  store: Store;
  reach: Reach;
  /** Give back the browser's permission for an origin. */
  release: (url: string) => Promise<void>;
  /** What the service lists this browser as. */
  client: string;
}

export class Pairing {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Give a code for tokens, and keep them for this origin alone. Rejects with a Failure. */
  async pair(url: string, code: string): Promise<void> {
    const { reach, store, client } = this.#parts;
    const service = await reach.stranger(url);
    const asked = { code, client };
    const answer = read(await within(LIMIT_MS, (signal) => service.ask("POST", "/pair", asked, signal)));
    const before = await store.paired();
    if (before !== null && before.url !== url) await this.unpair();
    const kept = before?.url === url ? before.accounts : [];
    await store.keep(joined(url, answer, kept));
  }

  /** Have every token revoked, and forget them whatever comes. Returns the accounts whose token the service may still take. */
  async unpair(): Promise<string[]> {
    const { store, release } = this.#parts;
    const paired = await store.paired();
    if (paired === null) return [];
    const left = await Promise.all(
      paired.accounts.map(async (each) => ((await this.#revoke(paired, each)) ? [] : each.name)),
    );
    await store.forget();
    await release(paired.url);
    return left.flat();
  }

  async #revoke({ url }: Paired, account: Account): Promise<boolean> {
    try {
      const service = await this.#parts.reach.as(url, account);
      await within(LIMIT_MS, (signal) => service.ask("DELETE", "/pair", undefined, signal));
      return true;
    } catch (error) {
      // A token that is refused is no token any more.
      return error instanceof Failure && error.trouble.kind === "refused";
    }
  }
}

/** A code may open only some accounts; those opened earlier stay. */
function joined(url: string, { version, accounts }: PairAnswer, before: Account[]): Paired {
  const opened = accounts.map(({ name, owner, addresses, token }) => ({
    name,
    owner,
    addresses: addresses.map((address) => address.toLowerCase()),
    token,
  }));
  const others = before.filter((each) => !opened.some(({ name }) => name === each.name));
  return { url, version, accounts: [...others, ...opened] };
}

function read(said: unknown): PairAnswer {
  const answer = said as Partial<PairAnswer> | null;
  if (typeof answer !== "object" || answer === null || !Array.isArray(answer.accounts)) throw new Failure("not-cyrano");
  if (answer.api !== API) throw new Failure("version", { detail: `The service speaks version ${answer.api}.` });
  if (!answer.accounts.every(isAccount)) throw new Failure("not-cyrano");
  return { api: answer.api, version: String(answer.version), accounts: answer.accounts };
}

function isAccount(each: Partial<PairedAccount> | null): each is PairedAccount {
  return (
    typeof each === "object" &&
    [each?.name, each?.owner, each?.token].every((value) => typeof value === "string") &&
    Array.isArray(each?.addresses) &&
    each.addresses.every((address) => typeof address === "string")
  );
}
