// The parts of one compose, found and checked against each other.

import { PageChanged } from "../site";
import { all, around, HOOKS, one } from "./selectors";

export interface Frame {
  readonly root: HTMLElement;
  readonly form: HTMLElement;
  readonly editor: HTMLElement;
}

/** The compose a `composeid` belongs to; raises PageChanged where anything is missing or there twice. */
export function frameOf(mark: Element): Frame {
  const form = around(mark, HOOKS.form);
  const root = around(form, HOOKS.frame);
  one(root, HOOKS.composeid);
  const editor = one(root, HOOKS.editor);
  if (form.contains(editor)) throw new PageChanged(HOOKS.editor.name);
  one(form, HOOKS.answers);
  one(form, HOOKS.subject);
  barOf({ root, form, editor });
  return { root, form, editor };
}

/** The row with Send, and the last of the buttons at its beginning: Send, or the menu beside it. */
export interface Bar {
  readonly row: HTMLElement;
  readonly first: HTMLElement;
}

// Send is known by its place alone; what stands beside it differs from account to account.
const LEAST_BUTTONS = 3;

/** The first row of buttons below the editor that does not format text. */
export function barOf(frame: Frame): Bar {
  const buttons = all(frame.root, HOOKS.button).filter((button) => isBelow(button, frame));
  for (const button of buttons) {
    const row = rowOf(button, frame);
    if (row === null) continue;
    const beside = button.nextElementSibling;
    const hasMenu = beside?.matches(HOOKS.sendMenu.selector) === true;
    return { row, first: hasMenu ? (beside as HTMLElement) : button };
  }
  throw new PageChanged(HOOKS.button.name);
}

/** The nearest row around a button that holds enough of them, but no part of the mail. */
function rowOf(button: HTMLElement, { root, form, editor }: Frame): HTMLElement | null {
  for (let at = button.parentElement; at !== null && at !== root; at = at.parentElement) {
    if (at.contains(editor) || at.contains(form)) return null;
    if (all(at, HOOKS.button).length >= LEAST_BUTTONS)
      return at.closest(`tr:not(:has(${HOOKS.editable.selector}))`) ?? at;
  }
  return null;
}

function isBelow(button: HTMLElement, { editor, form }: Frame): boolean {
  if (form.contains(button) || button.closest(HOOKS.toolbar.selector) !== null) return false;
  const where = editor.compareDocumentPosition(button);
  return (where & Node.DOCUMENT_POSITION_FOLLOWING) !== 0 && (where & Node.DOCUMENT_POSITION_CONTAINED_BY) === 0;
}

/** The message a compose answers or forwards, without its "#"; "" for a new mail. */
export function answeredId({ form }: Frame): string {
  const { value } = one<HTMLInputElement>(form, HOOKS.answers);
  return value === "undefined" ? "" : value.replace(/^#/, "");
}
