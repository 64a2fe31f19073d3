// Pairing with a service by a code it shows, and the end of it.

import { API, type PairAnswer, type PairedAccount } from "../wire";
import { permissionFor } from "./address";
import { within } from "./deadline";
import { Failure } from "./failure";
import type { Reach } from "./reach";
import type { Account, Paired, Store } from "./store";

const LIMIT_MS = 10_000;

interface Parts {
  store: Store;
  reach: Reach;
  /** Tell the service what still waits to be told. */
  tell: () => Promise<void>;
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

  /**
   * Give a code for tokens, keep them for this origin alone, and have those revoked that they replace. Returns the
   * accounts whose earlier token the service may still take. Rejects with a Failure.
   */
  async pair(url: string, code: string): Promise<string[]> {
    const { store } = this.#parts;
    const answer = await this.#redeem(url, code);
    const before = await store.paired();
    if (before?.url !== url) return this.#moveFrom(before, joined(url, answer, []));
    const paired = joined(url, answer, before.accounts);
    // Kept before the others are revoked: whatever comes then, this browser has tokens that are good.
    await store.keep(paired);
    const held = new Set(paired.accounts.map(({ token }) => token));
    return this.#revokeAll(
      url,
      before.accounts.filter(({ token }) => !held.has(token)),
    );
  }

  /** Have every token revoked, and forget them whatever comes. Returns the accounts whose token the service may still take. */
  async unpair(): Promise<string[]> {
    const paired = await this.#parts.store.paired();
    if (paired === null) return [];
    const left = await this.#forget(paired);
    await this.#release(paired.url);
    return left;
  }

  async #moveFrom(before: Paired | null, paired: Paired): Promise<string[]> {
    const left = before === null ? [] : await this.#forget(before);
    await this.#parts.store.keep(paired);
    if (before !== null) await this.#release(before.url);
    return left;
  }

  async #redeem(url: string, code: string): Promise<PairAnswer> {
    const { reach, client } = this.#parts;
    const asked = { code, client };
    try {
      const service = await reach.stranger(url);
      return read(await within(LIMIT_MS, (signal) => service.ask("POST", "/pair", asked, signal)));
    } catch (error) {
      await this.#release(url);
      throw error;
    }
  }

  async #forget({ url, accounts }: Paired): Promise<string[]> {
    const { store, tell } = this.#parts;
    // While there still is a token to tell it with. What cannot be told now never will be.
    await tell().catch(() => undefined);
    const left = await this.#revokeAll(url, accounts);
    await store.forget();
    return left;
  }

  /** Give back the permission for an origin, unless what is paired now needs the same. */
  async #release(url: string): Promise<void> {
    const { store, release } = this.#parts;
    const paired = await store.paired();
    if (paired === null || permissionFor(paired.url) !== permissionFor(url)) await release(url);
  }

  /** Returns the accounts whose token may still be taken. */
  async #revokeAll(url: string, accounts: Account[]): Promise<string[]> {
    const left = await Promise.all(accounts.map(async (each) => ((await this.#revoke(url, each)) ? [] : each.name)));
    return left.flat();
  }

  async #revoke(url: string, account: Account): Promise<boolean> {
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
