// The panel's words in the browser's language. All are asked for once, at the start: a tab that outlives an update of
// the extension can ask for none any more, and must still say so.

import panel from "../words/en/panel.json";
import troubles from "../words/en/troubles.json";

const ENGLISH = { ...panel, ...troubles };
const SLOTS = ["$1", "$2"]; // each slot is filled with its own name, so that it can be filled later

export type Key = keyof typeof ENGLISH;
export type Words = (key: Key, ...fills: (string | number)[]) => string;

/** Read all words through the browser's `getMessage`; English where it has none. */
export function readWords(getMessage: (key: string, fills: string[]) => string): Words {
  const keys = Object.keys(ENGLISH) as Key[];
  const kept = new Map(keys.map((key) => [key, getMessage(key, SLOTS) || ENGLISH[key].message]));
  return (key, ...fills) => (kept.get(key) ?? key).replace(/\$([12])/g, (_, slot) => String(fills[slot - 1] ?? ""));
}
