// Gmail: finds its composes, those that are there and those that come.

import type { Compose, PageChanged, Site } from "../site";
import type { GmailCompose } from "./compose";
import { Watch } from "./watch";

/** The composes of a page of Gmail. */
export const gmail = (doc: Document, trusts = ({ isTrusted }: Event) => isTrusted): Site => new Gmail(doc, trusts);

class Gmail implements Site {
  readonly #doc: Document;
  readonly #trusts: (event: Event) => boolean;
  readonly #composes = new Set<GmailCompose>();

  constructor(doc: Document, trusts: (event: Event) => boolean) {
    this.#doc = doc;
    this.#trusts = trusts;
  }

  watch(found: (compose: Compose) => void, changed: (why: PageChanged) => void, signal: AbortSignal): void {
    new Watch(this.#doc, this.#composes, { found, changed, trusts: this.#trusts }).start(signal);
  }

  current(): Compose | null {
    const composes = [...this.#composes].filter((compose) => compose.isThere);
    const focused = this.#doc.activeElement;
    const own = composes.find((compose) => focused !== null && compose.has(focused));
    return own ?? composes.at(-1) ?? null;
  }
}
