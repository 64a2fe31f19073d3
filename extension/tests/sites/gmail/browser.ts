// What jsdom lacks of a browser's editing: text goes in where the selection is, in lines as a browser makes them, and
// one undo takes it out again.

/** Gives `document.execCommand` to a page; `refuses` makes it a page that lets nobody write. */
export function giveEditing(doc: Document, { refuses = false, mangles = false } = {}): void {
  const steps: [Element, Node[]][] = [];
  const run = (command: string, _ui: boolean, value = "") => {
    if (refuses) return false;
    if (command === "undo") return undo(steps);
    const editor = editorOf(doc);
    if (command !== "insertText" || editor === null) return false;
    steps.push([editor, [...editor.cloneNode(true).childNodes]]);
    insert(doc, editor, mangles ? value.slice(0, -1) : value);
    editor.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText" }));
    return true;
  };
  Object.defineProperty(doc, "execCommand", { value: run, configurable: true });
}

function undo(steps: [Element, Node[]][]): boolean {
  const last = steps.pop();
  last?.[0].replaceChildren(...last[1]);
  return last !== undefined;
}

function editorOf(doc: Document): Element | null {
  const node = doc.getSelection()?.anchorNode ?? null;
  const element = node instanceof Element ? node : (node?.parentElement ?? null);
  return element?.closest("[contenteditable]") ?? null;
}

function insert(doc: Document, editor: Element, text: string): void {
  const range = doc.getSelection()?.getRangeAt(0) as Range;
  range.deleteContents();
  const [first = "", ...more] = text.split("\n");
  const lines = more.map((line) => {
    const block = doc.createElement("div");
    block.append(line === "" ? doc.createElement("br") : line);
    return block;
  });
  const nodes: Node[] = [doc.createTextNode(first), ...lines];
  const whole = doc.createDocumentFragment();
  whole.append(...nodes);
  range.insertNode(whole);
  range.setStartAfter(nodes.at(-1) as Node);
  range.collapse(true);
  editor.normalize();
}
