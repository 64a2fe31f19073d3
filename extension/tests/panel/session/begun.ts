// A session at a compose, and what its user does at it.

import { Session } from "../../../panel/session";
import { draftOf, english, FakeCompose, FakeLink } from "../stand_ins";

/** Begin a session at an empty mail. */
export function begin() {
  const [compose, link] = [new FakeCompose(), new FakeLink()];
  const session = new Session(compose, link, () => {}, english);
  const type = (text: string, isSelection = false) => {
    compose.typed = text ? { text, isSelection } : null;
  };
  /** Press with something typed, and let the draft come. */
  const drafted = (text: string, id = "d1") => {
    type("say yes");
    session.press();
    link.say({ type: "done", draft: draftOf(text, [], id) });
  };
  return { compose, link, session, type, drafted };
}
