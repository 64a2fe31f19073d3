// What shadow roots hold, closed ones too: the browser opens them to an extension, never to the page.

interface Opener {
  openOrClosedShadowRoot(node: Element): ShadowRoot | null;
}

/** The shadow root of an element; null for none, or where the browser does not tell. */
export function rootIn(node: Element): ShadowRoot | null {
  const own = node as Element & { openOrClosedShadowRoot?: ShadowRoot | null }; // Firefox
  const opener = (globalThis.chrome as { dom?: Opener } | undefined)?.dom; // Chromium
  if (node.shadowRoot) return node.shadowRoot;
  if (own.openOrClosedShadowRoot !== undefined) return own.openOrClosedShadowRoot;
  return node instanceof HTMLElement ? (opener?.openOrClosedShadowRoot(node) ?? null) : null;
}

/** All elements of a page, those in shadow roots too. */
export function* allIn(root: ParentNode): Generator<Element> {
  for (const node of root.querySelectorAll("*")) {
    yield node;
    const inside = rootIn(node);
    if (inside) yield* allIn(inside);
  }
}
