// A trouble in the lines the panel has for it too.

import { say } from "../../panel/trouble";
import { readWords } from "../../panel/words";
import type { Trouble } from "../../protocol";
import type { Page } from "./page";

/** What happened and what to do. */
export function lines(page: Page, trouble: Trouble): string {
  const said = say(
    trouble,
    readWords((key, fills) => page.browser.i18n.getMessage(key, fills)),
  );
  return `${said.line}\n${said.hint}`;
}
