// @vitest-environment node
import { beforeEach, expect, test } from "vitest";
import { Feedback } from "../../worker/feedback";
import { Reach } from "../../worker/reach";
import { Store } from "../../worker/store";
import { FakeBrowser } from "../chrome";
import { FakeService, nothing, PAIRED, problem } from "../service";

const DAY_MS = 24 * 3600 * 1000;

let browser: FakeBrowser;
let cyrano: FakeService;
let store: Store;
let now: number;

beforeEach(async () => {
  browser = new FakeBrowser();
  cyrano = new FakeService();
  store = new Store(browser.chrome.storage.local);
  now = 1_000_000;
  await store.keep(PAIRED);
});

/** A worker that was just woken. */
function woken(): Feedback {
  return new Feedback(store, new Reach(browser.chrome.permissions, store, cyrano.fetch), () => now);
}

const add = (draft: string, kind: "inserted" | "refined" | "discarded" = "inserted", mailbox = "ana@example.org") =>
  woken().add(draft, kind, mailbox);

test("what became of a draft is told at once, as the account that drafted it", async () => {
  cyrano.answers["POST /drafts/d1/feedback"] = nothing;
  await add("d1", "discarded", "ben@example.org");
  expect(cyrano.last.body).toEqual({ kind: "discarded" });
  expect(cyrano.last.headers.authorization).toBe("Bearer cyr_ben");
  expect(await store.waiting()).toEqual([]);
});

test("what could not be told waits, over the worker's end, and is told in its order", async () => {
  await add("d1", "refined");
  await add("d2", "inserted");
  expect(await store.waiting()).toHaveLength(2);
  cyrano.answers["POST /drafts/d1/feedback"] = nothing;
  cyrano.answers["POST /drafts/d2/feedback"] = nothing;
  cyrano.asked.length = 0;
  await woken().tell();
  expect(cyrano.asked.map(({ url }) => new URL(url).pathname)).toEqual(["/drafts/d1/feedback", "/drafts/d2/feedback"]);
  expect(await store.waiting()).toEqual([]);
});

test.each([
  ["the service rests", 503, 1],
  ["too much at once", 429, 1],
  ["the service failed", 500, 1],
  ["the draft is not known there", 404, 0],
  ["the token is refused", 401, 0],
  ["the request is not as it should be", 422, 0],
])("%s (%i): %i still to be told", async (_, status, left) => {
  cyrano.answers["POST /drafts/d1/feedback"] = () => problem(status, "x");
  await add("d1");
  expect(await store.waiting()).toHaveLength(left);
});

test("what waited for two weeks is let go", async () => {
  await add("d1");
  now += 15 * DAY_MS;
  cyrano.asked.length = 0;
  await woken().tell();
  expect(cyrano.asked).toEqual([]);
  expect(await store.waiting()).toEqual([]);
});

test("the account is that of the time, whatever is chosen later", async () => {
  await add("d1", "inserted", "ana@example.org");
  await store.choose("ana@example.org", "ben");
  cyrano.answers["POST /drafts/d1/feedback"] = nothing;
  await woken().tell();
  expect(cyrano.last.headers.authorization).toBe("Bearer cyr_ana");
});

test("the account is the one that drafted, though another was chosen before the draft was used", async () => {
  await store.wrote("d1", "ana");
  await store.choose("ana@example.org", "ben");
  cyrano.answers["POST /drafts/d1/feedback"] = nothing;
  await add("d1");
  expect(cyrano.last.headers.authorization).toBe("Bearer cyr_ana");
});

test("an account that is no longer paired has nothing to be told", async () => {
  await add("d1", "inserted", "ben@example.org");
  await store.keep({ ...PAIRED, accounts: PAIRED.accounts.slice(0, 1) });
  await woken().tell();
  expect(await store.waiting()).toEqual([]);
});

test("two that come at the same moment are both told, each once", async () => {
  cyrano.answers["POST /drafts/d1/feedback"] = nothing;
  cyrano.answers["POST /drafts/d2/feedback"] = nothing;
  const feedback = woken();
  await Promise.all([
    feedback.add("d1", "inserted", "ana@example.org"),
    feedback.add("d2", "inserted", "ana@example.org"),
  ]);
  await feedback.tell();
  expect(cyrano.asked.map(({ url }) => new URL(url).pathname).sort()).toEqual([
    "/drafts/d1/feedback",
    "/drafts/d2/feedback",
  ]);
});

test("a draft's name cannot lead elsewhere", async () => {
  cyrano.answers["POST /drafts/..%2F..%2Fpairing/feedback"] = nothing;
  await add("../../pairing");
  expect(new URL(cyrano.last.url).pathname).toBe("/drafts/..%2F..%2Fpairing/feedback");
});
