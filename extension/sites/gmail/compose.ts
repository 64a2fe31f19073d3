// One compose of Gmail. Its parts are looked up each time, because Gmail draws them anew.

import { type Compose, type Context, PageChanged, type Taken } from "../site";
import { answeredId, type Frame, frameOf } from "./frame";
import { Given } from "./given";
import { Own } from "./own";
import { mailboxOf, recipientsOf } from "./people";
import { placeButton, placePanel, removeButton } from "./placing";
import { HOOKS, one } from "./selectors";
import { Step } from "./step";
import { isDark, isRightToLeft } from "./theme";
import { hasThread, threadOf } from "./thread";
import { overwrite, write } from "./writing";

export class GmailCompose implements Compose {
  readonly root: HTMLElement;
  /** Gmail's own number of it. */
  readonly id: string;
  readonly #end = new AbortController();
  readonly #given: Given;
  readonly #step = new Step();
  #button: HTMLElement | null = null;
  #panel: HTMLElement | null = null;

  /** Raises PageChanged where the compose cannot be read. `isOld`: it was in the page before it was watched. */
  constructor(mark: HTMLInputElement, isOld: boolean, trusts: (event: Event) => boolean) {
    const { root } = frameOf(mark);
    this.root = root;
    this.id = mark.value;
    const read = () => new Own(this.#frame().editor).above;
    this.#given = new Given(root, read, isOld, { trusts, until: this.gone });
  }

  get gone(): AbortSignal {
    return this.#end.signal;
  }

  get isAnswer(): boolean {
    const frame = this.#frame();
    const own = new Own(frame.editor);
    return answeredId(frame) !== "" && !own.isForward && hasThread(frame, own.quoted);
  }

  get isAlone(): boolean {
    const frame = this.#frame();
    const own = new Own(frame.editor);
    return answeredId(frame) !== "" && !own.isForward && !hasThread(frame, own.quoted);
  }

  get isAsPut(): boolean {
    return this.#step.stands(this.#frame().editor);
  }

  get isRightToLeft(): boolean {
    return isRightToLeft(this.#frame().editor);
  }

  get isDark(): boolean {
    return isDark(this.#frame().editor);
  }

  /** It still stands in the page, and is the same mail. */
  get isThere(): boolean {
    if (!this.root.isConnected) return false;
    const mark = this.root.querySelector<HTMLInputElement>(HOOKS.composeid.selector);
    return mark === null || mark.value === this.id;
  }

  /** Whether a node is the compose's own, the panel beside it included. */
  has(node: Node): boolean {
    return this.root.contains(node) || this.#panel?.contains(node) === true;
  }

  placeButton(host: HTMLElement): void {
    placeButton(this.#frame(), host);
    this.#button = host;
    this.gone.addEventListener("abort", () => removeButton(host), { once: true });
  }

  placePanel(host: HTMLElement): void {
    placePanel(this.#frame(), host, this.gone);
    this.#panel = host;
  }

  /** Puts back what went when Gmail drew the bar anew. */
  mend(): void {
    if (this.#button !== null && !this.#button.isConnected) placeButton(this.#frame(), this.#button);
  }

  /** The compose went. */
  end(): void {
    this.#end.abort();
  }

  taken(): Taken | null {
    const own = new Own(this.#frame().editor, this.#given.words);
    return own.selected() ?? own.all();
  }

  context(): Context {
    const frame = this.#frame();
    return {
      mailbox: mailboxOf(frame.form, frame.root.ownerDocument),
      subject: one<HTMLInputElement>(frame.form, HOOKS.subject).value.trim(),
      to: recipientsOf(frame.form),
      thread: threadOf(frame, new Own(frame.editor).quoted),
    };
  }

  insert(text: string, taken: Taken | null): void {
    const { editor } = this.#frame();
    write(editor, text, taken, this.#given.words);
    this.#step.note(editor);
  }

  replace(text: string, taken: Taken): void {
    const { editor } = this.#frame();
    overwrite(editor, text, taken, this.#given.words);
    this.#step.note(editor);
  }

  undo(): boolean {
    return this.#step.undo(this.#frame().editor);
  }

  focus(): void {
    this.#frame().editor.focus();
  }

  #frame(): Frame {
    const mark = one<HTMLInputElement>(this.root, HOOKS.composeid);
    const frame = frameOf(mark);
    if (frame.root !== this.root || mark.value !== this.id) throw new PageChanged(HOOKS.composeid.name);
    return frame;
  }
}
