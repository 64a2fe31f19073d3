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
