// How this browser is called in the service's list: "Firefox 153 on Linux".

const BROWSERS: [RegExp, string][] = [
  [/Edg\/(\d+)/, "Edge"],
  [/OPR\/(\d+)/, "Opera"],
  [/Firefox\/(\d+)/, "Firefox"],
  [/Chrome\/(\d+)/, "Chrome"],
];
const SYSTEMS: [RegExp, string][] = [
  [/CrOS/, "ChromeOS"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/Linux|X11/, "Linux"],
];

export function clientName(userAgent: string): string {
  const browser = BROWSERS.map(([pattern, name]) => [name, userAgent.match(pattern)?.[1]]).find(
    ([, version]) => version,
  );
  const system = SYSTEMS.find(([pattern]) => pattern.test(userAgent));
  return `${browser?.join(" ") ?? "A browser"}${system === undefined ? "" : ` on ${system[1]}`}`;
}
