// @vitest-environment node
import { beforeEach, describe, expect, test } from "vitest";
import type { Carried, Order } from "../../worker/orders";
import { Store } from "../../worker/store";
import { work } from "../../worker/worker";
import { EXTENSION, FakeBrowser, GMAIL } from "../chrome";
import { FakeService, json, nothing, PAIRED, problem, settle, URL_HERE } from "../service";

const OPTIONS = `${EXTENSION}/options.html`;

let browser: FakeBrowser;
let cyrano: FakeService;
let store: Store;

beforeEach(async () => {
  browser = new FakeBrowser();
  cyrano = new FakeService();
  store = new Store(browser.chrome.storage.local);
  await store.keep(PAIRED);
});

/** The browser wakes the worker. */
async function wake(): Promise<void> {
  work({ browser: browser.chrome, fetch: cyrano.fetch, now: () => 0, userAgent: "Firefox/153.0 Linux" });
  await settle();
}

const LATE = { kind: "untold", about: "ana", text: "You could not be told." };

const order = async (order: Order) => browser.send(order, OPTIONS) as Promise<Carried<Order["type"]>>;
/** What an order that is carried out brings. */
const brings = async (given: Order) => ((await order(given)) as { brought: unknown }).brought;

test("the tokens are closed to content scripts", async () => {
  await wake();
  expect(browser.local.accessLevel).toBe("TRUSTED_CONTEXTS");
});

test("a browser that knows no such levels is no obstacle", async () => {
  Object.assign(browser.local, { setAccessLevel: undefined });
  await wake();
  expect(await brings({ type: "state" })).toMatchObject({ paired: { url: URL_HERE } });
});

test("every listener stands as soon as the worker runs: what woke it is not missed", () => {
  work({ browser: browser.chrome, fetch: cyrano.fetch, now: () => 0, userAgent: "" });
  const events = [browser.runtime.onConnect, browser.runtime.onMessage, browser.runtime.onInstalled];
  for (const event of [...events, browser.commands.onCommand, browser.action.onClicked]) {
    expect(event.listeners.size).toBe(1);
  }
});

test("what could not be told before is told when the worker wakes", async () => {
  await store.changeWaiting(() => [{ draft_id: "d1", kind: "inserted", account: "ana", at_ms: 0 }]);
  cyrano.answers["POST /drafts/d1/feedback"] = nothing;
  await wake();
  expect(cyrano.asked).toHaveLength(1);
});

test("installing opens the options; an update does not", async () => {
  await wake();
  browser.runtime.onInstalled.emit({ reason: "update" });
  expect(browser.optionsOpened).toBe(0);
  browser.runtime.onInstalled.emit({ reason: "install" });
  expect(browser.optionsOpened).toBe(1);
  browser.action.onClicked.emit({ id: 1 });
  expect(browser.optionsOpened).toBe(2);
});

const renewed = (account: (typeof PAIRED.accounts)[number]) => ({ ...account, token: `${account.token}_new` });

describe("the keys", () => {
  test("reach the tab they were pressed in, and no other", async () => {
    await wake();
    browser.commands.onCommand.emit("draft", { id: 7 });
    expect(browser.toTabs).toEqual([{ tab: 7, message: { type: "pressed" } }]);
  });

  test("of other commands, or in no tab, reach nobody", async () => {
    await wake();
    browser.commands.onCommand.emit("other", { id: 7 });
    browser.commands.onCommand.emit("draft", undefined);
    expect(browser.toTabs).toEqual([]);
  });
});

describe("a content script", () => {
  test("tells what became of a draft", async () => {
    cyrano.answers["POST /drafts/d1/feedback"] = nothing;
    await wake();
    const told = { type: "feedback", draft_id: "d1", kind: "inserted", mailbox: "ana@example.org" };
    expect(await browser.send(told, GMAIL)).toBe(true); // whoever hears nothing tells it again
    expect(cyrano.last.body).toEqual({ kind: "inserted" });
  });

  test("has the options opened, and learns the keys", async () => {
    await wake();
    await browser.send({ type: "open-options" }, GMAIL);
    expect(browser.optionsOpened).toBe(1);
    expect(await browser.send({ type: "shortcut" }, GMAIL)).toBe("Alt+Shift+Y");
  });

  test("learns as its panel opens who would write, or what is in the way", async () => {
    await wake();
    const opened = { type: "opened", mailbox: "ana@example.org" };
    expect(await browser.send(opened, GMAIL)).toEqual({ voice: { owner: "Ana <ana@example.org>", stranger: "" } });
    await store.forget();
    expect(await browser.send(opened, GMAIL)).toMatchObject({ trouble: { kind: "not-paired" } });
    expect(cyrano.asked).toEqual([]);
  });

  test("hears in every tab that the options were changed, or something was allowed", async () => {
    browser.openTabs = [3, 7];
    await wake();
    await order({ type: "state" });
    await settle();
    expect(browser.toTabs).toEqual([]);
    await order({ type: "choose-fallback", account: "ben" });
    await settle();
    const changed = { type: "changed" };
    expect(browser.toTabs).toEqual([
      { tab: 3, message: changed },
      { tab: 7, message: changed },
    ]);
    browser.permissions.onAdded.emit({ origins: ["http://127.0.0.1/*"] });
    await settle();
    expect(browser.toTabs).toHaveLength(4);
  });

  test.each<Order>([
    { type: "state" },
    { type: "pair", url: "https://evil.example.org", code: "123456" },
    { type: "unpair" },
    { type: "choose", mailbox: "ana@example.org", account: "ben" },
    { type: "choose-fallback", account: "ben" },
    { type: "test" },
  ])("may not give the orders of the options page: $type", async (given) => {
    await wake();
    const before = structuredClone([...browser.local.kept]);
    for (const url of [
      GMAIL,
      "https://evil.example.org/options.html",
      `https://x/?${OPTIONS}`,
      `${EXTENSION}/other.html`,
    ]) {
      expect(await browser.send(given, url)).toBeUndefined();
    }
    expect(cyrano.asked).toEqual([]);
    expect([...browser.local.kept]).toEqual(before);
  });

  test("gets an answer even where nothing could be done", async () => {
    await store.forget();
    await wake();
    const told = { type: "feedback", draft_id: "d1", kind: "inserted", mailbox: "" };
    expect(await browser.send(told, GMAIL)).toBeUndefined();
  });

  test("of another extension is not heard", async () => {
    await wake();
    const heard = browser.runtime.onMessage.emit(
      { type: "open-options" },
      { id: "other", url: OPTIONS },
      () => undefined,
    );
    expect(heard).toEqual([false]);
    expect(browser.optionsOpened).toBe(0);
  });
});

describe("the options page", () => {
  test("learns what is paired, and no token", async () => {
    await wake();
    const state = await brings({ type: "state" });
    expect(state).toMatchObject({ paired: { url: URL_HERE, accounts: [{ name: "ana" }, { name: "ben" }] } });
    expect(JSON.stringify(state)).not.toContain("cyr_");
  });

  test("pairs, and is told what went wrong", async () => {
    await wake();
    cyrano.answers["POST /pair"] = () => problem(403, "pairing-refused");
    expect(await order({ type: "pair", url: URL_HERE, code: "1" })).toMatchObject({ trouble: { kind: "forbidden" } });
    cyrano.answers["POST /pair"] = () => json({ api: 1, version: "0.2.0", accounts: PAIRED.accounts.map(renewed) });
    expect(await brings({ type: "pair", url: URL_HERE, code: "2" })).toEqual({ left: ["ana", "ben"] });
    expect(cyrano.asked.at(-3)?.body).toMatchObject({ client: "Firefox 153 on Linux" });
  });

  test("is told what went wrong with any order", async () => {
    await wake();
    browser.local.get = () => Promise.reject(new Error("the disk is gone"));
    expect(await order({ type: "state" })).toMatchObject({ trouble: { kind: "failed" } });
  });

  test("chooses accounts", async () => {
    await wake();
    await order({ type: "choose", mailbox: " X@Example.org", account: "ben" });
    await order({ type: "choose-fallback", account: "ana" });
    expect(await store.choices()).toEqual({ mailboxes: { "x@example.org": "ben" }, fallback: "ana" });
  });

  test("tests every account with its own token", async () => {
    cyrano.answers["GET /accounts"] = ({ headers }) =>
      headers.authorization === "Bearer cyr_ana"
        ? json({ accounts: [{ adapter: "ana@v3", notices: [LATE.text], noticed: [LATE] }] })
        : problem(401, "not-allowed");
    await wake();
    expect(await brings({ type: "test" })).toMatchObject([
      { name: "ana", trouble: null, adapter: "ana@v3", notices: [LATE] },
      { name: "ben", trouble: { kind: "refused" } },
    ]);
    expect((await store.paired())?.accounts[1]?.isRefused).toBe(true);
  });

  test("ends the pairing", async () => {
    cyrano.answers["DELETE /pair"] = nothing;
    await wake();
    expect(await brings({ type: "unpair" })).toEqual({ left: [] });
    expect(await store.paired()).toBeNull();
  });
});
