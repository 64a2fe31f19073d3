import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Heard, Link, type Runtime } from "../../panel/link";
import type { Ask } from "../../protocol";
import { draftOf } from "./stand_ins";

const ASK: Ask = { mailbox: "", instruction: "yes", subject: "", to: [], thread: [], tone: "", length: "" };

class FakePort {
  readonly posted: { type: string }[] = [];
  isOpen = true;
  #message: (said: unknown) => void = () => {};
  #gone: () => void = () => {};
  onMessage = { addListener: (act: (said: unknown) => void) => (this.#message = act) };
  onDisconnect = { addListener: (act: () => void) => (this.#gone = act) };
  postMessage = (message: { type: string }) => void this.posted.push(message);
  disconnect = () => {
    this.isOpen = false;
  };
  say = (said: unknown) => this.#message(said);
  die = () => this.#gone();
}

class FakeRuntime {
  id: string | undefined = "abc";
  lastError = undefined;
  ports: FakePort[] = [];
  connect = () => {
    const port = new FakePort();
    this.ports.push(port);
    return port;
  };
  sendMessage = async () => {
    if (!this.id) throw new Error("Extension context invalidated.");
    return "Alt+Shift+Y";
  };
}

let [runtime, heard, stop] = [new FakeRuntime(), [] as Heard[], new AbortController()];
let link: Link;

function ask(): FakePort {
  link.draft(ASK, (each) => heard.push(each), stop.signal);
  return port();
}

function port(): FakePort {
  return runtime.ports.at(-1) as FakePort;
}

function troubles(): string[] {
  return heard.flatMap((each) => (each.type === "failed" ? [each.trouble.kind] : []));
}

beforeEach(() => {
  vi.useFakeTimers();
  [runtime, heard, stop] = [new FakeRuntime(), [], new AbortController()];
  link = new Link(runtime as unknown as Runtime, { now: () => Date.now(), silentMs: 15_000 });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("the link to the worker", () => {
  test("asks over a Port, hands on what is said, and closes the Port when it is done", () => {
    const { say, posted } = ask();
    say({ type: "token", text: "Hi" });
    say({ type: "done", draft: draftOf("Hi") });
    expect(posted).toEqual([{ type: "draft", ask: ASK }]);
    expect(heard.map((each) => each.type)).toEqual(["token", "done"]);
    expect(port().isOpen).toBe(false);
  });

  test("asks once more, silently, where the worker dies before the first word", () => {
    ask().die();
    expect(runtime.ports).toHaveLength(2);
    expect(heard).toEqual([]);
    port().say({ type: "token", text: "Hi" });
    expect(heard).toHaveLength(1);
  });

  test("says so where the worker dies twice before the first word", () => {
    ask().die();
    port().die();
    expect(troubles()).toEqual(["stopped"]);
    expect(runtime.ports).toHaveLength(2);
  });

  test("asks nothing anew where the worker dies after the first word", () => {
    const { say, die } = ask();
    say({ type: "token", text: "Hi" });
    die();
    expect(troubles()).toEqual(["broken"]);
    expect(runtime.ports).toHaveLength(1);
  });

  test("hears a silence of 15 seconds", () => {
    const { isOpen } = ask();
    expect(isOpen).toBe(true);
    vi.advanceTimersByTime(14_500);
    expect(troubles()).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(troubles()).toEqual(["silent"]);
    expect(port().isOpen).toBe(false);
  });

  test("a sign of life begins the silence anew", () => {
    const { say } = ask();
    vi.advanceTimersByTime(14_000);
    say({ type: "alive" });
    vi.advanceTimersByTime(14_000);
    expect(troubles()).toEqual([]);
  });

  test("an hour asleep is no silence", () => {
    ask();
    vi.advanceTimersByTime(5_000);
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(5_000);
    expect(troubles()).toEqual([]);
  });

  test("a clock set back is no silence, and hides none", () => {
    ask();
    vi.setSystemTime(Date.now() - 3_600_000);
    vi.advanceTimersByTime(17_000);
    expect(troubles()).toEqual(["silent"]);
  });

  test("keeps the worker awake with a ping", () => {
    const { posted, say } = ask();
    vi.advanceTimersByTime(10_500);
    say({ type: "alive" });
    expect(posted.map((each) => each.type)).toEqual(["draft", "ping"]);
  });

  test("stopping closes the Port, and nothing is heard after", () => {
    const { say } = ask();
    stop.abort();
    say({ type: "token", text: "late" });
    vi.advanceTimersByTime(60_000);
    expect(port().isOpen).toBe(false);
    expect(heard).toEqual([]);
  });

  test("says that the tab must be reloaded where the extension was updated under it", async () => {
    runtime.id = undefined;
    link.draft(ASK, (each) => heard.push(each), stop.signal);
    expect(troubles()).toEqual(["orphaned"]);
    expect(await link.tell({ type: "warm" })).toBeNull();
  });

  test("says the same where the update comes in the middle", () => {
    const { die, say } = ask();
    say({ type: "token", text: "Hi" });
    runtime.id = undefined;
    die();
    expect(troubles()).toEqual(["orphaned"]);
  });

  test("hands on the answer to a single message", async () => {
    expect(await link.tell({ type: "shortcut" })).toBe("Alt+Shift+Y");
  });
});
