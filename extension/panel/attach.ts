// Joins a compose, its session, its button and its panel.

import type { Compose } from "../sites/site";
import type { Around } from "./around";
import { Button } from "./button";
import { Panel } from "./panel";
import { Session } from "./session";

/** Put a button at a compose; what is returned does what pressing it does. Raises PageChanged, then nothing stands there. */
export function attach(compose: Compose, around: Around): () => void {
  let wasOpen = false;
  const session = new Session(compose, around.link, (state) => {
    if (state.isOpen && !wasOpen) dress();
    wasOpen = state.isOpen;
    button.show(state);
    panel.show(state);
  });
  const button = new Button(around, () => session.press());
  const panel = new Panel(compose, session, around);
  const dress = () => {
    button.dress(compose.isDark);
    panel.dress();
  };
  button.show(session.state);
  try {
    dress();
    compose.placeButton(button.host);
    compose.placePanel(panel.host);
  } catch (error) {
    button.host.remove();
    panel.host.remove();
    throw error;
  }
  window.matchMedia?.("(prefers-color-scheme: dark)").addEventListener("change", dress, { signal: compose.gone });
  return () => session.press();
}
