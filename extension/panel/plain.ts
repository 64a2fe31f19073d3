// Whether something looks as it was made: the page has neither hidden it nor made it faint, blown up or otherwise strange.

const LEAST_OPACITY = 0.5;
const MOST_GROWN = 1.5;

/** What stands in the page for a node of ours. */
export function hostOf(node: Element): Element {
  const root = node.getRootNode();
  return root instanceof ShadowRoot ? root.host : node;
}

/** Nothing from the host up makes it faint, cuts it or blends it with what is below. */
export function isPlain(host: Element): boolean {
  let opacity = 1;
  for (let at: Element | null = host; at !== null; at = at.parentElement) {
    const style = getComputedStyle(at);
    opacity *= Number.parseFloat(style.opacity || "1");
    if (style.visibility === "hidden" || isAltered(style)) return false;
  }
  return opacity >= LEAST_OPACITY;
}

function isAltered(style: CSSStyleDeclaration): boolean {
  const { filter, clipPath, maskImage, mixBlendMode } = style;
  return /opacity|blur|url/.test(filter) || ![clipPath, maskImage, mixBlendMode].every(isNone);
}

export function isOfItsSize(node: HTMLElement): boolean {
  const { width, height } = node.getBoundingClientRect();
  const isNear = (seen: number, made: number) => seen <= made * MOST_GROWN && made <= seen * MOST_GROWN;
  return isNear(width, node.offsetWidth) && isNear(height, node.offsetHeight);
}

/** Whether an effect lies on it that leaves it to be seen, but blinds the browser's own eye: a dark mode made of filters. */
export function isDistorted(host: Element): boolean {
  for (let at: Element | null = host; at !== null; at = at.parentElement) {
    const { opacity, filter, transform, scale, rotate, perspective, backdropFilter } = getComputedStyle(at);
    if (Number.parseFloat(opacity || "1") < 1 || !isMoved(transform)) return true;
    if (![filter, scale, rotate, perspective, backdropFilter].every(isNone)) return true;
  }
  return false;
}

function isMoved(transform: string | undefined): boolean {
  return isNone(transform) || /^matrix\(1, 0, 0, 1, /.test(transform ?? "");
}

function isNone(value: string | undefined): boolean {
  return !value || value === "none" || value === "normal";
}
