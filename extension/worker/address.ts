// Where the service is: what a person types becomes one exact origin, or nothing.

const LOOPBACK = ["127.0.0.1", "localhost"];
const HAS_SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/** The origin that is meant, "http://127.0.0.1:8380"; null where a token would travel in the clear or to nowhere. */
export function readAddress(typed: string): string | null {
  const text = typed.trim();
  const url = parse(HAS_SCHEME.test(text) ? text : `${isLoopback(text) ? "http" : "https"}://${text}`);
  if (url === null || url.hostname === "" || url.username !== "" || url.password !== "") return null;
  const isSafe = url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.includes(url.hostname));
  return isSafe ? url.origin : null;
}

/** The permission that reaching this origin needs. Without the port: Firefox knows none in patterns. */
export function permissionFor(origin: string): string {
  const { protocol, hostname } = new URL(origin);
  return `${protocol}//${hostname}/*`;
}

function isLoopback(text: string): boolean {
  return LOOPBACK.some((host) => text === host || text.startsWith(`${host}:`) || text.startsWith(`${host}/`));
}

function parse(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
