// What the options page may have done. Nobody else may: content scripts are told no by their address.

import type { Trouble } from "../protocol";
import type { Notice } from "../wire";
import { normal } from "./account";
import { within } from "./deadline";
import { asFailure } from "./failure";
import type { Pairing } from "./pairing";
import type { Reach } from "./reach";
import type { Account, Choices, Store } from "./store";

export type Order =
  | { type: "state" }
  | { type: "pair"; url: string; code: string }
  | { type: "unpair" }
  /** `account` null leaves it to the address; "" is none. */
  | { type: "choose"; mailbox: string; account: string | null }
  | { type: "choose-fallback"; account: string }
  /** List a mailbox to choose for. */
  | { type: "see"; mailbox: string }
  | { type: "test" };

/** What the options page may know; tokens are not among it. */
export interface State {
  /** null where nothing is paired. */
  paired: { url: string; version: string; accounts: KnownAccount[] } | null;
  choices: Choices;
  seen: string[];
}

export type KnownAccount = Required<Omit<Account, "token">>;

/** How an account's way to the service does. */
export interface Checked {
  name: string;
  trouble: Trouble | null;
  /** The adapter in service; null is the base model. */
  adapter: string | null;
  notices: Notice[];
}

export interface Answers {
  state: State;
  /** Accounts whose earlier token could not be revoked. */
  pair: { left: string[] };
  /** Accounts whose token could not be revoked. */
  unpair: { left: string[] };
  choose: undefined;
  "choose-fallback": undefined;
  see: undefined;
  test: Checked[];
}

/** What the page hears of an order: what it brought, or why it was not carried out. Hearing nothing, it was not. */
export type Carried<T extends Order["type"]> = { brought: Answers[T] } | { trouble: Trouble };

const LIMIT_MS = 10_000;

export class Orders {
  readonly #store: Store;
  readonly #reach: Reach;
  readonly #pairing: Pairing;

  constructor(store: Store, reach: Reach, pairing: Pairing) {
    this.#store = store;
    this.#reach = reach;
    this.#pairing = pairing;
  }

  async carryOut(order: Order): Promise<Carried<Order["type"]>> {
    try {
      return { brought: await this.#bring(order) };
    } catch (error) {
      return { trouble: asFailure(error).trouble };
    }
  }

  async #bring(order: Order): Promise<Answers[Order["type"]]> {
    switch (order.type) {
      case "state":
        return this.#state();
      case "pair":
        return { left: await this.#pairing.pair(order.url, order.code) };
      case "unpair":
        return { left: await this.#pairing.unpair() };
      case "choose":
        await this.#store.choose(normal(order.mailbox), order.account);
        return undefined;
      case "choose-fallback":
        await this.#store.chooseFallback(order.account);
        return undefined;
      case "see":
        await this.#store.see(normal(order.mailbox));
        return undefined;
      case "test":
        return this.#test();
    }
  }

  async #state(): Promise<State> {
    const paired = await this.#store.paired();
    const known = paired && { url: paired.url, version: paired.version, accounts: paired.accounts.map(withoutToken) };
    return { paired: known, choices: await this.#store.choices(), seen: await this.#store.seen() };
  }

  async #test(): Promise<Checked[]> {
    const paired = await this.#store.paired();
    return Promise.all((paired?.accounts ?? []).map(({ name }) => this.#checked(name)));
  }

  async #checked(name: string): Promise<Checked> {
    try {
      const service = await this.#reach.forAccount(name);
      const said = await within(LIMIT_MS, (signal) => service.ask("GET", "/accounts", undefined, signal));
      const found = (said as { accounts?: Told[] }).accounts?.[0];
      return { name, trouble: null, adapter: found?.adapter ?? null, notices: noticesOf(found) };
    } catch (error) {
      return { name, trouble: asFailure(error).trouble, adapter: null, notices: [] };
    }
  }
}

/** An account as the service tells of it; an earlier one knows no kinds. */
interface Told {
  adapter?: string | null;
  notices?: string[];
  noticed?: Notice[];
}

function noticesOf(told: Told | undefined): Notice[] {
  return told?.noticed ?? (told?.notices ?? []).map((text) => ({ kind: "", about: "", text }));
}

function withoutToken({ name, owner, addresses, isRefused = false }: Account): KnownAccount {
  return { name, owner, addresses, isRefused };
}
