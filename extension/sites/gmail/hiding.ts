// Ways in which styles hide what stands in a page.

const SILENT = new Set([
  "SCRIPT",
  "STYLE",
  "TEMPLATE",
  "TITLE",
  "NOSCRIPT",
  "TEXTAREA",
  "SELECT",
  "IFRAME",
  "OBJECT",
  "BUTTON",
]);

/** What acts instead of telling something, such as the dots that unfold a quote. */
export function isControl(element: Element): boolean {
  return SILENT.has(element.tagName) || (element.tagName !== "A" && element.getAttribute("role") === "button");
}

/** How much of what is under it comes through, 0 for nothing to 1. */
export function clarity({ opacity, filter }: CSSStyleDeclaration): number {
  const [, share = "1", unit] = /opacity\(([\d.]+)(%?)\)/.exec(filter ?? "") ?? [];
  return Number(opacity || 1) * (unit === "%" ? Number(share) / 100 : Number(share));
}

/** Blurred, masked, clipped to a shape, mixed with what is behind, drawn anew by a filter, or kept from being drawn. */
export function isVeiled(style: CSSStyleDeclaration): boolean {
  const filter = style.filter ?? "";
  const [, blur = "0"] = /blur\(([\d.]+)px\)/.exec(filter) ?? [];
  const shapes = [style.clipPath, style.maskImage, style.getPropertyValue("-webkit-mask-image")];
  const isRedrawn = /url\(/.test(filter) || (style.mixBlendMode || "normal") !== "normal";
  return (
    isRedrawn ||
    Number(blur) > 2 ||
    shapes.some((shape) => shape && shape !== "none") ||
    style.contentVisibility === "hidden"
  );
}

// Less than this of a letter is no letter.
export const LEAST_PX = 4;

/** No height or width to be seen in, or the letters pushed out of it. */
export function isFoldedUp(style: CSSStyleDeclaration): boolean {
  if (!cuts(`${style.overflow} ${style.overflowX} ${style.overflowY}`)) return false;
  const isShort = [style.maxHeight, style.height, style.width, style.maxWidth].some(
    (size) => /^[\d.]+(px|%)?$/.test(size) && Number.parseFloat(size) < LEAST_PX,
  );
  return isShort || Math.abs(Number.parseFloat(style.textIndent || "0")) > 500;
}

/** What reaches over the edges is not shown, as `overflow` tells. */
export function cuts(overflow: string): boolean {
  return /hidden|clip/.test(overflow);
}

/** It can be scrolled to. */
export function scrolls(overflow: string): boolean {
  return /auto|scroll/.test(overflow);
}

/** Far off the page, cut to nothing, or scaled to it. */
export function isCutAway(style: CSSStyleDeclaration): boolean {
  return isTakenOff(style) || isTiny(style.transform) || isTiny(`scale(${style.scale})`);
}

function isTakenOff(style: CSSStyleDeclaration): boolean {
  if (!/absolute|fixed/.test(style.position)) return false;
  const isFar = [style.left, style.right, style.top, style.bottom].some((edge) => Number.parseFloat(edge) < -500);
  const [top, right, bottom, left] = (/^rect\(([^)]*)\)/.exec(style.clip ?? "")?.[1] ?? "")
    .split(/[ ,]+/)
    .map(Number.parseFloat) as [number, number, number, number];
  return isFar || right - left < LEAST_PX || bottom - top < LEAST_PX;
}

/** Scaled to a fifth or less in some direction. */
function isTiny(transform: string): boolean {
  const [, kind, list = ""] = /(scale|matrix)[XY3d]*\(([^)]+)\)/.exec(transform ?? "") ?? [];
  const [a = 1, b, c = 0, d = 1] = list.split(/[ ,]+/).map(Number);
  if (/^matrix3d/.test(transform)) return false; // where its letters come to lie is seen by where they lie
  const sizes = kind === "matrix" ? [Math.hypot(a, b ?? 0), Math.hypot(c, d)] : [Math.abs(a), Math.abs(b ?? a)];
  return kind !== undefined && Math.min(...sizes) <= 0.2;
}
