// An editor's content as one string, each character of which knows where it stands in the page.

/** A place between characters, as ranges name it. */
export interface Place {
  readonly node: Node;
  readonly offset: number;
}

interface Piece {
  readonly from: number;
  readonly length: number;
  /** A text node, or a br. */
  readonly node: Node;
}

/** What begins a line and ends one. */
export const BLOCKS = new Set(
  "ADDRESS ARTICLE ASIDE BLOCKQUOTE CENTER DD DIV DL DT FIGURE FOOTER FORM H1 H2 H3 H4 H5 H6 HEADER HR LI MAIN OL P PRE SECTION TABLE TBODY TD TFOOT TH THEAD TR UL".split(
    " ",
  ),
);

/** Lines are parted by "\n", however the editor parts them. */
export class Flat {
  readonly text: string;
  readonly #pieces: readonly Piece[];
  readonly #starts: ReadonlyMap<Node, number>;

  constructor(root: Node) {
    const walk = new Walk();
    walk.into(root);
    this.text = walk.text;
    this.#pieces = walk.pieces;
    this.#starts = walk.starts;
  }

  /** Where a node begins. */
  startOf(node: Node): number {
    return this.#starts.get(node) ?? this.text.length;
  }

  /** Where the text up to a range's edge ends. */
  offsetOf({ node, offset }: Place): number {
    const piece = this.#pieces.find((each) => each.node === node);
    if (piece !== undefined) return piece.from + Math.min(offset, piece.length);
    const next = node.childNodes[offset] ?? followerOf(node);
    return next === null ? this.text.length : this.startOf(next);
  }

  /** The place before the character at `offset`, which is no line end. */
  before(offset: number): Place | null {
    const piece = this.#pieces.find(({ from, length }) => from <= offset && offset < from + length);
    return piece === undefined ? null : { node: piece.node, offset: offset - piece.from };
  }
}

function followerOf(node: Node): Node | null {
  for (let at: Node | null = node; at !== null; at = at.parentNode) if (at.nextSibling !== null) return at.nextSibling;
  return null;
}

/** Reads nodes in their order; a block begins a line and ends one. */
class Walk {
  text = "";
  readonly pieces: Piece[] = [];
  readonly starts = new Map<Node, number>();
  #isLineOpen = false;

  into(node: Node): void {
    for (const child of node.childNodes) this.#take(child);
  }

  #take(node: Node): void {
    const isBlock = BLOCKS.has(node.nodeName);
    if (isBlock && this.#isLineOpen) this.#endLine();
    this.starts.set(node, this.text.length);
    if (node.nodeType === Node.TEXT_NODE) this.#takeText(node as Text);
    else if (node.nodeName === "BR") this.#endLine();
    else this.into(node);
    if (isBlock && this.#isLineOpen) this.#endLine();
  }

  #takeText(node: Text): void {
    if (node.data === "") return;
    this.pieces.push({ from: this.text.length, length: node.data.length, node });
    this.text += node.data;
    this.#isLineOpen = true;
  }

  #endLine(): void {
    this.text += "\n";
    this.#isLineOpen = false;
  }
}
