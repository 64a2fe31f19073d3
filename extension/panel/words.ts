// The panel's words, and those for what the service says.

import { type Words as Said, tablesOf } from "../words";
import type panel from "../words/en/panel.json";
import type told from "../words/en/told.json";
import type troubles from "../words/en/troubles.json";

export type Key = keyof typeof panel | keyof typeof told | keyof typeof troubles;
export type Words = Said<Key>;

export const PANEL = tablesOf<Key>(
  import.meta.glob("../words/*/{panel,told,troubles}.json", { eager: true, import: "default" }),
);
