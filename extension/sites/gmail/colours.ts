// Colours as computed styles tell them, and how far apart they are for an eye.

export interface Colour {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
  readonly alpha: number;
}

/** A computed colour, in whatever way it is told; null where nobody can tell. */
export function colourOf(words: string): Colour | null {
  if (words === "transparent") return { red: 0, green: 0, blue: 0, alpha: 0 };
  return inRgb(words) ?? (/^[a-z-]+\(/.test(words) ? painted(words) : null);
}

/** "rgb(1, 2, 3)" or "rgba(…)"; null for any other. */
function inRgb(words: string): Colour | null {
  const parts = /^rgba?\(([^)]+)\)$/
    .exec(words)?.[1]
    ?.split(/[ ,/]+/)
    .map(Number);
  const [red, green, blue, alpha = 1] = parts ?? [];
  if (red === undefined || green === undefined || blue === undefined || Number.isNaN(red + green + blue)) return null;
  return { red, green, blue, alpha };
}

let canvas: OffscreenCanvasRenderingContext2D | null = null;

/** "oklch(…)" and the like: the browser paints it, and what came out is looked at. */
function painted(words: string): Colour | null {
  if (typeof OffscreenCanvas === "undefined") return null;
  canvas ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  if (canvas === null || !CSS.supports("color", words)) return null;
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = words;
  canvas.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0, alpha = 0] = canvas.getImageData(0, 0, 1, 1).data;
  return { red, green, blue, alpha: alpha / 255 };
}

/** A colour laid over another that lets nothing through. */
export function blended(over: Colour, { red, green, blue }: Colour): Colour {
  const mix = (above: number, below: number) => above * over.alpha + below * (1 - over.alpha);
  return { red: mix(over.red, red), green: mix(over.green, green), blue: mix(over.blue, blue), alpha: 1 };
}

/** WCAG's relative luminance, 0 for black to 1 for white. */
export function luminance({ red, green, blue }: Colour): number {
  const [r, g, b] = [red, green, blue].map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG's contrast, 1 for none to 21. */
export function contrast(one: Colour, other: Colour): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}
