// The colours that a gradient shows.

import { blended, type Colour, colourOf } from "./colours";

const COLOUR = /(?:rgba?|hsla?|oklch|oklab|lch|lab|color)\([^()]*\)/g;
const SHADES = 16;

export interface Gradient {
  readonly colours: readonly Colour[];
  /** The share of them that letters must stand out from: half of it where it is known how far each reaches. */
  readonly least: number;
}

interface Stop {
  readonly colour: Colour;
  readonly at: number | null;
}

/** Of a computed background image; null where it is a picture. */
export function gradientsOf(image: string): Gradient | null {
  if (!/gradient\(/.test(image) || /url\(|image/.test(image)) return null;
  const stops = stopsIn(image);
  const isOne = image.match(/gradient\(/g)?.length === 1 && !/repeating/.test(image);
  const placed = isOne && stops !== null ? spread(stops) : null;
  if (placed === null) return { colours: coloursIn(image), least: 1 };
  return { colours: Array.from({ length: SHADES }, (_, at) => shadeAt(placed, (at + 0.5) / SHADES)), least: 0.5 };
}

function coloursIn(image: string): Colour[] {
  return (image.match(COLOUR) ?? []).map(colourOf).filter((colour) => colour !== null);
}

/** Null where one is placed by anything but a share. */
function stopsIn(image: string): Stop[] | null {
  const found: Stop[] = [];
  for (const [whole, told = ""] of image.matchAll(new RegExp(`${COLOUR.source}([^,()]*)`, "g"))) {
    const colour = colourOf(whole.slice(0, whole.length - told.length));
    const places = told.trim() === "" ? [] : told.trim().split(" ");
    if (colour === null || places.some((place) => !/^-?[\d.]+%$/.test(place))) return null;
    const ats = places.length === 0 ? [null] : places.map((place) => Number.parseFloat(place) / 100);
    found.push(...ats.map((at) => ({ colour, at })));
  }
  return found.length === 0 ? null : found;
}

type Placed = { colour: Colour; at: number };

/** Stops without a place lie evenly between those that have one; none lies before another. */
function spread(stops: readonly Stop[]): Placed[] {
  const ats = stops.map(({ at }, index) => at ?? (index === 0 ? 0 : index === stops.length - 1 ? 1 : null));
  let last = 0;
  return stops.map(({ colour }, index) => {
    const next = ats.findIndex((at, later) => later >= index && at !== null);
    const own = last + ((ats[next] as number) - last) / (next - index + 1);
    last = Math.max(last, own);
    return { colour, at: last };
  });
}

function shadeAt(stops: readonly Placed[], at: number): Colour {
  const after = stops.findIndex((stop) => stop.at >= at);
  const [low, high] = [stops[after - 1] ?? stops.at(after === -1 ? -1 : 0), stops.at(after)] as [Placed, Placed];
  if (high.at <= low.at) return high.colour;
  const share = Math.min(1, Math.max(0, (at - low.at) / (high.at - low.at)));
  return {
    ...blended({ ...high.colour, alpha: share }, low.colour),
    alpha: mix(low.colour.alpha, high.colour.alpha, share),
  };
}

function mix(low: number, high: number, share: number): number {
  return low + (high - low) * share;
}
