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

/** Too faint to be seen. */
export function isFaint({ opacity, filter }: CSSStyleDeclaration): boolean {
  return Number(opacity || 1) < 0.1 || /opacity\(0(\.0\d*)?%?\)/.test(filter);
}

/** No height or width to be seen in, or the letters pushed out of it. */
export function isFoldedUp(style: CSSStyleDeclaration): boolean {
  const isShort = [style.maxHeight, style.height, style.width, style.maxWidth].some((size) =>
    /^[01](\.\d+)?px$|^0$|^0%$/.test(size),
  );
  const isCut = /hidden|clip/.test(`${style.overflow} ${style.overflowX} ${style.overflowY}`);
  return (isShort && isCut) || (isCut && Math.abs(Number.parseFloat(style.textIndent || "0")) > 500);
}

/** Far off the page, clipped or scaled to nothing. */
export function isCutAway(style: CSSStyleDeclaration): boolean {
  const isFar =
    /absolute|fixed/.test(style.position) &&
    [style.left, style.right, style.top, style.bottom].some((edge) => Number.parseFloat(edge) < -500);
  const isClipped =
    /inset\((50|[6-9]\d|100)%/.test(style.clipPath) ||
    /^rect\((0|1)(px)?,? (0|1)(px)?,? (0|1)(px)?,? (0|1)(px)?\)/.test(style.clip);
  const isFlat = /scale[XY3d]*\(0[,)]|matrix\(0, 0, 0, 0/.test(style.transform);
  return isFar || isClipped || isFlat;
}
