// @vitest-environment node
import { expect, test } from "vitest";
import { type Heard, hear } from "../../worker/events";

const STREAM = ': still there\n\nevent: meta\ndata: {"a":1}\n\nevent: token\ndata: {"text":"Grüße 👋"}\n\n';
const HEARD = [
  { name: "", data: "" },
  { name: "meta", data: '{"a":1}' },
  { name: "token", data: '{"text":"Grüße 👋"}' },
];

function body(pieces: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(control) {
      for (const piece of pieces) control.enqueue(piece);
      control.close();
    },
  });
}

async function all(pieces: Uint8Array[]): Promise<Heard[]> {
  const heard: Heard[] = [];
  for await (const each of hear(body(pieces))) heard.push(each);
  return heard;
}

const bytes = (text: string) => new TextEncoder().encode(text);

test.each([
  ["\n", "line feeds"],
  ["\r\n", "both"],
  ["\r", "carriage returns"],
])("events come out whole wherever the bytes are cut, with line ends %j (%s)", async (end) => {
  const sent = bytes(STREAM.replaceAll("\n", end));
  // What ends in "\r" alone is known to have ended only when more comes.
  const tail = end === "\r" ? HEARD.slice(0, -1) : HEARD;
  for (let at = 0; at <= sent.length; at += 1) {
    const heard = await all([sent.slice(0, at), sent.slice(at)]);
    expect(heard.slice(0, tail.length), `cut at ${at}`).toEqual(tail);
  }
});

test("events come out whole when every byte comes alone", async () => {
  const pieces = [...bytes(STREAM.replaceAll("\n", "\r\n"))].map((byte) => Uint8Array.of(byte));
  expect(await all(pieces)).toEqual(HEARD);
});

test("several lines of data are one event's", async () => {
  expect(await all([bytes("event: done\ndata: a\ndata: b\n\n")])).toEqual([{ name: "done", data: "a\nb" }]);
});

test("the space after the colon may be missing, and only one is dropped", async () => {
  expect(await all([bytes("event:token\ndata:  x\n\n")])).toEqual([{ name: "token", data: " x" }]);
});

test("fields nobody knows, a lone colon and a byte order mark are passed over", async () => {
  expect(await all([bytes("\uFEFFid: 7\nretry: 3\nodd\nevent: token\ndata: x\n\n")])).toEqual([
    { name: "token", data: "x" },
  ]);
});

test("an event without data is none, and does not lend its name to the next", async () => {
  expect(await all([bytes("event: done\n\ndata: x\n\n")])).toEqual([{ name: "", data: "x" }]);
});

test("what is unfinished at the end is no event", async () => {
  expect(await all([bytes("event: token\ndata: x\n\nevent: done\ndata: {}\n")])).toEqual([
    { name: "token", data: "x" },
  ]);
});

test("who stops listening closes the connection", async () => {
  let isClosed = false;
  const endless = new ReadableStream<Uint8Array>({
    start: (control) => control.enqueue(bytes("event: token\ndata: x\n\n")),
    cancel: () => {
      isClosed = true;
    },
  });
  for await (const _ of hear(endless)) break;
  expect(isClosed).toBe(true);
});
