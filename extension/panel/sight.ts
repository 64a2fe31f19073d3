// Whether a person can see what they press. A page may lay a thing of ours, faint or blown up, under something else that
// they mean to press.

const LEAST_OPACITY = 0.5;
const MOST_GROWN = 1.5;

/** A click counts only on what is seen, as large as it was made, and not covered. */
export function isInSight(event: Event): boolean {
  const node = event.currentTarget; // what listens: a click may hit the drawing in it
  if (event.type !== "click" || !(node instanceof HTMLElement)) return true;
  const host = hostOf(node);
  return isPlain(host) && isOfItsSize(node) && (isByKey(event) || isOnTop(host, event as MouseEvent));
}

function hostOf(node: HTMLElement): Element {
  const root = node.getRootNode();
  return root instanceof ShadowRoot ? root.host : node;
}

/** Nothing from the host up makes it faint, cuts it or blends it with what is below. */
function isPlain(host: Element): boolean {
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
  const isNone = (value: string | undefined) => !value || value === "none" || value === "normal";
  return /opacity|blur/.test(filter) || !isNone(clipPath) || !isNone(maskImage) || !isNone(mixBlendMode);
}

function isOfItsSize(node: HTMLElement): boolean {
  const { width, height } = node.getBoundingClientRect();
  const isNear = (seen: number, made: number) => seen <= made * MOST_GROWN && made <= seen * MOST_GROWN;
  return isNear(width, node.offsetWidth) && isNear(height, node.offsetHeight);
}

function isByKey(event: Event): boolean {
  return (event as MouseEvent).detail === 0;
}

function isOnTop(host: Element, { clientX, clientY }: MouseEvent): boolean {
  return document.elementFromPoint(clientX, clientY) === host;
}
