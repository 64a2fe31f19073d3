// @vitest-environment node
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { BROWSERS, manifest, VERSION } from "../../manifest.mjs";
import { digest, Workshop } from "../building.mjs";

// A build takes a second or two, on a busy machine many.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

type Built = Record<string, Uint8Array>;

let workshop: Workshop;
let built: Built;

beforeAll(() => {
  workshop = new Workshop();
  built = workshop.build();
});

afterAll(() => workshop.close());

const zips = BROWSERS.map((browser) => `cyrano-${browser}-${VERSION}.zip`);
const read = (file: Uint8Array | undefined) => new TextDecoder().decode(file);

function scripts(): [string, string][] {
  return Object.entries(built)
    .filter(([path]) => path.endsWith(".js"))
    .map(([path, file]) => [path, read(file)]);
}

describe("a zip is the same to the byte", () => {
  const same = (other: Built) => {
    for (const zip of zips) expect(built[zip]?.length, zip).toBeGreaterThan(1000);
    for (const zip of zips) expect(digest(other[zip]), zip).toBe(digest(built[zip]));
  };

  test("when it is built again, from elsewhere, in another zone and language", () => {
    same(workshop.build({ cwd: "/", env: { TZ: "Pacific/Kiritimati", LANG: "tr_TR.UTF-8" } }));
  });

  test("when its sources lie in another folder", () => {
    same(workshop.build({ root: workshop.copy(), cwd: "/", env: { TZ: "America/St_Johns" } }));
  });
});

describe("what is built", () => {
  test.each(BROWSERS)("for %s is in the zip as it is in the folder, the manifest at the top", (browser) => {
    const packed = unzipSync(built[`cyrano-${browser}-${VERSION}.zip`] ?? new Uint8Array());
    const unpacked = Object.keys(built).filter((path) => path.startsWith(`${browser}/`));
    expect(Object.keys(packed).map((path) => `${browser}/${path}`)).toEqual(unpacked);
    for (const path of unpacked) expect(read(packed[path.replace(`${browser}/`, "")])).toBe(read(built[path]));
    expect(JSON.parse(read(packed["manifest.json"]))).toEqual(JSON.parse(JSON.stringify(manifest(browser))));
  });

  test.each(BROWSERS)("for %s holds every file its manifest and its page name", (browser) => {
    const { icons, content_scripts, options_ui } = manifest(browser);
    const named = [
      ...Object.values(icons),
      ...content_scripts.flatMap(({ js }) => js),
      options_ui.page,
      "background.js",
    ];
    const page = read(built[`${browser}/options.html`]);
    const linked = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, path]) => path);
    for (const path of [...named, ...linked]) expect(Object.keys(built)).toContain(`${browser}/${path}`);
  });

  test("differs between browsers in the manifest alone", () => {
    for (const path of Object.keys(built).filter((path) => path.startsWith("chrome/"))) {
      if (path === "chrome/manifest.json") continue;
      expect(read(built[path.replace("chrome", "firefox")]), path).toBe(read(built[path]));
    }
  });

  test("runs no code but what is in it", () => {
    for (const [path, code] of scripts()) {
      expect(code, path).not.toMatch(
        /\beval\(|new Function|\bimport\(|importScripts|document\.write|createElement\("script"/,
      );
    }
  });

  test("makes no markup from text", () => {
    for (const [path, code] of scripts()) {
      expect(code, path).not.toMatch(/\.(inner|outer)HTML|insertAdjacentHTML|parseFromString|createContextualFragment/);
    }
  });

  test("names no address but Google's as they stand in Gmail's page, this machine's, and that of SVG", () => {
    const known =
      /^(https?:\/\/(mail\.google\.com|accounts\.google\.com|127\.0\.0\.1|localhost|www\.w3\.org)\b.*|https?:\/\/[$.]?)$/;
    for (const [path, code] of scripts()) {
      const named = [...code.matchAll(/(?:https?|wss?):\/\/[^\s"'`\\)]*/g)].map(([address]) => address);
      expect(
        named.filter((address) => !known.test(address)),
        path,
      ).toEqual([]);
    }
  });

  test("reaches the network from the worker alone", () => {
    for (const [path, code] of scripts()) {
      const reaches = /\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|RTCPeerConnection/.test(code);
      expect(reaches, path).toBe(path.endsWith("/background.js"));
    }
  });

  test("can be read: it is not minified", () => {
    for (const [path, code] of scripts()) {
      const longest = Math.max(...code.split("\n").map((line) => line.length));
      expect(longest, path).toBeLessThan(6_000);
    }
  });

  test("has every word in every language", () => {
    const keys = (language: string) =>
      Object.keys(JSON.parse(read(built[`chrome/_locales/${language}/messages.json`])));
    expect(keys("de")).toEqual(keys("en"));
  });
});

test("the build for tests differs in the shadow roots it opens and in its patience, and in nothing else", () => {
  const paces: Record<string, [string, string][]> = {
    "gmail.js": [
      ["PATIENCE_MS = 1500", "PATIENCE_MS = 15e3"],
      ["SILENT_MS = 4e3", "SILENT_MS = 15e3"],
      ['"open"', '"closed"'],
    ],
    "background.js": [
      ["silent_ms: 8e3", "silent_ms: 3e4"],
      ["alive_ms: 1e3", "alive_ms: 5e3"],
    ],
  };
  const opened = workshop.build({ flags: ["--test"] });
  for (const [path, file] of Object.entries(opened)) {
    const real = read(built[path.replace("test-", "")]);
    let code = read(file);
    for (const [short, long] of paces[path.split("/").at(-1) ?? ""] ?? []) {
      expect(code, path).toContain(short);
      code = code.replaceAll(short, long);
    }
    expect(code, path).toBe(real);
  }
});
