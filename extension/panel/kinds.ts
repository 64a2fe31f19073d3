// What each kind of fact is called, and what stands in the mail where one is left out.

import type { Fact } from "../wire";
import type { Key } from "./words";

const NAMES: Record<Fact["kind"], Key> = {
  link: "panel_kind_link",
  email: "panel_kind_email",
  account: "panel_kind_account",
  date: "panel_kind_date",
  time: "panel_kind_time",
  amount: "panel_kind_amount",
  number: "panel_kind_number",
  name: "panel_kind_name",
};

/** The word for a kind; a kind that is not known yet is called a name. */
export function kindName(kind: Fact["kind"]): Key {
  return NAMES[kind] ?? "panel_kind_name";
}

const MARKS: Partial<Record<Fact["kind"], Key>> = {
  email: "panel_mark_email",
  account: "panel_mark_account",
};

/** The words in the place of a fact that is left out; a kind that is not known yet is taken for a link. */
export function markOf(kind: Fact["kind"] | undefined): Key {
  return (kind && MARKS[kind]) || "panel_mark_link";
}
