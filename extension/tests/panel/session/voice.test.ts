// Who writes, and what is in the way, told before anything is typed.

import { beforeEach, describe, expect, test } from "vitest";
import { troubleOf } from "../../../trouble";
import { settle } from "../../service";
import { begin } from "./begun";

let { link, session, type } = begin();
const ANA = { owner: "Ana <ana@example.org>", stranger: "" };

beforeEach(() => {
  ({ link, session, type } = begin());
});

async function press(): Promise<void> {
  session.press();
  await settle();
}

describe("a panel that opens empty", () => {
  test("says who would write in this mailbox", async () => {
    link.opened = { voice: ANA };
    await press();
    expect(link.told).toContainEqual({ type: "opened", mailbox: "ana@example.org" });
    expect(session.state).toMatchObject({ phase: "asking", voice: ANA, trouble: null });
  });

  test("says what is in the way before anything is typed", async () => {
    link.opened = { trouble: troubleOf("not-paired") as never };
    await press();
    expect(session.state).toMatchObject({ phase: "asking", trouble: { kind: "not-paired" } });
  });

  test("hears nothing of it any more once a draft is asked for", async () => {
    link.opened = { trouble: troubleOf("not-paired") as never };
    session.press();
    type("say yes");
    session.press();
    await settle();
    expect(session.state).toMatchObject({ phase: "writing", trouble: null });
  });
});

describe("a change in the options", () => {
  test("brings back what was asked, and asks nothing by itself", async () => {
    type("say yes");
    await press();
    link.say({ type: "failed", trouble: troubleOf("not-paired") });
    link.opened = { voice: ANA };
    session.mended();
    await settle();
    expect(session.state).toMatchObject({ phase: "asking", trouble: null, voice: ANA, taken: { text: "say yes" } });
    expect(link.asks).toHaveLength(1);
  });

  test("that did not help says so again", async () => {
    link.opened = { trouble: troubleOf("no-account") as never };
    await press();
    link.opened = { trouble: troubleOf("no-permission") as never };
    session.mended();
    await settle();
    expect(session.state.trouble?.kind).toBe("no-permission");
  });

  test("leaves alone what it does not mend", async () => {
    type("say yes");
    await press();
    link.say({ type: "failed", trouble: troubleOf("down") });
    session.mended();
    expect(session.state).toMatchObject({ phase: "failed", trouble: { kind: "down" } });
  });
});

describe("coming back to the page", () => {
  test("asks again whether what only the options mend is mended", async () => {
    link.opened = { trouble: troubleOf("not-paired") as never };
    await press();
    link.opened = { voice: ANA };
    await session.back();
    expect(session.state).toMatchObject({ phase: "asking", trouble: null, voice: ANA });
  });

  test("takes no trouble away that only the service tells of", async () => {
    type("say yes");
    await press();
    link.say({ type: "failed", trouble: troubleOf("refused") });
    link.opened = { voice: ANA };
    await session.back();
    expect(session.state.trouble?.kind).toBe("refused");
  });
});

test("who writes is known from the draft too", async () => {
  type("say yes");
  await press();
  link.say({ type: "voice", voice: { ...ANA, stranger: "bob@example.org" } });
  expect(session.state.voice?.stranger).toBe("bob@example.org");
});
