// Who is asked for a mailbox: the paired service with the account's token, or the reason why not.

import type { Voice } from "../protocol";
import { accountFor, isAddressOf, isStranger, normal } from "./account";
import { permissionFor } from "./address";
import { Failure } from "./failure";
import { type Fetch, Service } from "./service";
import type { Account, Paired, Store } from "./store";

type Permissions = Pick<typeof chrome.permissions, "contains">;

export class Reach {
  readonly #permissions: Permissions;
  readonly #store: Store;
  readonly #fetch: Fetch;

  constructor(permissions: Permissions, store: Store, fetch: Fetch) {
    this.#permissions = permissions;
    this.#store = store;
    this.#fetch = fetch;
  }

  /** The account that drafts for a mailbox. Rejects with a Failure. */
  async account(mailbox: string): Promise<Account> {
    return chosen((await this.#paired()).accounts, mailbox, this.#store);
  }

  /** The account of a mailbox, and the service as it finds it. Rejects with a Failure. */
  async forMailbox(mailbox: string): Promise<{ account: Account; voice: Voice; service: Service }> {
    const paired = await this.#paired();
    if (!isAddressOf(mailbox, paired.accounts)) await this.#see(mailbox);
    const account = await chosen(paired.accounts, mailbox, this.#store);
    const service = await this.as(paired.url, account);
    return { account, voice: await this.#voice(account, mailbox), service };
  }

  async #voice(account: Account, mailbox: string): Promise<Voice> {
    const isUnknown = isStranger(mailbox, account, await this.#store.choices());
    return { owner: account.owner, stranger: isUnknown ? normal(mailbox) : "" };
  }

  /** The service as an account, by its name, finds it. Rejects with a Failure. */
  async forAccount(name: string): Promise<Service> {
    const { url, accounts } = await this.#paired();
    const account = accounts.find((each) => each.name === name);
    if (account === undefined) throw new Failure("no-account");
    return this.as(url, account);
  }

  /** The service at an origin with an account's token, which must be for it. A refusal is remembered. */
  async as(url: string, { token }: Account): Promise<Service> {
    await this.#allowed(url);
    return new Service({ url, token, fetch: this.#fetch, onRefused: () => this.#store.refuse(token) });
  }

  /** The service at an origin, without any token. */
  async stranger(url: string): Promise<Service> {
    await this.#allowed(url);
    return new Service({ url, token: "", fetch: this.#fetch, onRefused: async () => undefined });
  }

  async #paired(): Promise<Paired> {
    const paired = await this.#store.paired();
    if (paired === null) throw new Failure("not-paired");
    return paired;
  }

  async #see(mailbox: string): Promise<void> {
    // A storage that is full costs a line in the options, not the draft.
    await this.#store.see(normal(mailbox)).catch(() => undefined);
  }

  async #allowed(url: string): Promise<void> {
    if (!(await this.#permissions.contains({ origins: [permissionFor(url)] }))) throw new Failure("no-permission");
  }
}

async function chosen(accounts: Account[], mailbox: string, store: Store): Promise<Account> {
  const account = accountFor(mailbox, accounts, await store.choices());
  if (account === null) throw new Failure("no-account");
  return account;
}
