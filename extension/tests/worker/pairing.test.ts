// @vitest-environment node
import { beforeEach, describe, expect, test } from "vitest";
import type { Failure } from "../../worker/failure";
import { Feedback } from "../../worker/feedback";
import { release } from "../../worker/grants";
import { Pairing } from "../../worker/pairing";
import { Reach } from "../../worker/reach";
import { Store } from "../../worker/store";
import { FakeBrowser } from "../chrome";
import { ANA, BEN, FakeService, json, nothing, PAIRED, problem, URL_HERE } from "../service";

const ELSEWHERE = "https://cyrano.example.org";

let browser: FakeBrowser;
let cyrano: FakeService;
let store: Store;
let pairing: Pairing;

beforeEach(() => {
  browser = new FakeBrowser();
  cyrano = new FakeService();
  store = new Store(browser.chrome.storage.local);
  const reach = new Reach(browser.chrome.permissions, store, cyrano.fetch);
  const feedback = new Feedback(store, reach, () => 0);
  pairing = new Pairing({
    store,
    reach,
    tell: () => feedback.tell(),
    release: (url) => release(browser.chrome, url),
    client: "Chrome 156 on Linux",
  });
});

const opens = (...accounts: unknown[]) => {
  cyrano.answers["POST /pair"] = () => json({ api: 1, version: "0.1.0", accounts });
};

/** Where tokens were given back, and which. */
const revoked = () =>
  cyrano.asked.filter(({ method }) => method === "DELETE").map(({ url, headers }) => [url, headers.authorization]);

async function kind(done: Promise<unknown>): Promise<string> {
  return done.then(
    () => "no trouble",
    (error: Failure) => error.trouble.kind,
  );
}

describe("pairing", () => {
  test("gives the code and this browser's name, without a token, and keeps what comes", async () => {
    opens({ ...ANA, addresses: ["Ana@Example.org"] });
    await pairing.pair(URL_HERE, "123456");
    expect(cyrano.last.body).toEqual({ code: "123456", client: "Chrome 156 on Linux" });
    expect(cyrano.last.headers).not.toHaveProperty("authorization");
    expect(await store.paired()).toEqual({ url: URL_HERE, version: "0.1.0", accounts: [ANA] });
  });

  test("a code that is refused changes nothing", async () => {
    await store.keep(PAIRED);
    cyrano.answers["POST /pair"] = () => problem(403, "pairing-refused");
    expect(await kind(pairing.pair(URL_HERE, "000000"))).toBe("forbidden");
    expect(await store.paired()).toEqual(PAIRED);
  });

  test("again with the same service keeps accounts that the code did not open, and ends a refusal", async () => {
    await store.keep(PAIRED);
    await store.refuse("cyr_ana");
    opens({ ...ANA, token: "cyr_new" });
    await pairing.pair(URL_HERE, "123456");
    expect((await store.paired())?.accounts).toEqual([BEN, { ...ANA, token: "cyr_new" }]);
  });

  test("again gives back the tokens that new ones replace, and no others", async () => {
    await store.keep(PAIRED);
    opens({ ...ANA, token: "cyr_new" });
    cyrano.answers["DELETE /pair"] = nothing;
    expect(await pairing.pair(URL_HERE, "123456")).toEqual([]);
    expect(revoked()).toEqual([[`${URL_HERE}/pair`, "Bearer cyr_ana"]]);
    expect((await store.paired())?.accounts[1]?.isRefused).toBeUndefined();
  });

  test("again says which tokens could not be given back, and holds the new ones all the same", async () => {
    await store.keep(PAIRED);
    opens({ ...ANA, token: "cyr_new" });
    cyrano.answers["DELETE /pair"] = () => problem(503, "store-busy");
    expect(await pairing.pair(URL_HERE, "123456")).toEqual(["ana"]);
    expect((await store.paired())?.accounts).toEqual([BEN, { ...ANA, token: "cyr_new" }]);
  });

  test("again with a service that hands out the same token does not give that back", async () => {
    await store.keep(PAIRED);
    opens(ANA);
    cyrano.answers["DELETE /pair"] = nothing;
    await pairing.pair(URL_HERE, "123456");
    expect(revoked()).toEqual([]);
  });

  test("with another service revokes the tokens of the one before, each at its own origin", async () => {
    browser.granted.add(`${ELSEWHERE}/*`);
    await store.keep(PAIRED);
    opens({ ...ANA, token: "cyr_there" });
    cyrano.answers["DELETE /pair"] = nothing;
    await pairing.pair(ELSEWHERE, "123456");
    expect(await store.paired()).toMatchObject({ url: ELSEWHERE, accounts: [{ token: "cyr_there" }] });
    expect(revoked()).toEqual([
      [`${URL_HERE}/pair`, "Bearer cyr_ana"],
      [`${URL_HERE}/pair`, "Bearer cyr_ben"],
    ]);
  });

  test("with another service says which tokens the one before may still take", async () => {
    browser.granted.add(`${ELSEWHERE}/*`);
    await store.keep(PAIRED);
    opens({ ...ANA, token: "cyr_there" });
    expect(await pairing.pair(ELSEWHERE, "123456")).toEqual(["ana", "ben"]);
    expect(await store.paired()).toMatchObject({ url: ELSEWHERE });
  });

  test("with another port of the same host keeps the permission, which is for both", async () => {
    browser.granted.add(`${ELSEWHERE}/*`);
    await store.keep({ ...PAIRED, url: `${ELSEWHERE}:8443` });
    opens(ANA);
    await pairing.pair(ELSEWHERE, "123456");
    expect(browser.granted.has(`${ELSEWHERE}/*`)).toBe(true);
  });

  test.each([
    ["a refused code", () => problem(403, "pairing-refused")],
    ["a stranger's answer", () => json({}, 200, {})],
  ])("that ends in %s gives back the permission it asked for", async (_, answer) => {
    browser.granted.add(`${ELSEWHERE}/*`);
    cyrano.answers["POST /pair"] = answer;
    await expect(pairing.pair(ELSEWHERE, "000000")).rejects.toThrow();
    expect(browser.granted.has(`${ELSEWHERE}/*`)).toBe(false);
  });

  test("anew with a refused code keeps the permission that the standing pairing needs", async () => {
    browser.granted.add(`${ELSEWHERE}/*`);
    await store.keep({ ...PAIRED, url: `${ELSEWHERE}:8443` });
    cyrano.answers["POST /pair"] = () => problem(403, "pairing-refused");
    for (const url of [ELSEWHERE, `${ELSEWHERE}:8443`]) await expect(pairing.pair(url, "0")).rejects.toThrow();
    expect(browser.granted.has(`${ELSEWHERE}/*`)).toBe(true);
  });

  test("needs the browser's permission for that very address", async () => {
    opens(ANA);
    expect(await kind(pairing.pair(ELSEWHERE, "123456"))).toBe("no-permission");
    expect(cyrano.asked).toEqual([]);
  });

  test.each([
    ["a number", 7],
    ["nothing", null],
    ["no accounts", { api: 1, version: "1" }],
    ["an account without a token", { api: 1, version: "1", accounts: [{ ...ANA, token: undefined }] }],
    ["an account without addresses", { api: 1, version: "1", accounts: [{ ...ANA, addresses: "ana" }] }],
    ["null for an account", { api: 1, version: "1", accounts: [null] }],
  ])("an answer of %s is not Cyrano's, and is not kept", async (_, said) => {
    cyrano.answers["POST /pair"] = () => json(said);
    expect(await kind(pairing.pair(URL_HERE, "123456"))).toBe("not-cyrano");
    expect(await store.paired()).toBeNull();
  });
});

describe("the end of a pairing", () => {
  test("revokes every token, then forgets", async () => {
    await store.keep(PAIRED);
    cyrano.answers["DELETE /pair"] = nothing;
    expect(await pairing.unpair()).toEqual([]);
    expect(cyrano.asked).toHaveLength(2);
    expect([...browser.local.kept.keys()]).toEqual([]);
  });

  test("first tells what still waits to be told", async () => {
    await store.keep(PAIRED);
    await store.changeWaiting(() => [{ draft_id: "d1", kind: "inserted", account: "ana", at_ms: 0 }]);
    cyrano.answers["POST /drafts/d1/feedback"] = nothing;
    cyrano.answers["DELETE /pair"] = nothing;
    await pairing.unpair();
    expect(cyrano.asked.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      "POST /drafts/d1/feedback",
      "DELETE /pair",
      "DELETE /pair",
    ]);
    expect([...browser.local.kept.keys()]).toEqual([]);
  });

  test("forgets even where the service cannot be told, and says for which accounts", async () => {
    await store.keep(PAIRED);
    expect(await pairing.unpair()).toEqual(["ana", "ben"]);
    expect(await store.paired()).toBeNull();
  });

  test("a token that the service does not know needs no revoking", async () => {
    await store.keep(PAIRED);
    cyrano.answers["DELETE /pair"] = () => problem(401, "not-allowed");
    expect(await pairing.unpair()).toEqual([]);
    expect(await store.paired()).toBeNull();
  });

  test("gives back the permission that pairing asked for", async () => {
    browser.granted.add(`${ELSEWHERE}/*`);
    await store.keep({ ...PAIRED, url: ELSEWHERE });
    await pairing.unpair();
    expect(browser.granted.has(`${ELSEWHERE}/*`)).toBe(false);
  });

  test("keeps the permission that came with the extension, so that pairing again needs no question", async () => {
    await store.keep(PAIRED);
    await pairing.unpair();
    expect(browser.granted.has("http://127.0.0.1/*")).toBe(true);
  });

  test("where nothing is paired nothing is asked", async () => {
    expect(await pairing.unpair()).toEqual([]);
    expect(cyrano.asked).toEqual([]);
  });
});
