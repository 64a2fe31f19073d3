import { beforeEach, describe, expect, test } from "vitest";
import { showOptions } from "../../entrypoints/options/show";
import { Store } from "../../worker/store";
import { work } from "../../worker/worker";
import { EXTENSION, FakeBrowser } from "../chrome";
import { text } from "../files.mjs";
import { ANA, FakeService, json, nothing, PAIRED, problem, settle } from "../service";

let browser: FakeBrowser;
let cyrano: FakeService;
let store: Store;

beforeEach(() => {
  browser = new FakeBrowser();
  browser.runtime.sendMessage = (message) => browser.send(message, `${EXTENSION}/options.html`);
  cyrano = new FakeService();
  store = new Store(browser.chrome.storage.local);
  work({ browser: browser.chrome, fetch: cyrano.fetch, now: () => 0, userAgent: "Firefox/153.0 Linux" });
});

const get = <E extends HTMLElement = HTMLInputElement>(id: string) => document.getElementById(id) as E;
const said = () => get("said").textContent;

async function open(): Promise<void> {
  document.documentElement.innerHTML = text("entrypoints/options/options.html").replace(/<!doctype html>/, "");
  await showOptions(document, browser.chrome);
}

async function pair(url: string, code: string): Promise<void> {
  get("url").value = url;
  get("code").value = code;
  get("pair").click();
  await settle();
}

const opensAna = () => {
  cyrano.answers["POST /pair"] = () => json({ api: 1, version: "0.1.0", accounts: [ANA] });
};

describe("the page", () => {
  test.each(["en", "de"])("has words for all it shows, in %s", async (language) => {
    browser.language = language;
    await open();
    expect(document.documentElement.lang).toBe(language);
    for (const element of document.querySelectorAll("[data-words]")) {
      expect(element.textContent).not.toMatch(/^$|options_/);
    }
    expect(document.body.hidden).toBe(false);
  });

  test.each([
    ["en-GB", "en", "Pair"],
    ["de", "de", "Koppeln"],
    ["fr", "en", "Pair"],
  ])("has the words of a browser that names %s but gives none itself", async (asked, language, pair) => {
    browser.i18n.getMessage = () => "";
    browser.language = asked;
    await store.keep(PAIRED);
    await open();
    expect(document.documentElement.lang).toBe(language);
    expect(get("pair").textContent).toBe(pair);
    expect(get("where").textContent).toContain(PAIRED.url);
    for (const element of document.querySelectorAll("[data-words]")) {
      expect(element.textContent).not.toMatch(/^$|options_/);
    }
  });

  test("shows itself, and says why, where the worker cannot tell what is paired", async () => {
    browser.local.get = () => Promise.reject(new Error("the disk is gone"));
    await open();
    expect(document.body.hidden).toBe(false);
    expect(get("said").dataset.kind).toBe("bad");
    expect(said()).toContain("Something went wrong");
  });

  test("every field and every section has a name", async () => {
    await open();
    for (const field of document.querySelectorAll<HTMLInputElement>("input, select")) {
      expect(field.labels?.[0]?.textContent, field.id).toBeTruthy();
    }
    for (const section of document.querySelectorAll("section, dialog")) {
      expect(get(section.getAttribute("aria-labelledby") ?? "").textContent).toBeTruthy();
    }
  });

  test("loads nothing but its own files, and holds no script of its own", async () => {
    await open();
    const html = text("entrypoints/options/options.html");
    expect([...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, path]) => path)).toEqual([
      "icons/32.png",
      "options.css",
      "options.js",
      "icons/128.png",
    ]);
    expect(html).not.toMatch(/<script(?![^>]*src)|\son\w+=|style=/);
  });
});

describe("pairing", () => {
  test("leads from a code to the accounts, and says to reload Gmail", async () => {
    opensAna();
    await open();
    expect(get("service").hidden).toBe(true);
    await pair("127.0.0.1:8380", "123 456");
    expect(cyrano.last.body).toMatchObject({ code: "123456" });
    expect(get("service").hidden).toBe(false);
    expect(get("pairing").hidden).toBe(true);
    expect(get("where").textContent).toContain("http://127.0.0.1:8380");
    expect(document.querySelector("#accounts li")?.textContent).toContain("ana");
    expect(said()).toContain("Reload");
    expect(document.activeElement?.id).toBe("said");
    expect(get("code").value).toBe("");
  });

  test.each([
    ["http://192.168.0.7:8380", "123456", "url"],
    ["", "123456", "url"],
    ["127.0.0.1:8380", "12345", "code"],
    ["127.0.0.1:8380", "１２３４５６", "code"],
  ])("asks nobody with the address %j and the code %j", async (url, code, wrong) => {
    await open();
    await pair(url, code);
    expect(cyrano.asked).toEqual([]);
    expect(get("said").dataset.kind).toBe("bad");
    expect(get(wrong).getAttribute("aria-invalid")).toBe("true");
    expect(document.activeElement?.id).toBe(wrong);
  });

  test("asks the browser for that one address, and goes no further without", async () => {
    browser.grants = false;
    await open();
    await pair("https://cyrano.example.org", "123456");
    expect(said()).toContain("https://cyrano.example.org");
    expect(cyrano.asked).toEqual([]);
    browser.grants = true;
    opensAna();
    await pair("https://cyrano.example.org", "123456");
    expect([...browser.granted]).toContain("https://cyrano.example.org/*");
    expect(get("service").hidden).toBe(false);
  });

  test.each([
    [() => problem(403, "pairing-refused"), "new one", "code"],
    [() => problem(429, "too-fast"), "Too many", "code"],
    [() => json({}, 200, {}), "What answers at http://127.0.0.1:8380 is not Cyrano", "url"],
    [() => Promise.reject(new TypeError("Failed to fetch")), "Nobody answers at http://127.0.0.1:8380. Is", "url"],
    [() => problem(500, "internal"), "internal", "said"],
  ])("that fails says why, where it may be wrong, and keeps what was typed", async (answer, words, where) => {
    cyrano.answers["POST /pair"] = answer;
    await open();
    await pair("127.0.0.1:8380", "123456");
    expect(said()).toContain(words);
    expect(document.activeElement?.id).toBe(where);
    const wrong = [...document.querySelectorAll("[aria-invalid=true]")].map(({ id }) => id);
    expect(wrong).toEqual(where === "said" ? [] : [where]);
    expect(get("code").value).toBe("123456");
    expect(get("service").hidden).toBe(true);
  });

  test.each([
    ["is stopped in the middle", async () => undefined],
    ["cannot be woken", () => Promise.reject(new Error("Receiving end does not exist."))],
  ])("through a worker that %s ends in words, and can be tried again", async (_, send) => {
    opensAna();
    await open();
    const { sendMessage } = browser.runtime;
    browser.runtime.sendMessage = send;
    await pair("127.0.0.1:8380", "123456");
    expect(get("said").dataset.kind).toBe("bad");
    expect(said()).toContain("Something went wrong");
    browser.runtime.sendMessage = sendMessage;
    await pair("127.0.0.1:8380", "123456");
    expect(get("said").dataset.kind).toBe("good");
  });

  test("that is done, but left an earlier token behind, says for which account", async () => {
    await store.keep(PAIRED);
    cyrano.answers["POST /pair"] = () => json({ api: 1, version: "0.1.0", accounts: [{ ...ANA, token: "cyr_new" }] });
    await open();
    await pair("127.0.0.1:8380", "123456");
    expect(get("service").hidden).toBe(false);
    expect(said()).toContain("ana");
    expect(said()).toContain('cyrano token revoke "NAME"');
  });

  test("a second press while it works is not heard: a code is good once", async () => {
    opensAna();
    await open();
    get("url").value = "127.0.0.1:8380";
    get("code").value = "123456";
    get("pair").click();
    get("pair").click();
    await settle();
    expect(cyrano.asked).toHaveLength(1);
  });
});

describe("a pairing that stands", () => {
  beforeEach(async () => {
    await store.keep(PAIRED);
    await open();
  });

  test("is tested, and each account says how it does", async () => {
    cyrano.answers["GET /accounts"] = ({ headers }) =>
      headers.authorization === "Bearer cyr_ana"
        ? json({ accounts: [{ adapter: null, notices: ["Sync is late."] }] })
        : problem(401, "not-allowed");
    get("test").click();
    await settle();
    const checks = [...document.querySelectorAll<HTMLElement>("#checks li")];
    expect(checks.map(({ dataset, textContent }) => [dataset.kind, textContent])).toEqual([
      ["good", "ana: all is well. The base model writes."],
      [undefined, "Sync is late."],
      ["bad", expect.stringContaining("ben")],
    ]);
    expect(document.querySelector("#accounts [data-account=ben]")?.textContent).toContain("Pair it again");
  });

  test("ends only after a second look, and then forgets everything", async () => {
    cyrano.answers["DELETE /pair"] = nothing;
    const dialog = get<HTMLDialogElement>("sure");
    dialog.showModal = () => dialog.setAttribute("open", "");
    dialog.close = () => dialog.removeAttribute("open");
    get("unpair").click();
    expect(dialog.open).toBe(true);
    get("unpair-no").click();
    expect(cyrano.asked).toEqual([]);
    get("unpair").click();
    get("unpair-yes").click();
    await settle();
    expect(cyrano.asked).toHaveLength(2);
    expect(get("service").hidden).toBe(true);
    expect(get("pairing").hidden).toBe(false);
    expect([...browser.local.kept.keys()]).toEqual([]);
  });

  test("that ends without the service says what is left to do there", async () => {
    const dialog = get<HTMLDialogElement>("sure");
    dialog.close = () => undefined;
    get("unpair-yes").click();
    await settle();
    expect(said()).toContain("ana, ben");
    expect(get("said").dataset.kind).toBe("bad");
  });

  test("can be made anew without ending first", () => {
    get("again").click();
    expect(get("pairing").hidden).toBe(false);
    expect(document.activeElement?.id).toBe("code");
  });
});

describe("accounts", () => {
  const of = (mailbox: string) => document.querySelector<HTMLSelectElement>(`[data-mailbox="${mailbox}"]`);

  async function choose(select: HTMLSelectElement | null, value: string): Promise<void> {
    if (select === null) throw new Error("there is nothing to choose");
    select.value = value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    await settle();
  }

  beforeEach(async () => {
    await store.keep(PAIRED);
    await store.see("new@example.org");
    await open();
  });

  test("each mailbox says who writes in it without a choice", () => {
    expect(of("ana@example.org")?.selectedOptions[0]?.textContent).toBe("By itself: ana");
    expect(of("new@example.org")?.selectedOptions[0]?.textContent).toBe("By itself: No one");
  });

  test("the row for all others says that it is also for windows that do not tell their mailbox", () => {
    const label = get<HTMLSelectElement>("fallback").labels[0];
    expect(label?.textContent).toContain("do not tell");
  });

  test("a choice that could not be kept is not shown as kept", async () => {
    browser.local.set = () => Promise.reject(new Error("full"));
    await choose(of("ana@example.org"), "ben");
    expect(get("said").dataset.kind).toBe("bad");
    expect(of("ana@example.org")?.value).toBe("*auto");
  });

  test("a choice is kept, can be no one, and can be taken back", async () => {
    await choose(of("ana@example.org"), "ben");
    expect((await store.choices()).mailboxes).toEqual({ "ana@example.org": "ben" });
    expect(of("ana@example.org")?.value).toBe("ben");
    expect(document.activeElement).toBe(of("ana@example.org"));
    await choose(of("ana@example.org"), "*none");
    expect((await store.choices()).mailboxes).toEqual({ "ana@example.org": "" });
    await choose(of("ana@example.org"), "*auto");
    expect((await store.choices()).mailboxes).toEqual({});
  });

  test("all other mailboxes have a choice of their own", async () => {
    await choose(get<HTMLSelectElement>("fallback"), "ben");
    expect((await store.choices()).fallback).toBe("ben");
    expect(of("new@example.org")?.selectedOptions[0]?.textContent).toBe("By itself: ben");
  });

  test("a choice of an account that is gone shows that no one writes", async () => {
    await store.choose("ana@example.org", "carol");
    await open();
    expect(of("ana@example.org")?.value).toBe("*none");
  });

  test("a mailbox can be added by hand, and what is none is refused", async () => {
    get("mailbox").value = " Work@Example.org ";
    get("add").click();
    await settle();
    expect(document.activeElement).toBe(of("work@example.org"));
    get("mailbox").value = "work";
    get("add").click();
    await settle();
    expect(get("said").dataset.kind).toBe("bad");
    expect(of("work")).toBeNull();
  });

  test("names and addresses are text, whatever they look like", async () => {
    await store.keep({ ...PAIRED, accounts: [{ ...ANA, owner: "<img src=x onerror=alert(1)>" }] });
    await open();
    expect(document.querySelector("#accounts img")).toBeNull();
    expect(get("accounts").textContent).toContain("<img");
  });
});

describe("what the browser withholds", () => {
  test("is named, and asked for by a press", async () => {
    browser.granted.clear();
    await store.keep(PAIRED);
    await open();
    expect(get("gmail-access").hidden).toBe(false);
    expect(get("missing").textContent).toBe("https://mail.google.com/*\nhttp://127.0.0.1/*");
    get("allow-gmail").click();
    await settle();
    expect(get("gmail-access").hidden).toBe(true);
  });

  test("that can only be allowed by hand is said to be so", async () => {
    browser.granted.clear();
    browser.permissions.request = () => Promise.reject(new Error("not in the manifest"));
    await open();
    get("allow-gmail").click();
    await settle();
    expect(said()).toContain("by hand");
  });

  test("is not shown where Chrome lists the page without containing it", async () => {
    const { contains } = browser.permissions;
    browser.permissions.contains = async (asked) => !asked.origins?.[0]?.includes("mail.google") && contains(asked);
    await open();
    expect(get("gmail-access").hidden).toBe(true);
  });
});

describe("the keys", () => {
  test("are shown as the browser has them", async () => {
    await open();
    expect(get("shortcut").textContent).toBe("Alt+Shift+Y");
    browser.commands.shortcut = "";
    await open();
    expect(get("shortcut").textContent).toBe("none");
  });

  test("are changed on Chrome's own page", async () => {
    await open();
    get("keys").click();
    expect(browser.tabsOpened).toEqual(["chrome://extensions/shortcuts"]);
  });

  test("are changed on Firefox's own page", async () => {
    let opened = 0;
    Object.assign(browser.commands, {
      openShortcutSettings: async () => {
        opened += 1;
      },
    });
    await open();
    get("keys").click();
    expect([opened, browser.tabsOpened]).toEqual([1, []]);
  });

  test("where no page can be opened the way is told", async () => {
    browser.tabs.create = () => Promise.reject(new Error("Illegal URL"));
    await open();
    get("keys").click();
    await settle();
    expect(get("keys-hint").textContent).toContain("Manage Extension Shortcuts");
  });
});
