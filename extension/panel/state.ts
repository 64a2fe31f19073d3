// What the panel of one compose shows. Plain data: the session makes it, the views draw it.

import type { Length, Tone, Voice } from "../protocol";
import type { Taken } from "../sites/site";
import type { PanelTrouble } from "../trouble";
import type { Draft, Meta } from "../wire";

export type Phase =
  | "asking" //   waits for an instruction
  | "writing" //  a draft streams in
  | "ready" //    a version stands there
  | "stopped" //  its owner stopped it; what came is kept
  | "failed" //   it broke off, or never began
  | "inserted"; // it went into the mail

/** What a draft was asked for. */
export interface Wish {
  readonly instruction: string;
  readonly from: "typed" | "selected" | "box" | "thread" | "refine" | "edited";
  /** The version that is to be changed. */
  readonly refines: Version | null;
}

/** A finished draft; going back shows it as it was left. */
export interface Version {
  readonly draft: Draft;
  readonly wish: Wish;
  /** Which of its unsupported links and addresses are to stay. */
  readonly kept: ReadonlySet<number>;
}

export interface State {
  readonly isOpen: boolean;
  /** Whether the mail answers something: then nothing need be said. */
  readonly isAnswer: boolean;
  /** Whether it answers something that is not in sight: then words are needed all the same. */
  readonly isAlone: boolean;
  readonly phase: Phase;
  readonly taken: Taken | null;
  readonly instruction: string;
  readonly tone: Tone | "";
  readonly length: Length | "";
  readonly wish: Wish | null;
  readonly versions: readonly Version[];
  /** The version shown; versions.length is the one in the making. */
  readonly at: number;
  /** What has come of the one in the making. */
  readonly text: string;
  readonly meta: Meta | null;
  /** Who writes, as far as that is known. */
  readonly voice: Voice | null;
  readonly trouble: PanelTrouble | null;
  /** What was asked for when the trouble came, to be asked for again. */
  readonly failed: Wish | null;
  /** The links and addresses that did not go into the mail. */
  readonly leftOut: readonly string[];
}

export const FRESH: State = {
  isOpen: false,
  isAnswer: false,
  isAlone: false,
  phase: "asking",
  taken: null,
  instruction: "",
  tone: "",
  length: "",
  wish: null,
  versions: [],
  at: 0,
  text: "",
  meta: null,
  voice: null,
  trouble: null,
  failed: null,
  leftOut: [],
};

/** The version that is shown, where one is. */
export function shown(state: State): Version | null {
  return state.phase === "ready" || state.phase === "inserted" ? (state.versions[state.at] ?? null) : null;
}
