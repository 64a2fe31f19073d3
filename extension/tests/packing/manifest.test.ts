// @vitest-environment node
import { describe, expect, test } from "vitest";
import { manifest, SIZES } from "../../manifest.mjs";
import { COMMAND } from "../../worker/keys";
import { ROOT, size } from "../files.mjs";

describe.each(["chrome", "firefox"] as const)("in %s", (browser) => {
  const told = manifest(browser);

  test("the extension asks for storage and loopback, and for nothing else", () => {
    expect(told.permissions).toEqual(["storage"]);
    expect(told.host_permissions).toEqual(["http://127.0.0.1/*"]);
    expect(told).not.toHaveProperty("optional_permissions");
  });

  test("other addresses are asked for one by one, and none in the clear but on this machine", () => {
    expect(told.optional_host_permissions).toEqual(["http://localhost/*", "https://*/*"]);
  });

  test("it runs in Gmail's top page alone, in a world of its own", () => {
    expect(told.content_scripts).toEqual([
      { matches: ["https://mail.google.com/*"], js: ["gmail.js"], run_at: "document_start" },
    ]);
  });

  test("pages can neither reach nor frame anything of it", () => {
    expect(told).not.toHaveProperty("web_accessible_resources");
    expect(told).not.toHaveProperty("externally_connectable");
    expect(told.content_security_policy.extension_pages).toContain("frame-ancestors 'none'");
  });

  test("only its own scripts run, and nothing is turned into https behind its back", () => {
    const policy = told.content_security_policy.extension_pages;
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toMatch(/unsafe|upgrade-insecure-requests|\bdata:|blob:/);
  });

  test("the keys can be changed, and are those the worker listens for", () => {
    expect(Object.keys(told.commands)).toEqual([COMMAND]);
  });
});

test("each browser finds the worker in its own way", () => {
  expect(manifest("chrome")).toMatchObject({ background: { service_worker: "background.js" } });
  expect(manifest("firefox")).toMatchObject({ background: { scripts: ["background.js"] } });
});

test("Firefox is told honestly that mail leaves the browser", () => {
  expect(manifest("firefox")).toMatchObject({
    browser_specific_settings: { gecko: { data_collection_permissions: { required: ["personalCommunications"] } } },
  });
});

test.each(SIZES)("the icon of %i pixels is of that size", (pixels) => {
  expect(size(`${ROOT}/public/icons/${pixels}.png`)).toEqual([pixels, pixels]);
});
