// The time Gmail tells of a message: in its language, in the reader's time zone. A time that is not certain is none.

const FORMS: readonly Intl.DateTimeFormatOptions[] = [
  { month: "long" },
  { month: "short" },
  { day: "numeric", month: "long" },
  { day: "numeric", month: "short" },
];

/** "17. Nov. 2026, 15:04" in the language "de" as ISO 8601; undefined where it cannot be told for certain. */
export function instantOf(words: string, language: string): string | undefined {
  const text = westernDigits(words).toLowerCase();
  const time = /(\d{1,2})[:.](\d{2})(?!\d|[.:/])/.exec(text.replace(/\d{1,2}\.\d{1,2}\.\d{4}/, ""));
  const year = /(?<!\d)(?:19|20)\d{2}(?!\d)/.exec(text)?.[0];
  const date = year === undefined ? undefined : dayOf(text, time?.[0], year, language);
  if (date === undefined || time === null || year === undefined) return undefined;
  const hour = hourOf(time, text, language);
  return isoOf(Number(year), date.month, date.day, hour, Number(time[2]));
}

// Made once: a formatter takes as long as reading a message.
const FORMATTERS = new Map<string, Intl.DateTimeFormat | null>();

function formatter(language: string, form: Intl.DateTimeFormatOptions): Intl.DateTimeFormat | null {
  const key = `${language} ${JSON.stringify(form)}`;
  const known = FORMATTERS.get(key);
  if (known !== undefined) return known;
  const made = newFormatter(language, form);
  FORMATTERS.set(key, made);
  return made;
}

// Gregorian: a Persian year would be taken for another.
function newFormatter(language: string, form: Intl.DateTimeFormatOptions): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat(language, { calendar: "gregory", numberingSystem: "latn", ...form });
  } catch {
    return null;
  }
}

function partOf(language: string, form: Intl.DateTimeFormatOptions, date: Date, type: string): string {
  const part = formatter(language, form)
    ?.formatToParts(date)
    .find((each) => each.type === type);
  return part?.value.toLowerCase() ?? "";
}

interface Day {
  readonly month: number;
  readonly day: number;
}

function dayOf(text: string, time: string | undefined, year: string, language: string): Day | undefined {
  const named = monthNamed(text, language);
  const rest = [time ?? "", year, named?.name ?? ""].reduce((left, used) => left.replace(used, " "), text);
  const [first, second, third] = (rest.match(/\d+/g) ?? []).map(Number);
  if (first === undefined || third !== undefined) return undefined;
  if (named !== undefined) return second === undefined ? { month: named.month, day: first } : undefined;
  if (second === undefined) return undefined;
  return isDayFirst(language) ? { month: second - 1, day: first } : { month: first - 1, day: second };
}

function monthNamed(text: string, language: string): { name: string; month: number } | undefined {
  return Array.from({ length: 12 }, (_, month) => month)
    .flatMap((month) =>
      FORMS.map((form) => ({ month, name: partOf(language, form, new Date(2026, month, 15), "month") })),
    )
    .filter(({ name }) => /\p{L}/u.test(name) && text.includes(name))
    .sort((one, other) => other.name.length - one.name.length)[0];
}

function isDayFirst(language: string): boolean {
  const parts = formatter(language, { dateStyle: "short" })?.formatToParts(new Date()) ?? [];
  const at = (type: string) => parts.findIndex((part) => part.type === type);
  return at("day") < at("month");
}

/** The hour of the day; the word for its half stands right beside the time. */
function hourOf(time: RegExpExecArray, text: string, language: string): number {
  const form = { hour: "numeric", hour12: true } as const;
  const [morning, evening] = [9, 21].map((each) => partOf(language, form, new Date(2026, 0, 1, each), "dayPeriod"));
  const at = text.indexOf(time[0]);
  const before = text.slice(0, at).trimEnd();
  const after = text.slice(at + time[0].length).trim();
  const has = (period: string | undefined) => !!period && (before.endsWith(period) || after === period);
  const hour = Number(time[1]);
  if (has(evening)) return (hour % 12) + 12;
  return has(morning) ? hour % 12 : hour;
}

function isoOf(year: number, month: number, day: number, hour: number, minute: number): string | undefined {
  const date = new Date(year, month, day, hour, minute);
  const isWhole = date.getMonth() === month && date.getDate() === day && date.getHours() === hour;
  return isWhole && minute < 60 ? date.toISOString() : undefined;
}

function westernDigits(words: string): string {
  return words
    .replace(/[\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) - 0x0660))
    .replace(/[\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) - 0x06f0))
    .replace(/[\u200e\u200f\u202a-\u202e]/g, "")
    .replace(/\s/g, " ");
}
