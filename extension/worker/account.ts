// Whose voice: the account that drafts for a mailbox.

import type { Account, Choices } from "./store";

type Writer = Pick<Account, "name" | "addresses">;

/** A mailbox as it is compared: Gmail's page and the service need not agree on case. */
export function normal(mailbox: string): string {
  return mailbox.trim().toLowerCase();
}

export function isAddressOf(mailbox: string, accounts: readonly Writer[]): boolean {
  return accounts.some((each) => each.addresses.includes(normal(mailbox)));
}

/** A mailbox that tells its address, but not that it is this account's: nobody chose that for it. */
export function isStranger(mailbox: string, account: Writer, { mailboxes }: Choices): boolean {
  const address = normal(mailbox);
  return address !== "" && !isAddressOf(address, [account]) && !Object.hasOwn(mailboxes, address);
}

/** What the owner chose; else whose address it is; else what is chosen for all others; else the only one there is. */
export function accountFor<A extends Writer>(mailbox: string, accounts: readonly A[], choices: Choices): A | null {
  const named = (name: string) => accounts.find((each) => each.name === name) ?? null;
  const address = normal(mailbox);
  const chosen = Object.hasOwn(choices.mailboxes, address) ? choices.mailboxes[address] : undefined;
  if (chosen !== undefined) return named(chosen);
  const owner = accounts.find((each) => each.addresses.includes(address));
  return owner ?? named(choices.fallback) ?? (accounts.length === 1 ? (accounts[0] ?? null) : null);
}
