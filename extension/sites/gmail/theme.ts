// How a compose looks: dark or light, which way it reads.

import { colourOf, luminance } from "./colours";

/** The paper that is written on is darker than half grey. */
export function isDark(editor: HTMLElement): boolean {
  const view = editor.ownerDocument.defaultView as Window;
  for (let at: Element | null = editor; at !== null; at = at.parentElement) {
    const colour = colourOf(view.getComputedStyle(at).backgroundColor);
    if (colour !== null && colour.alpha > 0.5) return luminance(colour) < 0.2;
  }
  return false;
}

export function isRightToLeft(editor: HTMLElement): boolean {
  return (editor.ownerDocument.defaultView as Window).getComputedStyle(editor).direction === "rtl";
}
