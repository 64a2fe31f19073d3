// What the service itself says, in the user's language. Its sentences are English, and carry codes (connectors/reason.py,
// service/notices.py, the types of service/problems.py): other languages have words for those. A code without words,
// as a newer service may send, is said in the service's sentence.

import type { Trouble } from "./protocol";
import type { Meta, Notice } from "./wire";
import { SOURCE, type Words } from "./words";
import told from "./words/en/told.json";

type Key = keyof typeof told;

export interface Said {
  readonly text: string;
  /** The language where it is not the user's; "" where it is. */
  readonly lang: string;
}

/** What happened and what to do; null where the service said nothing. */
export function saidOf({ detail, hint, code }: Omit<Trouble, "kind">, words: Words<Key>): Said | null {
  const sentence = [detail, hint].filter(Boolean).join(" ");
  if (sentence && words.language === SOURCE) return { text: sentence, lang: "" };
  const key = keyNamed(`told_reason_${flat(code?.reason)}`) ?? keyNamed(`told_problem_${flat(code?.type)}`);
  if (key) return { text: words(key, code?.about ?? ""), lang: "" };
  return sentence ? foreign(sentence) : null;
}

export function noticeSaid({ kind, about, text }: Notice, words: Words<Key>): Said {
  if (words.language === SOURCE) return { text, lang: "" };
  const key = keyNamed(`told_notice_${flat(kind)}`);
  return key ? { text: words(key, about), lang: "" } : foreign(text);
}

/** The notice of a draft, "" where there is none. */
export function noticeOf(meta: Meta | null, words: Words<Key>): Said {
  // A service of an earlier day tells no kinds.
  return noticeSaid(meta?.noticed ?? { kind: "", about: "", text: meta?.notice ?? "" }, words);
}

/** A code as it stands in the name of its words. */
function flat(code = ""): string {
  return code.replaceAll("-", "_");
}

function keyNamed(name: string): Key | null {
  return Object.hasOwn(told, name) ? (name as Key) : null;
}

function foreign(text: string): Said {
  return { text, lang: text ? SOURCE : "" };
}
