// The page's words in the browser's language, and in English where the browser gives it none: a page that opens while the
// extension's process is new may get "" for all it asks.

import english from "../../words/en/options.json";

export type Key = keyof typeof english;
export type Words = (key: Key, ...gaps: string[]) => string;

export function wordsOf(i18n: Pick<typeof chrome.i18n, "getMessage">): Words {
  return (key, ...gaps) => i18n.getMessage(key, gaps) || filled(english[key].message, gaps);
}

function filled(message: string, gaps: string[]): string {
  return message.replace(/\$(\d)/g, (_, slot) => gaps[Number(slot) - 1] ?? "");
}
