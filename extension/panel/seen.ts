// What may only be done by somebody who sees what they do: whatever goes out, or into the mail.

import type { Around } from "./around";
import type { Sight } from "./sight";
import { toast } from "./toast";

/** So much of the panel must be in sight; another window may lie over the rest of it. */
const HALF = 0.5;

/** Act on a press that its owner can see; any other does nothing, and is told. */
export function onSeen(button: HTMLElement, around: Around, act: () => void): void {
  around.sight.watch(button);
  button.addEventListener("click", (event) => {
    if (!around.trusts(event)) return;
    if (around.sight.counts(event)) ifSeen(button, around, act);
    else tell(around);
  });
}

/** Act, by a key, for a button that its owner can see. */
export function ifSeen(button: HTMLElement, around: Around, act: () => void): void {
  if (around.sight.sees(button)) act();
  else tell(around);
}

/** In a panel the button must be in sight, and half of what is around it. */
export function sightIn(sight: Sight, panel: () => HTMLElement): Sight {
  return {
    watch: (node) => sight.watch(node),
    counts: (event) => sight.counts(event),
    sees: (node, share) => sight.sees(node, share) && sight.sees(panel(), HALF),
  };
}

function tell(around: Around): void {
  toast(around.words("panel_unseen"), around);
}
