// Keeps the panel at a window that floats over the page, in a place of its own, wherever the window goes.

import { PageChanged } from "../site";
import { placeFor } from "./beside";
import type { Box, Occupied, Viewport } from "./box";
import { barOf, type Frame, frameOf } from "./frame";
import { all, HOOKS, one } from "./selectors";

const LOOK_MS = 300;
/** So low that its head and foot alone stand still. */
const LOW_PX = 340;

/** Follow a window until `gone`. */
export function float(frame: Frame, window: HTMLElement, host: HTMLElement, gone: AbortSignal): void {
  const view = frame.root.ownerDocument.defaultView as Window & typeof globalThis;
  if (view.ResizeObserver === undefined) return;
  const settle = () => settleOn(view, frame, window, host);
  view.addEventListener("resize", settle, { signal: gone });
  // The window grows, shrinks, folds; the panel opens.
  const sizes = new view.ResizeObserver(settle);
  for (const node of [window, host, frame.editor]) sizes.observe(node);
  // It moves, when its neighbour comes or goes: told by nothing but where it is.
  view.document.addEventListener("transitionend", settle, { signal: gone });
  const looking = view.setInterval(() => host.hidden || settle(), LOOK_MS);
  const end = () => {
    sizes.disconnect();
    view.clearInterval(looking);
    host.removeAttribute("data-low");
  };
  gone.addEventListener("abort", end, { once: true });
  settle(); // before it opens: in the window, it would scroll that
}

function settleOn(view: Window, frame: Frame, window: HTMLElement, host: HTMLElement): void {
  const page = view.document.scrollingElement ?? view.document.documentElement;
  const viewport = { width: page.clientWidth, height: page.clientHeight }; // without the bars that scroll it
  const occupied = occupiedIn(frame, window, viewport);
  if (occupied === null) return;
  const isFolded = occupied.editor.height === 0;
  if (!isFolded) moveTo(placeFor(occupied, viewport, othersThan(window)), viewport, window, host);
  set(host, "visibility", isFolded ? "hidden" : "");
}

/** Its parts as they are now; null where they cannot be found: then the panel stays where it is. */
function occupiedIn({ root }: Frame, window: HTMLElement, viewport: Viewport): Occupied | null {
  try {
    const frame = frameOf(one(root, HOOKS.composeid));
    const [editor, bar] = [frame.editor.getBoundingClientRect(), barOf(frame).row.getBoundingClientRect()];
    const { left, top, width, height } = window.getBoundingClientRect();
    const isAlone = window === root; // then the page below it is its own
    return { window: { left, top, width, height: isAlone ? viewport.height - top : height }, editor, bar };
  } catch (error) {
    if (error instanceof PageChanged) return null;
    throw error;
  }
}

function othersThan(window: HTMLElement): DOMRect[] {
  return all(window.ownerDocument, HOOKS.dialog)
    .filter((other) => other !== window)
    .map((other) => other.getBoundingClientRect())
    .filter(({ width }) => width > 0);
}

function moveTo(box: Box, viewport: Viewport, window: HTMLElement, host: HTMLElement): void {
  host.toggleAttribute("data-low", box.height < LOW_PX);
  if (host.parentElement === window && isBent(window)) window.ownerDocument.body.append(host);
  lay(box, viewport, host);
}

/** Inside something transformed "fixed" means something else; where the whole page is, nothing helps. */
function isBent(window: HTMLElement): boolean {
  const { body } = window.ownerDocument;
  for (let at: HTMLElement | null = window; at !== null && at !== body; at = at.parentElement) {
    const { transform, filter, perspective } = getComputedStyle(at);
    if ([transform, filter, perspective].some((effect) => effect !== "" && effect !== "none")) return true;
  }
  return false;
}

function lay({ left, top, width, height }: Box, viewport: Viewport, host: HTMLElement): void {
  const zoom = (host as { currentCSSZoom?: number }).currentCSSZoom ?? 1;
  const px = (length: number) => `${Math.round(length / zoom)}px`;
  set(host, "position", "fixed");
  set(host, "zIndex", "2147483000");
  set(host, "left", px(left));
  set(host, "bottom", px(viewport.height - top - height));
  set(host, "width", px(width));
  set(host, "maxHeight", px(height));
}

type Property = "position" | "zIndex" | "left" | "bottom" | "width" | "maxHeight" | "visibility";

/** Written only where it is new: a page watches what changes in it. */
function set(host: HTMLElement, property: Property, value: string): void {
  if (host.style[property] !== value) host.style[property] = value;
}
