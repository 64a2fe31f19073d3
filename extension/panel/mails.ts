// The mails of a tab, and what stands at each. One whose compose goes is kept for a while: it may be drawn anew.

import type { Compose } from "../sites/site";
import type { Around } from "./around";
import { Attached } from "./attach";

/** A window that was gone for so long is closed, not drawn anew: nobody waits for its draft any more. */
const REDRAWN_MS = 2_000;
/** For so long what came of it is kept: it may be opened again. */
const ABSENT_MS = 60_000;

export class Mails {
  readonly #around: Around;
  readonly #mails = new Map<string, Attached>();

  constructor(around: Around) {
    this.#around = around;
  }

  /** Put button and panel at a compose: its own, where it was there before. Raises PageChanged, then nothing stands there. */
  attach(compose: Compose): Attached {
    const known = this.#mails.get(compose.id);
    const mail = known?.isAdrift ? known : new Attached(compose, this.#around);
    mail.join(compose);
    this.#mails.set(compose.id, mail);
    compose.gone.addEventListener("abort", () => this.#wait(compose, mail), { once: true });
    return mail;
  }

  /** The options were changed. */
  change(): void {
    for (const mail of this.#mails.values()) mail.change();
  }

  #wait({ id }: Compose, mail: Attached): void {
    setTimeout(() => mail.isAdrift && mail.stop(), REDRAWN_MS);
    setTimeout(() => {
      if (!mail.isAdrift) return;
      mail.end();
      if (this.#mails.get(id) === mail) this.#mails.delete(id);
    }, ABSENT_MS);
  }
}
