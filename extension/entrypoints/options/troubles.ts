// A trouble in the lines the panel has for it too.

import type { Trouble } from "../../protocol";
import { say } from "../../trouble";
import type { Words } from "./words";

/** What happened and what to do. */
export function lines(words: Words, trouble: Trouble): string {
  const said = say(trouble, words);
  return `${said.line}\n${said.hint}`;
}
