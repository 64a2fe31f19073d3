// What an element paints: nothing, where it only lays other things out; and how far beyond its own box.

const REPLACED =
  "img, picture, canvas, video, iframe, frame, object, embed, svg, svg *, input, textarea, select, progress";
const CLEAR = /^(transparent|rgba\(.*, 0\)|.*\/ 0\))$/;
const NUMBER = /-?[\d.]+(?=px)/g;

export interface Reach {
  readonly dense: number;
  readonly faint: number;
}

/** Whether it would hide what is below it. What is clear through and through hides nothing. */
export function paints(node: Element): boolean {
  if (!isShown(node)) return false;
  return node.matches(REPLACED) || hasWords(node) || hasColour(getComputedStyle(node)) || hasAdded(node);
}

/** Whether it is there at all, neither hidden nor quite clear by itself or by what is around it. */
export function isShown(node: Element): boolean {
  return node.checkVisibility?.({ visibilityProperty: true, opacityProperty: true }) ?? true;
}

function hasWords(node: Element): boolean {
  return [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.nodeValue?.trim());
}

function hasColour(style: CSSStyleDeclaration): boolean {
  const { backgroundColor, backgroundImage, backdropFilter } = style;
  if (backgroundColor && !CLEAR.test(backgroundColor)) return true;
  if ([backgroundImage, backdropFilter].some((value) => value && value !== "none")) return true;
  return ["Top", "Right", "Bottom", "Left"].some((side) => hasBorder(style, side));
}

function hasBorder(style: CSSStyleDeclaration, side: string): boolean {
  const of = (what: string) => String(style[`border${side}${what}` as keyof CSSStyleDeclaration] ?? "");
  return Number.parseFloat(of("Width")) > 0 && of("Style") !== "none" && !CLEAR.test(of("Color"));
}

/** What a style sheet puts before or after it. */
function hasAdded(node: Element): boolean {
  return ["::before", "::after"].some((name) => {
    const style = getComputedStyle(node, name);
    const isThere = style.content && !["none", "normal"].includes(style.content);
    return isThere && style.opacity !== "0" && (style.content !== '""' || hasColour(style));
  });
}

/** How far its shadows and its outline reach beyond it, at the most; `faint` is with the blurred rest of them. */
export function reach({ boxShadow, outlineStyle, outlineWidth, outlineOffset }: CSSStyleDeclaration): Reach {
  const outline = outlineStyle && outlineStyle !== "none" ? px(outlineWidth) + px(outlineOffset) : 0;
  let [dense, faint] = [outline, outline];
  for (const shadow of boxShadow && boxShadow !== "none" ? boxShadow.split(/,(?![^(]*\))/) : []) {
    if (shadow.includes("inset")) continue;
    const [x = 0, y = 0, blur = 0, spread = 0] = (shadow.match(NUMBER) ?? []).map(Number);
    const thrown = Math.max(Math.abs(x), Math.abs(y)) + spread;
    dense = Math.max(dense, thrown);
    faint = Math.max(faint, thrown + 2 * blur);
  }
  return { dense, faint };
}

function px(text: string): number {
  return Math.max(0, Number.parseFloat(text) || 0);
}
