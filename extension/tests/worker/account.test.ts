// @vitest-environment node
import { expect, test } from "vitest";
import { accountFor } from "../../worker/account";
import { ANA, BEN } from "../service";

const NONE = { mailboxes: {}, fallback: "" };

test.each([
  ["the address decides", "ben@example.org", NONE, "ben"],
  ["case and blanks do not matter", " Ben@Example.ORG ", NONE, "ben"],
  ["what was chosen counts more", "ben@example.org", { mailboxes: { "ben@example.org": "ana" }, fallback: "" }, "ana"],
  [
    "a mailbox may have no account at all",
    "ben@example.org",
    { mailboxes: { "ben@example.org": "" }, fallback: "ana" },
    undefined,
  ],
  [
    "an account that is gone is not replaced by another",
    "ben@example.org",
    { mailboxes: { "ben@example.org": "carol" }, fallback: "ana" },
    undefined,
  ],
  ["other mailboxes have one of their own choice", "x@example.org", { mailboxes: {}, fallback: "ben" }, "ben"],
  ["of several accounts none is guessed", "x@example.org", NONE, undefined],
  ["nor where the page does not tell the mailbox", "", NONE, undefined],
])("%s", (_, mailbox, choices, name) => {
  expect(accountFor(mailbox, [ANA, BEN], choices)?.name).toBe(name);
});

test("an account that is alone needs no choice", () => {
  expect(accountFor("x@example.org", [ANA], NONE)?.name).toBe("ana");
  expect(accountFor("", [ANA], NONE)?.name).toBe("ana");
});

test("a mailbox named like something every object has is still a mailbox", () => {
  expect(accountFor("constructor", [ANA], NONE)?.name).toBe("ana");
});
