// Whether something has a place on the screen.

/** It takes up room; where a page is not laid out at all, everything does. */
export function isLaidOut(node: Element): boolean {
  return node.getClientRects().length > 0 || node.ownerDocument.documentElement.getClientRects().length === 0;
}
