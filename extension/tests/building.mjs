// Builds of the extension, in folders of their own.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { ROOT } from "./files.mjs";

export class Workshop {
  #folder = mkdtempSync(join(tmpdir(), "cyrano-build-"));

  /**
   * Build what stands in `root`, as seen from `cwd`, and return all files that came out.
   *
   * @param {{ root?: string, cwd?: string, env?: Record<string, string>, flags?: string[] }} [how]
   * @returns {Record<string, Uint8Array>}
   */
  build({ root = ROOT, cwd = ROOT, env = {}, flags = [] } = {}) {
    const out = mkdtempSync(join(this.#folder, "out-"));
    execFileSync(process.execPath, [join(root, "build.mjs"), ...flags, "--out", out], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "inherit"],
    });
    return read(out);
  }

  /** A copy of the sources in another folder. */
  copy() {
    const folder = mkdtempSync(join(this.#folder, "copy-"));
    const isOurs = (path) => !/^(node_modules|dist)$/.test(relative(ROOT, path));
    cpSync(ROOT, folder, { recursive: true, filter: isOurs });
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    return folder;
  }

  close() {
    rmSync(this.#folder, { recursive: true });
  }
}

/** @param {Uint8Array | undefined} file */
export function digest(file) {
  return createHash("sha256")
    .update(file ?? "")
    .digest("hex");
}

function read(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    entries
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [relative(folder, path), readFileSync(path)]),
  );
}
