// Where button and panel stand in a compose. Both come back when Gmail draws their surroundings anew.

import { float } from "./floating";
import { barOf, type Frame } from "./frame";
import { HOOKS } from "./selectors";

/** Puts the button right after what Send is in, in a cell of its own where Gmail keeps cells. */
export function placeButton(frame: Frame, host: HTMLElement): void {
  removeButton(host);
  const { row, first } = barOf(frame);
  const cell = first.closest("td");
  if (cell === null || !row.contains(cell)) {
    first.after(host);
    return;
  }
  const own = frame.root.ownerDocument.createElement("td");
  Object.assign(own.style, { verticalAlign: "middle", width: "1px" });
  own.append(host);
  cell.after(own);
}

/** Takes the button away, and the cell it was in. */
export function removeButton(host: HTMLElement): void {
  const cell = host.parentElement;
  host.remove();
  if (cell?.tagName === "TD" && cell.childNodes.length === 0) cell.remove();
}

/** Puts the panel at a window, else below the bar of a compose in a conversation, and keeps it there until `gone`. */
export function placePanel(frame: Frame, host: HTMLElement, gone: AbortSignal): void {
  const window = windowOf(frame.root);
  (window ?? frame.root).append(host);
  gone.addEventListener("abort", () => host.remove(), { once: true });
  if (window !== null) float(frame, window, host, gone);
}

/** What floats over the page, or is alone in it; null in a conversation, which scrolls and has room below the bar. */
function windowOf(root: HTMLElement): HTMLElement | null {
  const isInConversation = root.closest(HOOKS.messageList.selector) !== null;
  return root.closest<HTMLElement>(HOOKS.dialog.selector) ?? (isInConversation ? null : root);
}
