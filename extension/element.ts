// Nodes, made one by one: text goes in as text, so that no mail and no draft can ever become markup.

type Attributes = Record<string, string | boolean>;

/** Make an element; `true` sets an attribute without value, `false` none. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...inside: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...inside);
  return node;
}

/** Make a button that submits nothing. */
export function makeButton(id: string, label: string, attributes: Attributes = {}): HTMLButtonElement {
  return make("button", { type: "button", ...(id && { id }), ...attributes }, label);
}

/** Draw lines as an icon; it says nothing to a screen reader. */
export function draw(viewBox: string, paths: readonly Record<string, string>[]): SVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", viewBox);
  svg.setAttribute("aria-hidden", "true");
  for (const each of paths) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    for (const [name, value] of Object.entries(each)) path.setAttribute(name, value);
    svg.append(path);
  }
  return svg;
}

/** The quill that stands for Cyrano. */
export function quill(): SVGElement {
  return draw("0 0 64 64", [
    {
      class: "vane",
      d: "M57 5C39 6 23 16 17 32c-2 6-3 11-3 16l4-6c3 1 8 1 12-1l-5-2c6 0 13-3 17-8l-6-1c6-1 11-5 14-10l-5-1c6-3 10-8 12-14z",
    },
    { class: "shaft", d: "M46 17C31 25 20 38 10 58" },
    { class: "line", d: "M20 58h26" },
  ]);
}
