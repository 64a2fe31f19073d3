// Server-sent events out of bytes that may be cut anywhere: in a line, in a line's end, in a character.

export interface Heard {
  /** "" for a comment: nothing happened, but somebody is there. */
  name: string;
  data: string;
}

const LINE_END = /\r\n|\n|\r/;

/** Yield events and comments as they come. What is unfinished at the end of the stream is no event. */
export async function* hear(body: ReadableStream<Uint8Array>): AsyncGenerator<Heard> {
  let name = "";
  let data: string[] = [];
  for await (const line of lines(body)) {
    const [field, value] = parted(line);
    if (line.startsWith(":")) yield { name: "", data: "" };
    else if (field === "event") name = value;
    else if (field === "data") data.push(value);
    else if (line === "") {
      if (data.length > 0) yield { name, data: data.join("\n") };
      [name, data] = ["", []];
    }
  }
}

async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const text = rest + decoder.decode(value, { stream: true });
      // A "\r" at the cut may be half of a "\r\n".
      const held = text.endsWith("\r") ? "\r" : "";
      const found = text.slice(0, text.length - held.length).split(LINE_END);
      rest = (found.pop() ?? "") + held;
      yield* found;
    }
  } finally {
    // Whoever stops listening closes the connection: that is how the service learns of it.
    void reader.cancel().catch(() => undefined);
  }
}

function parted(line: string): [string, string] {
  const colon = line.indexOf(":");
  if (colon < 0) return [line, ""];
  return [line.slice(0, colon), line.slice(colon + (line[colon + 1] === " " ? 2 : 1))];
}
