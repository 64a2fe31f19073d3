// @vitest-environment node
import { beforeEach, expect, test } from "vitest";
import { Store } from "../../worker/store";
import { FakeBrowser } from "../chrome";
import { PAIRED } from "../service";

let browser: FakeBrowser;
let store: Store;

beforeEach(() => {
  browser = new FakeBrowser();
  store = new Store(browser.chrome.storage.local);
});

test("a browser that knows nothing says so", async () => {
  expect(await store.paired()).toBeNull();
  expect(await store.choices()).toEqual({ mailboxes: {}, fallback: "" });
});

test("what is kept outlives the worker", async () => {
  await store.keep(PAIRED);
  await store.choose("x@example.org", "ben");
  const woken = new Store(browser.chrome.storage.local);
  expect(await woken.paired()).toEqual(PAIRED);
  expect((await woken.choices()).mailboxes).toEqual({ "x@example.org": "ben" });
});

test("changes at the same moment do not undo each other", async () => {
  await Promise.all([store.choose("a@x", "ana"), store.choose("b@x", "ben"), store.chooseFallback("ben")]);
  expect(await store.choices()).toEqual({ mailboxes: { "a@x": "ana", "b@x": "ben" }, fallback: "ben" });
});

test("a choice can be taken back", async () => {
  await store.choose("a@x", "");
  await store.choose("a@x", null);
  expect((await store.choices()).mailboxes).toEqual({});
});

test("what is remembered of mailboxes does not grow for ever: the newest stay", async () => {
  for (let each = 0; each < 60; each += 1) {
    await store.choose(`${each}@x`, "ana");
    await store.see(`${each}@x`);
  }
  const chosen = Object.keys((await store.choices()).mailboxes);
  for (const kept of [chosen, await store.seen()]) {
    expect(kept).toHaveLength(50);
    expect(kept.at(-1)).toBe("59@x");
  }
});

test("which account wrote a draft is remembered for the newest", async () => {
  for (let each = 0; each < 210; each += 1) await store.wrote(`d${each}`, each % 2 ? "ben" : "ana");
  await store.wrote("__proto__", "ben");
  const woken = new Store(browser.chrome.storage.local);
  expect(await woken.writer("d209")).toBe("ben");
  expect(await woken.writer("__proto__")).toBe("ben");
  expect(await woken.writer("d0")).toBeNull();
  expect(await woken.writer("constructor")).toBeNull();
});

test("a refusal marks the one account whose token it was", async () => {
  await store.keep(PAIRED);
  await store.refuse("cyr_ben");
  expect((await store.paired())?.accounts.map((each) => each.isRefused ?? false)).toEqual([false, true]);
});

test("a refusal that comes after a new pairing marks nothing", async () => {
  await store.keep(PAIRED);
  await store.refuse("cyr_old");
  expect(await store.paired()).toEqual(PAIRED);
});

test("a refusal that comes after the end of the pairing brings nothing back", async () => {
  await store.refuse("cyr_ana");
  expect(await store.paired()).toBeNull();
});

test("forgetting leaves nothing behind", async () => {
  await store.keep(PAIRED);
  await store.choose("a@x", "ana");
  await store.see("b@x");
  await store.changeWaiting(() => [1]);
  await store.wrote("d1", "ana");
  await store.forget();
  expect([...browser.local.kept.keys()]).toEqual([]);
});

test("a write that fails does not stop those after it", async () => {
  const area = browser.chrome.storage.local;
  let fails = true;
  const set = async (items: Record<string, unknown>) => {
    if (fails) throw new Error("full");
    await area.set(items);
  };
  const store = new Store({ get: area.get.bind(area), set, remove: area.remove.bind(area) } as never);
  await expect(store.see("a@x")).rejects.toThrow("full");
  fails = false;
  await store.see("b@x");
  expect(await store.seen()).toEqual(["b@x"]);
});
