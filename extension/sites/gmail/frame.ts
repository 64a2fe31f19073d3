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
  sendOf({ root, form, editor });
  return { root, form, editor };
}

/** The send button, known by its place alone. */
export function sendOf(frame: Frame): HTMLElement {
  const send = all(frame.root, HOOKS.send).find((button) => isSend(button, frame));
  if (send === undefined) throw new PageChanged(HOOKS.send.name);
  return send;
}

/** The first button of the row below the editor, with a menu beside it. */
function isSend(button: HTMLElement, { form, editor }: Frame): boolean {
  if (!isBelow(button, editor) || form.contains(button) || button.closest(HOOKS.toolbar.selector) !== null)
    return false;
  const row = button.closest("tr") ?? (button.parentElement as HTMLElement);
  const isFirst = row.querySelector("[role=button]") === button;
  return isFirst && button.nextElementSibling?.matches(HOOKS.sendMenu.selector) === true;
}

function isBelow(node: Node, editor: HTMLElement): boolean {
  const where = editor.compareDocumentPosition(node);
  return (where & Node.DOCUMENT_POSITION_FOLLOWING) !== 0 && (where & Node.DOCUMENT_POSITION_CONTAINED_BY) === 0;
}

/** The message a compose answers or forwards, without its "#"; "" for a new mail. */
export function answeredId({ form }: Frame): string {
  const { value } = one<HTMLInputElement>(form, HOOKS.answers);
  return value === "undefined" ? "" : value.replace(/^#/, "");
}
