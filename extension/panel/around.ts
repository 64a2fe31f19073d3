// What the panel is given of the world around it: so that tests can give it another.

import type { KeyGuard } from "./keys";
import type { Link } from "./link";
import type { Sight } from "./sight";
import type { Words } from "./words";

export interface Around {
  readonly words: Words;
  readonly keys: Pick<KeyGuard, "take">;
  readonly link: Pick<Link, "draft" | "tell">;
  /** "closed", but for tests in a browser. */
  readonly shadow: ShadowRootMode;
  /** Whether a person did it. A script of the page can press nothing. */
  readonly trusts: (event: Event) => boolean;
  readonly sight: Sight;
  readonly copy: (text: string) => Promise<void>;
  readonly openOptions: () => void;
  /** The keys that open the panel, "" for none. */
  readonly shortcut: Promise<string>;
  readonly isMac: boolean;
}

/** Listen to what a person does; a click counts on what is seen. */
export function onPerson<Name extends keyof HTMLElementEventMap>(
  node: HTMLElement,
  name: Name,
  around: Pick<Around, "trusts" | "sight">,
  act: (event: HTMLElementEventMap[Name]) => void,
): void {
  node.addEventListener(name, (event) => {
    if (around.trusts(event) && around.sight.counts(event)) act(event);
  });
}
