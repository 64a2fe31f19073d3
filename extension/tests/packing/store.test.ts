// @vitest-environment node
import { describe, expect, test } from "vitest";
import { manifest } from "../../manifest.mjs";
import { readWords } from "../../packing/words.mjs";
import { files, text } from "../files.mjs";

const { words } = readWords();

describe.each(Object.keys(words))("in %s", (language) => {
  test("the stores get a description and a privacy policy", () => {
    expect(files(`store/${language}`)).toEqual([`store/${language}/listing.md`, `store/${language}/privacy.md`]);
  });

  test("the description begins with the summary that is in the package", () => {
    const [title, summary] = text(`store/${language}/listing.md`).split("\n\n");
    expect([title, summary]).toEqual([
      `# ${words[language]?.store_name?.message}`,
      words[language]?.store_summary?.message,
    ]);
  });

  test("what Gmail itself does with what stands in its window is not passed over", () => {
    for (const file of files(`store/${language}`))
      expect(text(file), file).toMatch(/Gmail\ssaves|Gmail\sspeichert|speichert\sGmail/);
  });

  test("the privacy policy names every address of this machine that may be asked", () => {
    const { host_permissions, optional_host_permissions } = manifest("chrome");
    const policy = text(`store/${language}/privacy.md`);
    for (const pattern of [...host_permissions, ...optional_host_permissions]) {
      const { protocol, hostname } = new URL(pattern.replace("//*/", "//any/"));
      expect(policy).toContain(hostname === "any" ? protocol.replace(":", "").toUpperCase() : hostname);
    }
  });

  test("nothing is promised without markup that the stores cannot show", () => {
    expect(text(`store/${language}/listing.md`)).not.toMatch(/\]\(|<\w+>|^\|/m);
  });
});

test("every permission of the manifest is accounted for, and no other", () => {
  const { permissions, host_permissions, optional_host_permissions, content_scripts } = manifest("chrome");
  const asked = [...permissions, ...host_permissions, ...optional_host_permissions];
  const needed = [...asked, ...content_scripts.flatMap(({ matches }) => matches)];
  const reasons = text("store/README.md").split("## Why each permission")[1]?.split("## ")[0] ?? "";
  const explained = [...reasons.matchAll(/^- (.*?):(?!\/)/gms)].flatMap(([, head = ""]) =>
    head.match(/(?<=`)[^`\s]+(?=`)/g),
  );
  expect(explained.sort()).toEqual(needed.sort());
});
