// Whether a person can see what they press. A page may lay a thing of ours, faint or blown up, under something else that
// they mean to press, or put a picture over it that lets clicks through; and keys reach what nobody sees.

import { type View, viewOf } from "./cover";
import { Lookout } from "./lookout";
import { hostOf, isDistorted, isOfItsSize, isPlain } from "./plain";

export interface Sight {
  /** Keep an eye on it from now on. */
  watch(node: HTMLElement): void;
  /** Whether a click hit what is seen as it was made, and not covered there. */
  counts(event: Event): boolean;
  /** Whether it is in sight, or at least a share of it. It is brought into the window where it lies outside. */
  sees(node: HTMLElement, share?: number): boolean;
}

/** What a browser's page tells. */
export class PageSight implements Sight {
  readonly #lookout: Pick<Lookout, "watch" | "told">;
  readonly #view: (node: Element) => View;

  constructor(lookout: Pick<Lookout, "watch" | "told"> = new Lookout(), view = viewOf) {
    this.#lookout = lookout;
    this.#view = view;
  }

  watch(node: HTMLElement): void {
    this.#lookout.watch(node);
  }

  counts(event: Event): boolean {
    return isInSight(event);
  }

  sees(node: HTMLElement, share = 1): boolean {
    if (!isPlain(hostOf(node)) || !isOfItsSize(node)) return false;
    if (isOutside(node)) node.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
    return this.#lookout.told(node) === "seen" || this.#isClear(node, share);
  }

  /** Look for oneself. Where the browser says no and nothing is found that tells why, the browser is right. */
  #isClear(node: HTMLElement, share: number): boolean {
    const view = this.#view(node);
    if (view.share < share) return false;
    return share < 1 || view.hasGlass || this.#lookout.told(node) !== "hidden" || isDistorted(hostOf(node));
  }
}

/** A click counts only on what is seen, as large as it was made, and not covered. */
export function isInSight(event: Event): boolean {
  const node = event.currentTarget; // what listens: a click may hit the drawing in it
  if (event.type !== "click" || !(node instanceof HTMLElement)) return true;
  const host = hostOf(node);
  return isPlain(host) && isOfItsSize(node) && (isByKey(event) || isOnTop(host, event as MouseEvent));
}

function isByKey(event: Event): boolean {
  return (event as MouseEvent).detail === 0;
}

function isOnTop(host: Element, { clientX, clientY }: MouseEvent): boolean {
  return document.elementFromPoint(clientX, clientY) === host;
}

function isOutside(node: HTMLElement): boolean {
  const { left, top, right, bottom } = node.getBoundingClientRect();
  return left < 0 || top < 0 || right > window.innerWidth || bottom > window.innerHeight;
}
