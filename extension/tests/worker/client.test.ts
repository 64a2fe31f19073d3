// @vitest-environment node
import { expect, test } from "vitest";
import { clientName } from "../../worker/client";

const LIKE = "(KHTML, like Gecko)";

test.each([
  [`Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 ${LIKE} Chrome/156.0.0.0 Safari/537.36`, "Chrome 156 on Linux"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", "Firefox 153 on Linux"],
  [
    `Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 ${LIKE} Chrome/156.0 Safari/537.36 Edg/156.0`,
    "Edge 156 on Windows",
  ],
  [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 ${LIKE} Chrome/156.0`, "Chrome 156 on macOS"],
  [`Mozilla/5.0 (X11; CrOS x86_64) AppleWebKit/537.36 ${LIKE} HeadlessChrome/156.0`, "Chrome 156 on ChromeOS"],
  ["", "A browser"],
])("%s is called %s", (userAgent, name) => {
  expect(clientName(userAgent)).toBe(name);
});
