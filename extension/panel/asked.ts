// What a draft is asked from: the compose as it stands now, and the wish.

import type { Ask } from "../protocol";
import type { Compose } from "../sites/site";
import type { State, Wish } from "./state";

/** Read the compose; raises PageChanged where it cannot be read. */
export function askOf(compose: Compose, { tone, length }: Pick<State, "tone" | "length">, wish: Wish): Ask {
  const { mailbox, subject, to, thread } = compose.context();
  const ask = { mailbox, subject, to: [...to], thread: [...thread], instruction: wish.instruction, tone, length };
  const draft = wish.refines?.draft;
  return draft ? { ...ask, refines: { draft_id: draft.draft_id, text: draft.text } } : ask;
}
