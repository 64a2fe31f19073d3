// TypeScript to the few plain scripts a browser loads. Not minified: a reviewer reads what runs.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";

const ENTRIES = {
  "background.js": "entrypoints/background.ts",
  "gmail.js": "entrypoints/gmail.ts",
  "options.js": "entrypoints/options/options.ts",
};
const TARGET = ["chrome125", "firefox140"];

/**
 * @param {string} root the folder extension/
 * @param {boolean} isTest
 * @returns {Promise<Record<string, string>>} the scripts by name
 */
export async function bundle(root, isTest) {
  const scripts = await Promise.all(
    Object.entries(ENTRIES).map(async ([name, entry]) => [name, await script(root, entry, isTest)]),
  );
  return Object.fromEntries(scripts);
}

async function script(root, entry, isTest) {
  const result = await build({
    root,
    configFile: false,
    envDir: false,
    publicDir: false,
    logLevel: "warn",
    mode: "production",
    define: { __TEST__: JSON.stringify(isTest) },
    json: { stringify: false }, // else long ones become one line that nobody reads
    build: {
      write: false,
      minify: false,
      target: TARGET,
      modulePreload: false,
      // The names of the sources go into the scripts as they are seen from here, wherever the build was called.
      rolldownOptions: { cwd: root, input: join(root, entry), output: { format: "iife", codeSplitting: false } },
    },
  });
  const [chunk] = [result].flat()[0].output;
  return chunk.code;
}

/** The files that are taken as they are. */
export function pages(root) {
  const read = (name) => readFileSync(join(root, "entrypoints/options", name), "utf8");
  return { "options.html": read("options.html"), "options.css": read("options.css") };
}
