// Files of the extension, for tests that look at what is there rather than at what it does.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "..");

/** @param {string} path */
export function text(path) {
  return readFileSync(join(ROOT, path), "utf8");
}

/**
 * @param {string} folder
 * @returns {string[]} the paths of all files in it
 */
export function files(folder) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
  );
}

/**
 * @param {string} path of a PNG
 * @returns {[number, number]} its width and height
 */
export function size(path) {
  const header = readFileSync(path);
  return [header.readUInt32BE(16), header.readUInt32BE(20)];
}
