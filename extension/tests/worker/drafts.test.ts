// @vitest-environment node
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Ask, PORT, type Said } from "../../protocol";
import { serveDrafts } from "../../worker/drafts";
import { Reach } from "../../worker/reach";
import { Store } from "../../worker/store";
import { FakeBrowser, type FakePort, GMAIL } from "../chrome";
import { ANA, BEN, DRAFT, FakeService, META, PAIRED, problem, Stream, settle } from "../service";

const ASK: Ask = {
  mailbox: "ben@example.org",
  instruction: "say yes",
  subject: "",
  to: [],
  thread: [],
  tone: "",
  length: "",
};
const PACE = { silent_ms: 30_000, alive_ms: 5_000 };

let browser: FakeBrowser;
let cyrano: FakeService;
let store: Store;
/** Who it was said to be written as; all else that is said stands apart from it. */
let voices: Said[];

beforeEach(async () => {
  voices = [];
  browser = new FakeBrowser();
  cyrano = new FakeService();
  store = new Store(browser.chrome.storage.local);
  await store.keep(PAIRED);
  const reach = new Reach(browser.chrome.permissions, store, cyrano.fetch);
  serveDrafts(browser.chrome.runtime, { reach, store, pace: PACE });
});

afterEach(() => {
  vi.useRealTimers();
});

function open(name = PORT): { port: FakePort; said: Said[] } {
  const port = browser.connect(name, GMAIL);
  const said: Said[] = [];
  port.onMessage.addListener((each: Said) => (each.type === "voice" ? voices : said).push(each));
  return { port, said };
}

async function ask(more: Partial<Ask> = {}) {
  const { port, said } = open();
  await settle();
  port.postMessage({ type: "draft", ask: { ...ASK, ...more } });
  await settle();
  return { port, said };
}

async function trouble(more: Partial<Ask> = {}) {
  const { said } = await ask(more);
  expect(said).toHaveLength(1);
  return said[0]?.type === "failed" ? said[0].trouble.kind : said[0];
}

test("a draft streams over the Port, written for the account of the mailbox", async () => {
  const stream = new Stream();
  cyrano.answers["POST /draft"] = () => stream.answer();
  const { said } = await ask();
  stream.event("meta", META);
  stream.event("token", { text: "Hi" });
  await settle();
  expect(said.map(({ type }) => type)).toEqual(["meta", "token"]);
  stream.event("done", DRAFT);
  await settle();
  expect(said.at(-1)).toEqual({ type: "done", draft: DRAFT });
  expect(cyrano.last.headers.authorization).toBe("Bearer cyr_ben");
  expect(cyrano.last.body).toMatchObject({ instruction: "say yes", stream: true });
});

test("who writes is said before the service is asked, and whether the mailbox is known as theirs", async () => {
  await store.chooseFallback("ana");
  for (const mailbox of ["ben@example.org", " Bob@Example.org ", ""]) await ask({ mailbox });
  await store.choose("bob@example.org", "ana");
  await ask({ mailbox: "bob@example.org" });
  expect(voices.map((each) => each.type === "voice" && each.voice)).toEqual([
    { owner: BEN.owner, stranger: "" },
    { owner: ANA.owner, stranger: "bob@example.org" },
    { owner: ANA.owner, stranger: "" },
    { owner: ANA.owner, stranger: "" },
  ]);
});

test("which account wrote it is remembered from the first word on", async () => {
  const stream = new Stream();
  cyrano.answers["POST /draft"] = () => stream.answer();
  await ask();
  stream.event("meta", META);
  await settle();
  expect(await store.writer("d1")).toBe("ben");
});

test("a draft is not held up by a storage that is full", async () => {
  browser.local.set = () => Promise.reject(new Error("full"));
  const stream = new Stream();
  cyrano.answers["POST /draft"] = () => stream.answer();
  const { said } = await ask();
  stream.event("meta", META);
  stream.event("done", DRAFT);
  await settle();
  expect(said.map(({ type }) => type)).toEqual(["meta", "done"]);
});

test("closing the Port stops the draft at the service, and nothing more is said", async () => {
  const stream = new Stream();
  cyrano.answers["POST /draft"] = ({ init }) => stream.answer(init.signal);
  const { port, said } = await ask();
  stream.event("token", { text: "Hi" });
  await settle();
  port.disconnect();
  await settle();
  expect(stream.isCancelled).toBe(true);
  expect(said.map(({ type }) => type)).toEqual(["token"]);
});

test("a Port that is found closed when something is said stops the draft too", async () => {
  const stream = new Stream();
  cyrano.answers["POST /draft"] = ({ init }) => stream.answer(init.signal);
  const { port } = await ask();
  port.other.isOpen = false;
  stream.event("token", { text: "Hi" });
  await settle();
  expect(stream.isCancelled).toBe(true);
});

test("a Port that closes before the service was asked asks for nothing", async () => {
  const { port } = open();
  await settle();
  port.postMessage({ type: "draft", ask: ASK });
  port.disconnect();
  await settle();
  expect(cyrano.asked.filter(({ init }) => !init.signal?.aborted)).toEqual([]);
});

test("one Port is one draft: what is asked again over it is not heard", async () => {
  cyrano.answers["POST /draft"] = () => new Stream().answer();
  const { port } = await ask();
  port.postMessage({ type: "draft", ask: ASK });
  await settle();
  expect(cyrano.asked).toHaveLength(1);
});

test("pings, Ports of other names and other extensions ask for nothing", async () => {
  const { port } = open();
  const other = open("other");
  await settle();
  port.postMessage({ type: "ping" });
  other.port.postMessage({ type: "draft", ask: ASK });
  const before = browser.runtime.id;
  browser.runtime.id = "somebodyelse";
  const foreign = browser.connect(PORT, GMAIL);
  browser.runtime.id = before;
  await settle();
  foreign.postMessage({ type: "draft", ask: ASK });
  await settle();
  expect(cyrano.asked).toEqual([]);
});

describe("what stands in the way is said in one word", () => {
  test("nothing is paired", async () => {
    await store.forget();
    expect(await trouble()).toBe("not-paired");
  });

  test("no account is chosen, and the mailbox is remembered for the owner to choose", async () => {
    expect(await trouble({ mailbox: "New@example.org" })).toBe("no-account");
    expect(await store.seen()).toEqual(["new@example.org"]);
  });

  test("the browser withholds the address: the service is not even asked", async () => {
    browser.granted.delete("http://127.0.0.1/*");
    expect(await trouble()).toBe("no-permission");
    expect(cyrano.asked).toEqual([]);
  });

  test("nothing listens there", async () => {
    expect(await trouble()).toBe("down");
  });

  test("the token is refused, and that is remembered", async () => {
    cyrano.answers["POST /draft"] = () => problem(401, "not-allowed");
    expect(await trouble()).toBe("refused");
    expect((await store.paired())?.accounts[1]?.isRefused).toBe(true);
  });

  test("the stream breaks", async () => {
    const stream = new Stream();
    cyrano.answers["POST /draft"] = () => stream.answer();
    stream.cut();
    expect(await trouble()).toBe("broken");
  });
});

describe("time", () => {
  async function clocked(more: Partial<Ask> = {}) {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
    return ask(more);
  }

  test("while nothing comes the page hears that the worker lives, and the browser that it is at work", async () => {
    const stream = new Stream();
    cyrano.answers["POST /draft"] = ({ init }) => stream.answer(init.signal);
    const calls = vi.spyOn(browser.runtime, "getPlatformInfo");
    const { said } = await clocked();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(said).toEqual(Array(4).fill({ type: "alive" }));
    expect(calls).toHaveBeenCalledTimes(4);
  });

  test("a service that says nothing for too long is given up", async () => {
    const stream = new Stream();
    cyrano.answers["POST /draft"] = ({ init }) => stream.answer(init.signal);
    const { said } = await clocked();
    await vi.advanceTimersByTimeAsync(30_000);
    await settle();
    expect(said.at(-1)).toMatchObject({ type: "failed", trouble: { kind: "silent" } });
    expect(stream.isCancelled).toBe(true);
  });

  test("a service that only beats is not silent", async () => {
    const stream = new Stream();
    cyrano.answers["POST /draft"] = ({ init }) => stream.answer(init.signal);
    const { said } = await clocked();
    for (let turn = 0; turn < 10; turn += 1) {
      await vi.advanceTimersByTimeAsync(10_000);
      stream.push(": still there\n\n");
      await settle();
    }
    expect(said.every(({ type }) => type === "alive")).toBe(true);
  });

  test("nothing ticks on when the draft is done", async () => {
    const stream = new Stream();
    cyrano.answers["POST /draft"] = () => stream.answer();
    stream.event("done", DRAFT);
    const { said } = await clocked();
    expect(vi.getTimerCount()).toBe(0);
    expect(said).toHaveLength(1);
  });
});
