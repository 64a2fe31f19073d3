// The text of a message as a person sees it. What is there for machines alone is left out: a mail may hide orders.

import { areaOf, type Box, EVERYWHERE, isSeenIn, isWholeIn, windowIn, windowOf } from "./boxes";
import { colourOf } from "./colours";
import { isCovered } from "./covered";
import { type Ground, groundOver, PAPER, standsOut } from "./ground";
import { clarity, isControl, isCutAway, isFoldedUp, isVeiled, scrolls } from "./hiding";
import { seenLetters } from "./letters";
import { Purse } from "./purse";
import { Ruler } from "./ruler";
import { type Tone, tonesOf } from "./tones";

const LEAST_FONT_PX = 4;
const LEAST_CLARITY = 0.1;
// In shares of a letter: closer ones lie on top of each other.
const CLOSEST = -0.4;

/** What is seen under `root`, with line ends; a part of it where `purse` has not enough for all. */
export function visibleText(root: HTMLElement, purse = new Purse()): string {
  const lines = new Lines(root, purse);
  lines.read();
  return lines.text
    .replace(/[ \t\u00a0]+/g, " ")
    .replace(/ ?\n ?/g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** What all that is around an element does to the letters in it. */
interface Scene {
  /** What comes through. */
  readonly clarity: number;
  /** From the inside out. */
  readonly tones: readonly Tone[];
  readonly ground: Ground;
  /** What is not cut off. */
  readonly box: Box;
  /** Where a text begins or ends, though more of it may lie beyond. */
  readonly near: Box;
}

class Lines {
  text = "";
  readonly #root: HTMLElement;
  readonly #view: Window;
  readonly #purse: Purse;
  readonly #ruler: Ruler;
  readonly #area: Box;

  constructor(root: HTMLElement, purse: Purse) {
    this.#root = root;
    this.#view = root.ownerDocument.defaultView as Window;
    this.#purse = purse;
    this.#ruler = new Ruler(root.ownerDocument, purse);
    this.#area = areaOf(root, this.#style(root));
  }

  read(): void {
    const style = this.#style(this.#root);
    const [ground, box] = [this.#groundOfRoot(), windowOf(this.#root, style)];
    this.#into(this.#root, style, { clarity: 1, tones: [], ground, box, near: this.#area });
  }

  #style(element: Element): CSSStyleDeclaration {
    return this.#view.getComputedStyle(element);
  }

  #groundOfRoot(): Ground {
    const around: Element[] = [];
    for (let at: Element | null = this.#root; at !== null; at = at.parentElement) around.unshift(at);
    return around.reduce((ground, element) => groundOver(ground, this.#style(element), []), PAPER);
  }

  #into(element: Element, style: CSSStyleDeclaration, scene: Scene): void {
    const isLegible = once(() => this.#isLegible(style, scene));
    const isClosed = element.matches("details:not([open])");
    for (const child of isClosed ? element.querySelectorAll(":scope > summary") : element.childNodes) {
      if (!this.#purse.visit()) return;
      if (child.nodeType === Node.TEXT_NODE) this.#take(child as Text, isLegible, scene);
      else if (child.nodeType === Node.ELEMENT_NODE) this.#enter(child as HTMLElement, scene);
    }
  }

  #enter(element: HTMLElement, around: Scene): void {
    if (element.tagName === "BR") this.text += "\n";
    const style = this.#style(element);
    if (isControl(element) || isShut(element, style)) return;
    const isBlock = !/^(inline|contents|ruby)/.test(style.display);
    const scene = this.#within(around, element, style);
    if (isBlock) this.#breakLine();
    if (scene.clarity >= LEAST_CLARITY) this.#into(element, style, scene);
    if (isBlock) this.#breakLine();
  }

  #within(around: Scene, element: Element, style: CSSStyleDeclaration): Scene {
    const tones = [...tonesOf(style.filter), ...around.tones];
    return {
      clarity: around.clarity * clarity(style),
      tones,
      ground: groundOver(around.ground, style, tones),
      box: this.#hasLayout ? windowIn(around.box, element, style) : around.box,
      near: scrolls(style.overflowX) || scrolls(style.overflowY) ? EVERYWHERE : around.near,
    };
  }

  #breakLine(): void {
    if (this.text !== "" && !this.text.endsWith("\n")) this.text += "\n";
  }

  #take(node: Text, isLegible: () => boolean, scene: Scene): void {
    const isBlank = seenLetters(node.data).trim() === "";
    const shown = isBlank ? node.data : isLegible() ? this.#shown(node, scene) : "";
    this.text += this.#purse.read(seenLetters(shown).replace(/\s+/g, " "));
  }

  /** Letters of this element can be read: large enough, apart, and of another colour than what is behind them. */
  #isLegible(style: CSSStyleDeclaration, { clarity: through, tones, ground }: Scene): boolean {
    if (style.visibility === "hidden" || style.visibility === "collapse") return false;
    const size = Number.parseFloat(style.fontSize || "16");
    if (size < LEAST_FONT_PX || Number.parseFloat(style.letterSpacing) < CLOSEST * size) return false;
    const ink = colourOf(style.webkitTextFillColor || style.color);
    return ink === null || standsOut(ink, through, tones, ground);
  }

  /** Where nothing has a place, no page was drawn. */
  get #hasLayout(): boolean {
    return this.#area.right > this.#area.left && this.#area.bottom > this.#area.top;
  }

  /** What of it lies within the message and all that cuts, with nothing on top. */
  #shown(node: Text, { box, near }: Scene): string {
    if (!this.#hasLayout) return node.data;
    const lines = this.#ruler.lines(node);
    if (!lines.some((line) => isSeenIn(line, near))) return "";
    const ends = lines.length === 1 ? lines : [lines[0], lines.at(-1)];
    if (ends.some((line) => isCovered(node, line as DOMRect, this.#root, this.#purse))) return "";
    return lines.every((line) => isWholeIn(line, box)) ? node.data : this.#ruler.shown(node, lines.length, box);
  }
}

/** Nothing under it can be seen. */
function isShut(element: HTMLElement, style: CSSStyleDeclaration): boolean {
  if (element.hidden || element.getAttribute("aria-hidden") === "true") return true;
  // Knows what styles do not tell, such as closed details; an element without a box of its own it calls hidden.
  if (style.display !== "contents" && element.checkVisibility?.() === false) return true;
  return style.display === "none" || isVeiled(style) || isFoldedUp(style) || isCutAway(style);
}

function once<Found>(find: () => Found): () => Found {
  let found: { is: Found } | null = null;
  return () => {
    found ??= { is: find() };
    return found.is;
  };
}
