// @vitest-environment node
import { describe, expect, test } from "vitest";
import type { Ask } from "../../protocol";
import { bodyOf } from "../../worker/body";

const ASK: Ask = {
  mailbox: "ana@example.org",
  instruction: "say yes",
  subject: "Lunch",
  to: ["Tom <tom@example.org>"],
  thread: [{ from: "Tom <tom@example.org>", text: "Lunch?", sent_at: "2026-11-21T10:00:00Z" }],
  tone: "",
  length: "",
};

const body = (ask: Partial<Ask>) => JSON.parse(bodyOf({ ...ASK, ...ask }));

test("what the page told goes out, and what it did not tell stays out", () => {
  expect(body({})).toEqual({
    instruction: "say yes",
    subject: "Lunch",
    to: ["Tom <tom@example.org>"],
    thread: ASK.thread,
    stream: true,
  });
});

test("tone and length go out where they were chosen", () => {
  expect(body({ tone: "formal", length: "short" })).toMatchObject({ tone: "formal", length: "short" });
});

test("a draft that is changed goes out as it stands", () => {
  expect(body({ refines: { draft_id: "d1", text: "Hi Tom!" } })).toMatchObject({
    draft_so_far: "Hi Tom!",
    refines: "d1",
  });
});

test("a recipient who is only a name is left out: the service would refuse it all", () => {
  const to = ["Tom", "tom@example.org ", '"Tom, T." <tom@example.org>', "Tom <>", "a@b <c@d>", ""];
  expect(body({ to }).to).toEqual(["tom@example.org", '"Tom, T." <tom@example.org>', "a@b <c@d>"]);
});

test("keys that a page adds to its messages do not reach the service", () => {
  const thread = [{ from: "Tom", text: "Hi", extra: 1 } as never];
  expect(body({ thread }).thread).toEqual([{ from: "Tom", text: "Hi" }]);
});

test("half a character does not spoil the rest", () => {
  expect(body({ instruction: "yes \uD83D!", subject: "👋" })).toMatchObject({
    instruction: "yes \uFFFD!",
    subject: "👋",
  });
});

describe("a conversation that is too long", () => {
  const long = (letters: number, letter = "x") => ({ from: "Tom <tom@example.org>", text: letter.repeat(letters) });

  test("loses its oldest messages", () => {
    const thread = [long(90_000, "a"), long(90_000, "b"), long(90_000, "c")];
    expect(body({ thread }).thread.map(({ text }: { text: string }) => text[0])).toEqual(["b", "c"]);
  });

  test("loses the end of its newest message where that alone is too long", () => {
    const ask = { thread: [long(10), long(500_000, "語")] };
    expect(new TextEncoder().encode(bodyOf({ ...ASK, ...ask })).length).toBeLessThan(200_000);
    expect(body(ask).thread).toHaveLength(1);
    expect(body(ask).instruction).toBe("say yes");
  });

  test("is measured message by message, not as a whole for each that goes", () => {
    const thread = Array.from({ length: 1500 }, (_, at) => long(20_000, String(at % 10)));
    expect(body({ thread }).thread).toHaveLength(9);
  });

  test("is filled to the last byte, and no further", () => {
    const room = 200_000 - new TextEncoder().encode(bodyOf({ ...ASK, thread: [] })).length;
    const own = new TextEncoder().encode(JSON.stringify(long(0))).length;
    expect(body({ thread: [long(5, "a"), long(room - 2 * own - 8, "b")] }).thread).toHaveLength(2);
    const size = new TextEncoder().encode(bodyOf({ ...ASK, thread: [long(5), long(room - 2 * own - 8)] })).length;
    expect(size).toBeGreaterThan(199_990);
    expect(size).toBeLessThanOrEqual(200_000);
  });
});
