// One compose of Gmail. Its parts are looked up each time, because Gmail draws them anew.

import { type Compose, type Context, PageChanged, type Taken } from "../site";
import { Flat } from "./flat";
import { answeredId, type Frame, frameOf } from "./frame";
import { Own } from "./own";
import { mailboxOf, recipientsOf } from "./people";
import { placeButton, placePanel } from "./placing";
import { HOOKS, one } from "./selectors";
import { isForward } from "./tail";
import { isDark, isRightToLeft } from "./theme";
import { threadOf } from "./thread";
import { overwrite, write } from "./writing";

export class GmailCompose implements Compose {
  readonly root: HTMLElement;
  /** Gmail's own number of it. */
  readonly id: string;
  readonly #end = new AbortController();
  #button: HTMLElement | null = null;
  #panel: HTMLElement | null = null;

  /** Raises PageChanged where the compose cannot be read. */
  constructor(mark: HTMLInputElement) {
    const { root } = frameOf(mark);
    this.root = root;
    this.id = mark.value;
  }

  get gone(): AbortSignal {
    return this.#end.signal;
  }

  get isAnswer(): boolean {
    const frame = this.#frame();
    return answeredId(frame) !== "" && !isForward(new Flat(frame.editor));
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
    const own = new Own(this.#frame().editor);
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
    write(this.#frame().editor, text, taken);
  }

  replace(text: string, taken: Taken): void {
    overwrite(this.#frame().editor, text, taken);
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
