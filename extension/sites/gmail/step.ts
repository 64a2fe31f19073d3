// The last insertion into an editor, and the way back from it: one step of the page's own undo.

import { Flat } from "./flat";
import { run } from "./writing";

const bare = (text: string) => text.replace(/\s+/g, "");

export class Step {
  #after: string | null = null;

  /** An insertion was just made. */
  note(editor: HTMLElement): void {
    this.#after = bare(new Flat(editor).text);
  }

  /** Whether the editor is as the insertion left it. */
  stands(editor: HTMLElement): boolean {
    return this.#after !== null && bare(new Flat(editor).text) === this.#after;
  }

  /** Take it back; false where the editor was changed since, and then it is left alone. */
  undo(editor: HTMLElement): boolean {
    if (!this.stands(editor)) return false;
    editor.focus({ preventScroll: true });
    if (editor.ownerDocument.activeElement !== editor || !run(editor.ownerDocument, "undo")) return false;
    return !this.stands(editor);
  }
}
