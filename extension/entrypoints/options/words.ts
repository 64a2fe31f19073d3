// The page's words, and those for what the service says.

import { type Words as Said, tablesOf } from "../../words";
import type options from "../../words/en/options.json";
import type told from "../../words/en/told.json";
import type troubles from "../../words/en/troubles.json";

export type Key = keyof typeof options | keyof typeof told | keyof typeof troubles;
export type Words = Said<Key>;

export const OPTIONS = tablesOf<Key>(
  import.meta.glob("../../words/*/{options,told,troubles}.json", { eager: true, import: "default" }),
);
