// What each browser is told about the extension. Whatever stands here, the person who installs it has to grant.

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** @typedef {"chrome" | "firefox"} Browser */

export const BROWSERS = /** @type {const} */ (["chrome", "firefox"]);
export const SIZES = [16, 32, 48, 128];

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "package.json"), "utf8"));

// Written out for Firefox's sake: its own default turns http://127.0.0.1 into https.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src http://127.0.0.1:* http://localhost:* https:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** @param {Browser} browser */
export function manifest(browser) {
  return {
    manifest_version: 3,
    name: "__MSG_store_name__",
    description: "__MSG_store_summary__",
    version,
    default_locale: "en",
    icons: Object.fromEntries(SIZES.map((size) => [size, `icons/${size}.png`])),
    action: { default_title: "__MSG_store_action__" },
    permissions: ["storage"],
    host_permissions: ["http://127.0.0.1/*"],
    optional_host_permissions: ["http://localhost/*", "https://*/*"],
    // From the start: what is typed in the panel must be kept from the page's own shortcuts, so it listens first.
    content_scripts: [{ matches: ["https://mail.google.com/*"], js: ["gmail.js"], run_at: "document_start" }],
    options_ui: { page: "options.html", open_in_tab: true },
    commands: {
      draft: {
        suggested_key: { default: "Alt+Shift+Y", mac: "MacCtrl+Shift+Y" },
        description: "__MSG_store_command__",
      },
    },
    content_security_policy: { extension_pages: POLICY },
    ...OWN[browser],
  };
}

const OWN = {
  chrome: {
    minimum_chrome_version: "125",
    background: { service_worker: "background.js" },
  },
  firefox: {
    background: { scripts: ["background.js"] },
    browser_specific_settings: {
      gecko: {
        id: "cyrano@cyrano.invalid",
        strict_min_version: "140.0",
        // The mail goes to the owner's own service, which is outside the browser all the same.
        data_collection_permissions: { required: ["personalCommunications"] },
      },
    },
  },
};

export const VERSION = version;
