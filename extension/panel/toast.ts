// A line at the edge of the page, where there is no compose to say it at.

import { make, makeButton, quill } from "../element";
import { type Around, onPerson } from "./around";
import { toastCss } from "./css";
import { makePlace } from "./shadow";

const SHOWN_MS = 20_000;

/** Say a line, in the place of an earlier one, until it is closed, or for a while. */
export function toast(line: string, around: Around): void {
  document.querySelector("[data-cyrano=toast]")?.remove();
  const { host, root } = makePlace("toast", around.shadow, toastCss);
  const close = makeButton("close", around.words("panel_close"));
  onPerson(close, "click", around, () => host.remove());
  root.append(make("div", { id: "toast", role: "status" }, quill(), make("p", { id: "line" }, line), close));
  document.body.append(host);
  setTimeout(() => host.remove(), SHOWN_MS);
}
