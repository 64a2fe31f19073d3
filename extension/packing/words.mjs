// The words of all parts, words/<language>/<part>.json, as the _locales/<language>/messages.json browsers read.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** @typedef {Record<string, { message: string, description?: string, placeholders?: Record<string, { content: string }> }>} Messages */

export const SOURCE = "en";
/** A word of the manifest's own that looks like one of ours. */
const FOREIGN = "options_ui";
const NAME = /^[A-Za-z0-9_@]+$/;
const FOLDER = join(import.meta.dirname, "../words");

/**
 * @param {string} [folder]
 * @returns {{ words: Record<string, Messages>, faults: string[] }} by language, and what is wrong with them
 */
export function readWords(folder = FOLDER) {
  /** @type {Record<string, Messages>} */
  const words = {};
  const faults = [];
  for (const language of readdirSync(folder).sort()) {
    words[language] = {};
    for (const file of readdirSync(join(folder, language)).sort()) {
      const part = JSON.parse(readFileSync(join(folder, language, file), "utf8"));
      const prefix = `${file.replace(".json", "")}_`;
      faults.push(...strangers(part, prefix).map((key) => `${language}/${file}: ${key} does not begin with ${prefix}`));
      Object.assign(words[language], part);
    }
  }
  return { words: sorted(words), faults: [...faults, ...faultsOf(words)] };
}

function strangers(part, prefix) {
  return Object.keys(part).filter((key) => !key.startsWith(prefix));
}

/**
 * @param {Record<string, Messages>} words
 * @returns {string[]} what is wrong in a language, or different from another
 */
export function faultsOf(words) {
  const source = words[SOURCE] ?? {};
  return Object.entries(words).flatMap(([language, messages]) => [
    ...Object.keys(source)
      .filter((key) => !(key in messages))
      .map((key) => `${language}: ${key} is missing`),
    ...Object.entries(messages).flatMap(([key, said]) => faultOf(language, key, said, source[key])),
  ]);
}

function faultOf(language, key, said, original) {
  if (!NAME.test(key)) return [`${language}: ${key} is no name for a message`];
  if (!said.message) return [`${language}: ${key} says nothing`];
  if (original === undefined) return [`${SOURCE}: ${key} is missing, and ${language} has it`];
  return gaps(said) === gaps(original) ? [] : [`${language}: ${key} has other gaps than in ${SOURCE}`];
}

/** The places of a message that are filled in: $1 or $NAME$, in any order. */
function gaps({ message, placeholders = {} }) {
  const found = message.match(/\$(\d|[A-Za-z]\w*\$)/g) ?? [];
  return JSON.stringify([
    found.map((gap) => gap.toLowerCase()).sort(),
    Object.values(placeholders)
      .map((each) => each.content)
      .sort(),
  ]);
}

function sorted(words) {
  return Object.fromEntries(
    Object.entries(words).map(([language, messages]) => [
      language,
      Object.fromEntries(Object.entries(messages).sort(([a], [b]) => (a < b ? -1 : 1))),
    ]),
  );
}

/**
 * @param {Messages} messages
 * @param {string[]} sources the texts of all source files
 * @returns {string[]} what is said but not used, or used but not said
 */
export function unmatched(messages, sources) {
  const all = sources.join("\n");
  const parts = [...new Set(Object.keys(messages).map((key) => key.split("_")[0]))].join("|");
  const used = new Set(
    [...all.matchAll(new RegExp(`(?:\\b|__MSG_)((?:${parts})_\\w+)`, "g"))].map(([, key]) => key.replace(/__$/, "")),
  );
  // A key that is put together, `troubles_${kind}`, uses all that begin like it.
  const begun = [...all.matchAll(new RegExp(`\`((?:${parts})_\\w*)\\$\\{`, "g"))].map(([, prefix]) => prefix ?? "");
  const isUsed = (key) => used.has(key) || begun.some((prefix) => key.startsWith(prefix));
  const isKnown = (key) => key in messages || key === FOREIGN || begun.includes(key);
  return [
    ...Object.keys(messages)
      .filter((key) => !isUsed(key))
      .map((key) => `${key} is said nowhere`),
    ...[...used].filter((key) => !isKnown(key)).map((key) => `${key} has no words`),
  ];
}
