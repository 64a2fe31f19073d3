// What lies behind letters, and whether they stand out from it.

import { blended, type Colour, colourOf, contrast } from "./colours";
import { gradientsOf } from "./gradients";
import { type Tone, toned } from "./tones";

// #ddd on white is just above it.
const LEAST_CONTRAST = 1.35;
const LEAST_ALPHA = 0.1;
const WHITE: Colour = { red: 255, green: 255, blue: 255, alpha: 1 };
// Nothing comes from elsewhere for it, so nothing is drawn, or nothing that a mail needs.
const NO_PICTURE = /url\((?:["']?(?:data|about):[^)]*|["']*)\)/g;
const LEAST_TILE_PX = 16;

export interface Ground {
  /** The colours behind; none where a picture is, which nobody can tell. */
  readonly papers: readonly Colour[];
  /** The share of them that letters must stand out from. */
  readonly least: number;
}

export const PAPER: Ground = { papers: [WHITE], least: 1 };

/** The ground of what stands in an element. */
export function groundOver(below: Ground, style: CSSStyleDeclaration, tones: readonly Tone[]): Ground {
  if (/text/.test(style.backgroundClip || style.webkitBackgroundClip || "")) return below;
  const base = painted(below, colourOf(style.backgroundColor), tones);
  const image = (style.backgroundImage || "none").replace(NO_PICTURE, "none");
  if (!/\(/.test(image) || isDot(style)) return base;
  const gradients = gradientsOf(image);
  if (gradients === null) return { papers: [], least: 0 };
  const isThin = base.papers.length === 0 && gradients.colours.some(({ alpha }) => alpha < 0.95);
  if (isThin || gradients.colours.length === 0) return base;
  const under = base.papers[0] ?? WHITE;
  return { papers: gradients.colours.map((colour) => blended(toned(colour, tones), under)), least: gradients.least };
}

function painted(below: Ground, colour: Colour | null, tones: readonly Tone[]): Ground {
  if (colour === null || colour.alpha === 0) return below;
  const own = toned(colour, tones);
  if (below.papers.length > 0 && own.alpha < 1) {
    return { papers: below.papers.map((paper) => blended(own, paper)), least: below.least };
  }
  return own.alpha > 0.5 ? { papers: [own], least: 1 } : below;
}

/** A picture too small, or laid too far off, to be behind letters. */
function isDot({ backgroundSize, backgroundRepeat, backgroundPosition }: CSSStyleDeclaration): boolean {
  const sizes = (backgroundSize || "auto").match(/-?[\d.]+(?:px|%)/g) ?? [];
  const isSmall = sizes.some((size) => Number.parseFloat(size) < (size.endsWith("%") ? 50 : LEAST_TILE_PX));
  const places = (backgroundPosition || "").match(/-?[\d.]+px/g) ?? [];
  return isSmall || (/no-repeat/.test(backgroundRepeat) && places.some((px) => Math.abs(Number.parseFloat(px)) > 500));
}

/** Ink of this colour can be read on it, as much of it as comes through. */
export function standsOut(ink: Colour, clarity: number, tones: readonly Tone[], { papers, least }: Ground): boolean {
  const alpha = ink.alpha * clarity;
  if (alpha < LEAST_ALPHA) return false;
  const shown = { ...toned(ink, tones), alpha };
  const clear = papers.filter((paper) => contrast(blended(shown, paper), paper) >= LEAST_CONTRAST);
  return clear.length >= papers.length * least;
}
