// What each kind of fact is called.

import type { Fact } from "../wire";
import type { Key } from "./words";

const NAMES: Record<Fact["kind"], Key> = {
  link: "panel_kind_link",
  email: "panel_kind_email",
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
