// @vitest-environment node
import { expect, test } from "vitest";
import { permissionFor, readAddress } from "../../worker/address";

test.each([
  ["http://127.0.0.1:8380", "http://127.0.0.1:8380"],
  ["http://127.0.0.1:8380/browsers#x", "http://127.0.0.1:8380"],
  [" 127.0.0.1:8380 ", "http://127.0.0.1:8380"],
  ["localhost:8380", "http://localhost:8380"],
  ["localhost", "http://localhost"],
  ["cyrano.example.org", "https://cyrano.example.org"],
  ["https://cyrano.example.org:8443/", "https://cyrano.example.org:8443"],
  ["HTTPS://Cyrano.Example.org", "https://cyrano.example.org"],
])("%j means %s", (typed, origin) => {
  expect(readAddress(typed)).toBe(origin);
});

test.each([
  "",
  "http://cyrano.example.org",
  "http://192.168.0.7:8380",
  "http://127.0.0.1.example.org",
  "http://localhost@example.org",
  "https://ana@example.org",
  "https://:secret@example.org",
  "ftp://127.0.0.1",
  "javascript:alert(1)",
  "file:///etc/passwd",
  "https://",
  "two words",
  "127.0.0.1:99999",
])("%j is no address a token may go to", (typed) => {
  expect(readAddress(typed)).toBeNull();
});

test.each([
  ["http://127.0.0.1:8380", "http://127.0.0.1/*"],
  ["https://cyrano.example.org:8443", "https://cyrano.example.org/*"],
])("%s needs the permission %s alone", (origin, pattern) => {
  expect(permissionFor(origin)).toBe(pattern);
});
