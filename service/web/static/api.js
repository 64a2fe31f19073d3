// The way to the service: the token, requests, and drafts as they stream in.

const KEY = "cyrano.token";

/** An error in words: what happened (`title`, `detail`) and what to do (`hint`). */
export class Problem extends Error {
  constructor({ title = "Something went wrong", detail = "", hint = "", status = 0 }) {
    super(detail || title);
    Object.assign(this, { title, detail, hint, status });
  }
}

export const token = {
  get: () => localStorage.getItem(KEY),
  set: (value) => localStorage.setItem(KEY, value.trim()),
  forget: () => localStorage.removeItem(KEY),
  /** Take the token out of a link such as /#token=cyr_…, and out of the address bar. */
  takeFromLink() {
    const value = new URLSearchParams(location.hash.slice(1)).get("token");
    if (value) {
      token.set(value);
      history.replaceState(null, "", location.pathname);
    }
    return Boolean(value);
  },
};

export async function getJson(path) {
  return (await ask(path)).json();
}

/** Ask for a draft; calls `on.meta`, `on.token` and `on.done` as the events come. */
export async function streamDraft(body, on, signal) {
  const response = await ask("/draft", {
    method: "POST",
    signal,
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify(body),
  });
  let isDone = false;
  for await (const { name, data } of events(response.body)) {
    if (name === "error") throw new Problem(data);
    isDone ||= name === "done";
    on[name](data);
  }
  if (!isDone) throw new Problem({ title: "The connection broke", hint: "Is Cyrano still running? Ask again." });
}

async function ask(path, { headers = {}, ...rest } = {}) {
  let response;
  try {
    response = await fetch(path, { ...rest, headers: { ...headers, Authorization: `Bearer ${token.get()}` } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ title: "Cyrano does not answer", hint: "Is it running? Start it with: cyrano up" });
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => ({ title: `The service answered ${response.status}` }));
  throw new Problem({ ...said, status: response.status });
}

/** Part a stream of server-sent events; comments are passed over. */
async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2)));
      if (fields.event) yield { name: fields.event, data: JSON.parse(fields.data) };
    }
  }
}
