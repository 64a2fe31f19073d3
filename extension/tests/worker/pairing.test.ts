// @vitest-environment node
import { beforeEach, describe, expect, test } from "vitest";
import type { Failure } from "../../worker/failure";
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
  pairing = new Pairing({
    store,
    reach: new Reach(browser.chrome.permissions, store, cyrano.fetch),
    release: (url) => release(browser.chrome, url),
    client: "Chrome 156 on Linux",
  });
});

const opens = (...accounts: unknown[]) => {
  cyrano.answers["POST /pair"] = () => json({ api: 1, version: "0.1.0", accounts });
};

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
    expect(cyrano.asked).toHaveLength(1);
  });

  test("with another service revokes the tokens of the one before, each at its own origin", async () => {
    browser.granted.add(`${ELSEWHERE}/*`);
    await store.keep(PAIRED);
    opens({ ...ANA, token: "cyr_there" });
    cyrano.answers["DELETE /pair"] = nothing;
    await pairing.pair(ELSEWHERE, "123456");
    expect(await store.paired()).toMatchObject({ url: ELSEWHERE, accounts: [{ token: "cyr_there" }] });
    const revoked = cyrano.asked.filter(({ method }) => method === "DELETE");
    expect(revoked.map(({ url }) => url)).toEqual([`${URL_HERE}/pair`, `${URL_HERE}/pair`]);
    expect(revoked.map(({ headers }) => headers.authorization)).toEqual(["Bearer cyr_ana", "Bearer cyr_ben"]);
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
