// The body of `POST /draft`, cut to what the service takes.

import type { Ask, ThreadMessage } from "../protocol";

/** Bytes. The service takes 256 KiB unless told otherwise, and its prompt has room for far less. */
const MOST = 200_000;
const ADDRESS = /^(?:[^<>]*<[^<>\s@]+@[^<>\s@]+>|[^<>\s@]+@[^<>\s@]+)$/;

export function bodyOf(ask: Ask): string {
  const { refines, tone, length } = ask;
  const asked = {
    instruction: ask.instruction,
    subject: ask.subject,
    // A chip that holds only a name says nothing the service could use.
    to: ask.to.map((each) => each.trim()).filter((each) => ADDRESS.test(each)),
    ...(tone && { tone }),
    ...(length && { length }),
    ...(refines && { draft_so_far: refines.text, refines: refines.draft_id }),
    stream: true,
  };
  return fitted(asked, ask.thread.map(message));
}

/** Oldest messages go first, then the end of the newest one. Each is measured once: a thread may be long. */
function fitted(asked: object, thread: ThreadMessage[]): string {
  let room = MOST - bytes(written({ ...asked, thread: [] }));
  let first = thread.length;
  while (first > 0) {
    room -= bytes(written(thread[first - 1] as ThreadMessage)) + ",".length;
    if (room < 0) break;
    first -= 1;
  }
  const newest = thread.at(-1);
  if (newest === undefined || first < thread.length) return written({ ...asked, thread: thread.slice(first) });
  return written({ ...asked, thread: [{ ...newest, text: newest.text.slice(0, MOST / 8) }] });
}

/** As JSON. Half a character, where a page or a cut left one, would have the whole request refused. */
function written(asked: object): string {
  return JSON.stringify(asked, (_, value) => (typeof value === "string" ? value.replace(/\p{Cs}/gu, "\uFFFD") : value));
}

function message({ from, text, sent_at }: ThreadMessage): ThreadMessage {
  return { from, text, ...(sent_at !== undefined && { sent_at }) };
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
