// What is said, in the browser's language. All words are asked for once, at the start: a tab that outlives an update of
// the extension can ask for none any more, and must still say so. Chrome at times has none for a page, as long as it
// runs, though it tells its language: so the words of every language are in the scripts as well.

/** Says a message, its gaps filled. */
export interface Words<Key extends string> {
  (key: Key, ...fills: (string | number)[]): string;
  /** Of these words, "de". */
  readonly language: string;
}

/** All words of some parts, by language. */
export type Tables<Key extends string> = Readonly<Record<string, Readonly<Record<Key, string>>>>;

type Part = Readonly<Record<string, { message: string }>>;
type I18n = Pick<typeof chrome.i18n, "getMessage" | "getUILanguage">;

/** The language all others are compared with; the build sees to it that none lacks a word. */
export const SOURCE = "en";
const SLOTS = ["$1", "$2"]; // each slot is filled with its own name, so that it can be filled later

/** Put files, "../words/de/panel.json", together. */
export function tablesOf<Key extends string>(files: Record<string, Part>): Tables<Key> {
  const tables: Record<string, Record<string, string>> = {};
  for (const [path, part] of Object.entries(files)) {
    const language = path.split("/").at(-2) ?? SOURCE;
    const said = Object.entries(part).map(([key, { message }]) => [key, message]);
    tables[language] = { ...tables[language], ...Object.fromEntries(said) };
  }
  return tables as Tables<Key>;
}

/** Read all words, as the browser has them; what it has not, from the tables. */
export function readWords<Key extends string>(tables: Tables<Key>, i18n: I18n): Words<Key> {
  const language = languageOf(i18n.getUILanguage(), Object.keys(tables));
  const own = Object.entries<string>(tables[language] ?? {});
  const kept = new Map(own.map(([key, message]) => [key, i18n.getMessage(key, SLOTS) || message]));
  const say = (key: Key, ...fills: (string | number)[]) =>
    (kept.get(key) ?? key).replace(/\$([12])/g, (_, slot) => String(fills[slot - 1] ?? ""));
  return Object.assign(say, { language });
}

/** As browsers choose: "pt-BR" reads pt_BR, else pt, else English. */
function languageOf(asked: string, known: readonly string[]): string {
  const exact = asked.replaceAll("-", "_");
  return [exact, exact.split("_")[0]].find((each) => each !== undefined && known.includes(each)) ?? SOURCE;
}
