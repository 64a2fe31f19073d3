// What filters make of colours, where that can hide letters.

import type { Colour } from "./colours";

/** Each part of a colour, 0 to 1, becomes `gain` times itself and `lift` more. */
export interface Tone {
  readonly gain: number;
  readonly lift: number;
}

const KINDS: Record<string, (much: number) => Tone> = {
  brightness: (much) => ({ gain: much, lift: 0 }),
  contrast: (much) => ({ gain: much, lift: 0.5 - 0.5 * much }),
  invert: (much) => ({ gain: 1 - 2 * much, lift: much }),
};

/** Those of a computed filter, in their order. */
export function tonesOf(filter: string | undefined): Tone[] {
  const told = [...(filter ?? "").matchAll(/(brightness|contrast|invert)\(([\d.]+)(%?)\)/g)];
  return told.flatMap(([, kind = "", much, unit]) => KINDS[kind]?.(Number(much) / (unit === "%" ? 100 : 1)) ?? []);
}

/** A colour as it comes out of them. */
export function toned(colour: Colour, tones: readonly Tone[]): Colour {
  if (tones.length === 0) return colour;
  const through = (part: number) =>
    tones.reduce((share, { gain, lift }) => Math.min(1, Math.max(0, share * gain + lift)), part / 255) * 255;
  return { ...colour, red: through(colour.red), green: through(colour.green), blue: through(colour.blue) };
}
