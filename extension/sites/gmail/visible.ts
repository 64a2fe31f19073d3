// The text of a message as a person sees it. What is there for machines alone is left out: a mail may hide orders.

import { type Colour, colourOf, coloursIn, contrast } from "./colours";
import { clarity, cuts, isControl, isCutAway, isFoldedUp, isVeiled, LEAST_PX } from "./hiding";

// Soft hyphens, joiners, bidi controls, variation selectors, tags: letters that nobody sees.
const UNSEEN =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: each is meant by itself.
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\u{e0000}-\u{e0fff}]/gu;
const LEAST_FONT_PX = 4;
const LEAST_CONTRAST = 1.15;
const LEAST_CLARITY = 0.1;

// Persian, Hindi and emoji need their joiners; beside letters like these they only part words.
const IDLE_JOINERS = /(?<=[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\d@./:-])[\u200c\u200d]+/gu;

/** What is seen under `root`, with line ends. */
export function visibleText(root: HTMLElement): string {
  const lines = new Lines(root);
  lines.into(root);
  return lines.text
    .replace(/[ \t\u00a0]+/g, " ")
    .replace(/ ?\n ?/g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** Words without the letters that nobody sees. */
export function seenLetters(text: string): string {
  return text.replace(UNSEEN, "").replace(IDLE_JOINERS, "");
}

class Lines {
  text = "";
  readonly #root: HTMLElement;
  readonly #view: Window;
  readonly #box: DOMRect;
  // What comes through all that is around.
  #clarity = 1;
  readonly #styles = new Map<Element, CSSStyleDeclaration>();

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#view = root.ownerDocument.defaultView as Window;
    this.#box = root.getBoundingClientRect();
  }

  // Asked several times of each element around the text, and slow.
  #style(element: Element): CSSStyleDeclaration {
    const known = this.#styles.get(element) ?? this.#view.getComputedStyle(element);
    this.#styles.set(element, known);
    return known;
  }

  into(element: Element): void {
    const isClosed = element.matches("details:not([open])");
    for (const child of isClosed ? element.querySelectorAll(":scope > summary") : element.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) this.#read(child as Text, element);
      else if (child.nodeType === Node.ELEMENT_NODE) this.#enter(child as HTMLElement);
    }
  }

  #enter(element: HTMLElement): void {
    if (element.tagName === "BR") this.text += "\n";
    if (isControl(element) || this.#isShut(element)) return;
    const isBlock = !/^(inline|contents|ruby)/.test(this.#style(element).display);
    const around = this.#clarity;
    this.#clarity *= clarity(this.#style(element));
    if (isBlock) this.#breakLine();
    if (this.#clarity >= LEAST_CLARITY) this.into(element);
    if (isBlock) this.#breakLine();
    this.#clarity = around;
  }

  #breakLine(): void {
    if (this.text !== "" && !this.text.endsWith("\n")) this.text += "\n";
  }

  #read(node: Text, parent: Element): void {
    const words = seenLetters(node.data).replace(/\s+/g, " ");
    if (words.trim() === "") this.text += words;
    else if (this.#isLegible(parent) && this.#isInSight(node)) this.text += words;
  }

  /** Nothing under it can be seen. */
  #isShut(element: HTMLElement): boolean {
    if (element.hidden || element.getAttribute("aria-hidden") === "true") return true;
    const style = this.#style(element);
    // Knows what styles do not tell, such as closed details; an element without a box of its own it calls hidden.
    if (style.display !== "contents" && element.checkVisibility?.() === false) return true;
    return style.display === "none" || isVeiled(style) || isFoldedUp(style) || isCutAway(style);
  }

  /** Letters of this element can be read: large enough, and of another colour than what is behind them. */
  #isLegible(element: Element): boolean {
    const style = this.#style(element);
    if (style.visibility === "hidden" || style.visibility === "collapse") return false;
    if (Number.parseFloat(style.fontSize || "16") < LEAST_FONT_PX) return false;
    const ink = colourOf(style.webkitTextFillColor || style.color);
    if (ink === null) return true;
    if (ink.alpha < 0.1) return false;
    const papers = this.#papersBehind(element);
    return papers.length === 0 || papers.some((paper) => contrast(ink, paper) >= LEAST_CONTRAST);
  }

  /** The nearest colours behind an element, several for a gradient; none where a picture is. */
  #papersBehind(element: Element): Colour[] {
    for (let at: Element | null = element; at !== null; at = at.parentElement) {
      const { backgroundImage, backgroundColor } = this.#style(at);
      if (/url\(|image/.test(backgroundImage)) return [];
      if (/gradient\(/.test(backgroundImage)) return coloursIn(backgroundImage);
      const colour = colourOf(backgroundColor);
      if (colour !== null && colour.alpha > 0.5) return [colour];
    }
    return [{ red: 255, green: 255, blue: 255, alpha: 1 }];
  }

  /** Some letters lie within the message, and within all around them that cuts, where the page can tell. */
  #isInSight(node: Text): boolean {
    if (this.#box.width === 0 || this.#box.height === 0) return true;
    const range = this.#root.ownerDocument.createRange();
    range.selectNodeContents(node);
    const boxes = this.#windowsAround(node);
    return [...range.getClientRects()].some((letters) => boxes.every((box) => isSeenIn(letters, box)));
  }

  /** The message, and what lies between it and a node and shows nothing beyond its edges. */
  #windowsAround(node: Text): DOMRect[] {
    const found = [this.#box];
    for (let at = node.parentElement; at !== null && at !== this.#root; at = at.parentElement) {
      const style = this.#style(at);
      if (style.display !== "inline" && cuts(style)) found.push(at.getBoundingClientRect());
    }
    return found;
  }
}

/** Enough of it to be read. */
function isSeenIn(letters: DOMRect, box: DOMRect): boolean {
  const width = Math.min(letters.right, box.right) - Math.max(letters.left, box.left);
  const height = Math.min(letters.bottom, box.bottom) - Math.max(letters.top, box.top);
  return width >= Math.min(LEAST_PX, letters.width) && height >= LEAST_PX && letters.width > 0;
}
