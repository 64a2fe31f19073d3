// Where button and panel stand in a compose. Both come back when Gmail draws their surroundings anew.

import { type Box, besideOf } from "./beside";
import { barOf, type Frame } from "./frame";
import { all, HOOKS } from "./selectors";

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

/** Puts the panel beside a floating window, else below the bar of the compose, and keeps it there until `gone`. */
export function placePanel(frame: Frame, host: HTMLElement, gone: AbortSignal): void {
  const window = frame.root.closest<HTMLElement>(HOOKS.dialog.selector);
  (window ?? frame.root).append(host);
  gone.addEventListener("abort", () => host.remove(), { once: true });
  if (window !== null) float(frame, window, host, gone);
}

function float(frame: Frame, window: HTMLElement, host: HTMLElement, gone: AbortSignal): void {
  const view = frame.root.ownerDocument.defaultView as Window & typeof globalThis;
  if (view.ResizeObserver === undefined) return;
  const settle = () => settleOn(view, frame, window, host);
  view.addEventListener("resize", settle, { signal: gone });
  // The window grows, shrinks, folds; the panel opens.
  const sizes = new view.ResizeObserver(settle);
  sizes.observe(window);
  sizes.observe(host);
  // It moves, when its neighbour comes or goes: told by nothing but where it is.
  view.document.addEventListener("transitionend", settle, { signal: gone });
  gone.addEventListener("abort", () => sizes.disconnect(), { once: true });
}

function settleOn(view: Window, frame: Frame, window: HTMLElement, host: HTMLElement): void {
  if (host.hidden) return;
  const own = window.getBoundingClientRect();
  const box = besideOf(own, { width: view.innerWidth, height: view.innerHeight }, othersThan(window));
  host.style.visibility = frame.editor.getClientRects().length === 0 ? "hidden" : "";
  if (box === null) stay(frame, host);
  else moveTo(box, view, window, host);
}

function othersThan(window: HTMLElement): DOMRect[] {
  return all(window.ownerDocument, HOOKS.dialog)
    .filter((other) => other !== window)
    .map((other) => other.getBoundingClientRect())
    .filter(({ width }) => width > 0);
}

/** No room beside it: below the bar, in the window. */
function stay(frame: Frame, host: HTMLElement): void {
  Object.assign(host.style, { position: "", zIndex: "", left: "", bottom: "", width: "" });
  if (host.parentElement !== frame.root) frame.root.append(host);
}

function moveTo(box: Box, view: Window, window: HTMLElement, host: HTMLElement): void {
  const bottom = `${view.innerHeight - box.top - box.height}px`;
  Object.assign(host.style, {
    position: "fixed",
    zIndex: "2147483000",
    left: `${box.left}px`,
    bottom,
    width: `${box.width}px`,
  });
  if (host.parentElement !== window && host.parentElement !== window.ownerDocument.body) window.append(host);
  // Inside a transformed window "fixed" means something else.
  if (Math.abs(host.getBoundingClientRect().left - box.left) > 1) window.ownerDocument.body.append(host);
}
