// Build the extension: `node build.mjs [--test] [--out FOLDER]`.
//
// dist/chrome and dist/firefox can be loaded unpacked; the zips beside them are what the stores take. With --test comes
// dist/test-chrome and dist/test-firefox instead: their shadow roots are open, and they lose patience sooner.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { BROWSERS, manifest, VERSION } from "./manifest.mjs";
import { bundle, pages } from "./packing/bundles.mjs";
import { readWords } from "./packing/words.mjs";
import { zip } from "./packing/zips.mjs";

const ROOT = import.meta.dirname;

async function main() {
  const { values } = parseArgs({ options: { test: { type: "boolean", default: false }, out: { type: "string" } } });
  const out = values.out ?? join(ROOT, "dist");
  const shared = { ...(await bundle(ROOT, values.test)), ...pages(ROOT), ...icons(), ...locales(values.test) };
  for (const browser of BROWSERS) {
    const files = bytes({ "manifest.json": json(manifest(browser)), ...shared });
    put(files, join(out, values.test ? `test-${browser}` : browser));
    if (!values.test) pack(files, join(out, `cyrano-${browser}-${VERSION}.zip`));
  }
}

/** The digest is the same wherever the same sources are built. */
function pack(files, path) {
  const packed = zip(files);
  writeFileSync(path, packed);
  console.log(`${createHash("sha256").update(packed).digest("hex")}  ${path}`);
}

function icons() {
  const folder = join(ROOT, "public/icons");
  return Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.endsWith(".png"))
      .map((name) => [`icons/${name}`, readFileSync(join(folder, name))]),
  );
}

function locales(isTest) {
  const { words, faults } = readWords();
  for (const fault of faults) console.error(`words/${fault}`);
  if (faults.length > 0 && !isTest) throw new Error("The words do not fit together.");
  return Object.fromEntries(
    Object.entries(words).map(([language, messages]) => [`_locales/${language}/messages.json`, json(messages)]),
  );
}

function json(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function bytes(files) {
  const encoder = new TextEncoder();
  return Object.fromEntries(
    Object.entries(files).map(([name, file]) => [name, typeof file === "string" ? encoder.encode(file) : file]),
  );
}

function put(files, folder) {
  rmSync(folder, { recursive: true, force: true });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

await main();
