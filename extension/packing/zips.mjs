// A zip that depends on what is in it and on nothing else: not on the day, the folder or the time zone.

import { zipSync } from "fflate";

// The zip's own beginning of time. It is written as local time: the fields are then the same everywhere.
const MTIME = new Date(1980, 0, 1);

/**
 * @param {Record<string, Uint8Array>} files by path
 * @returns {Uint8Array}
 */
export function zip(files) {
  const names = Object.keys(files).sort();
  return zipSync(Object.fromEntries(names.map((name) => [name, files[name]])), { level: 9, mtime: MTIME });
}
