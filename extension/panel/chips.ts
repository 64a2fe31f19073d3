// Small choices in a row, of which one may be pressed; pressed again, none is.

import { make, makeButton } from "../element";
import { type Around, onPerson } from "./around";

export interface Chips<Value extends string> {
  readonly node: HTMLElement;
  show(chosen: Value | ""): void;
}

/** Make a row of choices; `data-<name>` holds each one's value. */
export function makeChips<Value extends string>(
  name: string,
  label: string,
  choices: readonly (readonly [Value, string])[],
  around: Around,
  choose: (value: Value | "") => void,
): Chips<Value> {
  let now: Value | "" = "";
  const buttons = choices.map(([value, words]) => {
    const button = makeButton("", words, { class: "chip", [`data-${name}`]: value, "aria-pressed": "false" });
    onPerson(button, "click", around, () => choose(now === value ? "" : value));
    return [value, button] as const;
  });
  const row = make("div", { class: "chips", role: "group", "aria-label": label });
  row.append(make("span", { class: "label", "aria-hidden": "true" }, label), ...buttons.map(([, button]) => button));
  const show = (chosen: Value | "") => {
    now = chosen;
    for (const [value, button] of buttons) button.setAttribute("aria-pressed", String(value === chosen));
  };
  return { node: row, show };
}
