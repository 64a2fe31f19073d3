// What went wrong, in one line, what to do in another, and a button that does it.

import type { Trouble, TroubleKind } from "./protocol";
import { type Said, saidOf } from "./said";
import type { Words } from "./words";
import type told from "./words/en/told.json";
import type troubles from "./words/en/troubles.json";

type Key = keyof typeof troubles;

/** Beside what the worker tells: an update under the tab, and a page that is not as it was. */
export type PanelTroubleKind = TroubleKind | "orphaned" | "page-changed" | "unreadable" | Small;
/** What its owner can mend on the spot. */
type Small = "no-words" | "selection" | "folded";
export type PanelTrouble = Omit<Trouble, "kind"> & { kind: PanelTroubleKind };
export type Remedy = "retry" | "options" | "copy" | "change" | "none";

interface Entry {
  line: Key;
  hint: Key;
  remedy: Remedy;
  /** The service's own words tell more than ours. */
  quotes?: true;
}

const TABLE: Record<PanelTroubleKind, Entry> = {
  "not-paired": { line: "troubles_not_paired", hint: "troubles_not_paired_hint", remedy: "options" },
  "no-account": { line: "troubles_no_account", hint: "troubles_no_account_hint", remedy: "options" },
  "no-permission": { line: "troubles_no_permission", hint: "troubles_no_permission_hint", remedy: "options" },
  down: { line: "troubles_down", hint: "troubles_down_hint", remedy: "retry" },
  "not-cyrano": { line: "troubles_not_cyrano", hint: "troubles_not_cyrano_hint", remedy: "options" },
  version: { line: "troubles_version", hint: "troubles_version_hint", remedy: "retry" },
  refused: { line: "troubles_refused", hint: "troubles_refused_hint", remedy: "options" },
  forbidden: { line: "troubles_forbidden", hint: "troubles_forbidden_hint", remedy: "options" },
  busy: { line: "troubles_busy", hint: "troubles_busy_hint", remedy: "retry" },
  resting: { line: "troubles_resting", hint: "troubles_resting_hint", remedy: "retry", quotes: true },
  invalid: { line: "troubles_invalid", hint: "troubles_invalid_hint", remedy: "change", quotes: true },
  broken: { line: "troubles_broken", hint: "troubles_broken_hint", remedy: "retry" },
  silent: { line: "troubles_silent", hint: "troubles_silent_hint", remedy: "retry" },
  stopped: { line: "troubles_stopped", hint: "troubles_stopped_hint", remedy: "retry" },
  failed: { line: "troubles_failed", hint: "troubles_failed_hint", remedy: "retry", quotes: true },
  orphaned: { line: "troubles_orphaned", hint: "troubles_orphaned_hint", remedy: "none" },
  "page-changed": { line: "troubles_page_changed", hint: "troubles_page_changed_hint", remedy: "copy" },
  "no-words": { line: "troubles_no_words", hint: "troubles_no_words_hint", remedy: "none" },
  selection: { line: "troubles_selection", hint: "troubles_selection_hint", remedy: "none" },
  folded: { line: "troubles_folded", hint: "troubles_folded_hint", remedy: "none" },
  unreadable: { line: "troubles_unreadable", hint: "troubles_unreadable_hint", remedy: "none" },
};

const ACTS: Record<Exclude<Remedy, "none">, Key> = {
  retry: "troubles_act_retry",
  options: "troubles_act_options",
  copy: "troubles_act_copy",
  change: "troubles_act_change",
};

/** A trouble the panel itself found. */
export function troubleOf(kind: PanelTroubleKind): PanelTrouble {
  return { kind, detail: "", hint: "" };
}

export function remedyOf(trouble: PanelTrouble | null): Remedy {
  return trouble ? TABLE[trouble.kind].remedy : "none";
}

/** Say a trouble: what happened, what to do, and what the button says; "" for no button. */
export function say(trouble: PanelTrouble, words: Words<Key | keyof typeof told>) {
  const { line, hint, remedy, quotes } = TABLE[trouble.kind];
  const said: Said = (quotes && saidOf(trouble, words)) || { text: words(hint), lang: "" };
  const act = remedy === "none" ? "" : words(ACTS[remedy]);
  return { line: words(line), hint: said.text, hintLang: said.lang, remedy, act };
}
