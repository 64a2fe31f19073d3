import { describe, expect, test } from "vitest";
import { LOCALES } from "../../../fixtures/page/locales.js";
import { instantOf } from "../../../sites/gmail/dates";

const STYLES = ["medium", "long", "full"] as const;
// Both halves of the day, days that could be months, months whose names begin alike.
const INSTANTS = ["2026-11-17T15:04", "2026-03-02T09:30", "2026-07-12T00:05", "2026-06-06T12:00", "2026-01-31T23:59"];

describe("the time of a message", () => {
  test.each(LOCALES)("is told from Gmail's words, or not at all: %s", (locale) => {
    for (const dateStyle of STYLES) {
      for (const instant of INSTANTS) {
        const date = new Date(instant);
        const words = new Intl.DateTimeFormat(locale, { dateStyle, timeStyle: "short" }).format(date);
        // Persian months are no months of ours.
        if (locale === "fa") expect(instantOf(words, locale)).toBeUndefined();
        else expect([words, instantOf(words, locale)]).toEqual([words, date.toISOString()]);
      }
    }
  });

  test("the order of day and month is the language's", () => {
    expect(instantOf("3/2/2026, 10:00", "en-US")).toBe(new Date("2026-03-02T10:00").toISOString());
    expect(instantOf("3/2/2026, 10:00", "en-GB")).toBe(new Date("2026-02-03T10:00").toISOString());
  });

  test.each([
    "yesterday",
    "",
    "Nov 17",
    "10:04 AM",
    "31/31/2026, 10:00",
    "Nov 31, 2026, 10:00",
    "version 2026 of 10:00",
  ])("what is not certain is not told: %s", (words) => {
    expect(instantOf(words, "en")).toBeUndefined();
  });

  test("a language nobody knows does no harm", () => {
    expect(instantOf("Nov 17, 2026, 3:04 PM", "no such language")).toBeUndefined();
  });
});
