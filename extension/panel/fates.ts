// What became of the drafts of one mail, for the ledger. What the worker did not take is told again at the next chance.

import type { FeedbackKind } from "../protocol";
import type { Link } from "./link";

interface Fate {
  readonly mailbox: string;
  /** Null as long as nothing came of it. */
  kind: FeedbackKind | null;
  /** It stands in the mail. */
  isIn: boolean;
  /** What the worker has taken, or is just being told. */
  told: FeedbackKind | null;
}

export class Fates {
  readonly #link: Pick<Link, "tell">;
  readonly #fates = new Map<string, Fate>();

  constructor(link: Pick<Link, "tell">) {
    this.#link = link;
  }

  /** A draft has begun. */
  begin(id: string, mailbox: string): void {
    if (!this.#fates.has(id)) this.#fates.set(id, { mailbox, kind: null, isIn: false, told: null });
  }

  /** It was changed into another. */
  refined(id: string): void {
    this.#settle(id, "refined");
  }

  /** It went into the mail; of the others came nothing. */
  inserted(id: string): void {
    this.#discard(id);
    const fate = this.#fates.get(id);
    if (fate) fate.isIn = true;
    this.#settle(id, "inserted");
  }

  /** It was taken back out of the mail: what becomes of it is open again. */
  takenBack(id: string): void {
    const fate = this.#fates.get(id);
    if (fate) Object.assign(fate, { isIn: false, kind: null });
  }

  /** Whether it stands in the mail. */
  isIn(id: string): boolean {
    return this.#fates.get(id)?.isIn ?? false;
  }

  /** The one shown was thrown away, and with it all of which nothing came; never what stands in the mail. */
  thrownAway(shown: string): void {
    this.#discard(shown);
    if (shown && !this.isIn(shown)) this.#settle(shown, "discarded");
  }

  /** Tell what the worker has not taken yet. */
  again(): void {
    for (const [id, { kind, told }] of this.#fates) if (kind !== told) void this.#tell(id);
  }

  /** Of all but one, where it was not told yet, came nothing. */
  #discard(but: string): void {
    for (const [id, { kind, isIn }] of this.#fates) {
      if (id !== but && kind === null && !isIn) this.#settle(id, "discarded");
    }
  }

  #settle(id: string, kind: FeedbackKind): void {
    const fate = this.#fates.get(id);
    if (!fate) return;
    fate.kind = kind;
    if (fate.told !== kind) void this.#tell(id);
  }

  async #tell(id: string): Promise<void> {
    const fate = this.#fates.get(id);
    if (!fate?.kind) return;
    const { kind, mailbox, told } = fate;
    fate.told = kind;
    const answer = await this.#link.tell({ type: "feedback", draft_id: id, kind, mailbox });
    if (answer !== true && fate.told === kind) fate.told = told;
  }
}
