// @vitest-environment node
import { beforeEach, describe, expect, test } from "vitest";
import type { Said } from "../../protocol";
import { Failure } from "../../worker/failure";
import { Service } from "../../worker/service";
import { DRAFT, FakeService, json, META, nothing, problem, Stream, URL_HERE } from "../service";

let cyrano: FakeService;
let refused: number;
let service: Service;

beforeEach(() => {
  cyrano = new FakeService();
  refused = 0;
  service = new Service({
    url: URL_HERE,
    token: "cyr_ana",
    fetch: cyrano.fetch,
    onRefused: async () => {
      refused += 1;
    },
  });
});

const never = () => new AbortController().signal;

async function trouble(asked: Promise<unknown>) {
  const error = await asked.then(
    () => null,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(Failure);
  return (error as Failure).trouble;
}

async function drafted(signal = never()): Promise<Said[]> {
  const said: Said[] = [];
  for await (const each of service.draft("{}", signal)) said.push(each);
  return said;
}

describe("a request", () => {
  test("goes to the paired origin with the token, without cookies or referrer, and follows no redirect", async () => {
    cyrano.answers["GET /accounts"] = () => json({ accounts: [] });
    expect(await service.ask("GET", "/accounts", undefined, never())).toEqual({ accounts: [] });
    expect(cyrano.last.url).toBe("http://127.0.0.1:8380/accounts");
    expect(cyrano.last.headers).toEqual({ authorization: "Bearer cyr_ana" });
    expect(cyrano.last.init).toMatchObject({
      redirect: "manual",
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
    });
  });

  test("carries JSON and says so", async () => {
    cyrano.answers["POST /pair"] = () => json({});
    await service.ask("POST", "/pair", { code: "123456" }, never());
    expect(cyrano.last.headers["content-type"]).toBe("application/json");
    expect(cyrano.last.body).toEqual({ code: "123456" });
  });

  test("may have no answer", async () => {
    cyrano.answers["DELETE /pair"] = nothing;
    expect(await service.ask("DELETE", "/pair", undefined, never())).toBeUndefined();
  });

  test("without a token shows none", async () => {
    cyrano.answers["GET /accounts"] = () => json({});
    const stranger = new Service({ url: URL_HERE, token: "", fetch: cyrano.fetch, onRefused: async () => undefined });
    await stranger.ask("GET", "/accounts", undefined, never());
    expect(cyrano.last.headers).not.toHaveProperty("authorization");
  });
});

describe("what else can come back", () => {
  test("nothing listens: down", async () => {
    expect((await trouble(service.ask("GET", "/x", undefined, never()))).kind).toBe("down");
  });

  test.each([
    [200, "not-cyrano"],
    [404, "not-cyrano"],
    [401, "not-cyrano"],
    [502, "down"],
    [503, "down"],
    [504, "down"],
  ])("%i without Cyrano's header: %s", async (status, kind) => {
    cyrano.answers["GET /x"] = () => json({}, status, {});
    expect((await trouble(service.ask("GET", "/x", undefined, never()))).kind).toBe(kind);
    expect(refused).toBe(0);
  });

  test("a redirect is somebody else's", async () => {
    cyrano.answers["GET /x"] = () => Response.error();
    expect((await trouble(service.ask("GET", "/x", undefined, never()))).kind).toBe("not-cyrano");
  });

  test("another version of the interface says which", async () => {
    cyrano.answers["GET /x"] = () => json({}, 200, { "Cyrano-Api": "2" });
    const { kind, detail } = await trouble(service.ask("GET", "/x", undefined, never()));
    expect(kind).toBe("version");
    expect(detail).toContain("2");
  });

  test.each([
    [401, "not-allowed", "refused"],
    [403, "wrong-scope", "forbidden"],
    [403, "wrong-origin", "refused"],
    [413, "content-too-large", "invalid"],
    [422, "invalid-body", "invalid"],
    [429, "too-fast", "busy"],
    [503, "engine-down", "resting"],
    [500, "internal", "failed"],
    [404, "no-such-draft", "failed"],
  ])("%i %s is told as %s, in the service's words", async (status, type, kind) => {
    cyrano.answers["GET /x"] = () => problem(status, type);
    expect(await trouble(service.ask("GET", "/x", undefined, never()))).toEqual({
      kind,
      detail: `It is ${type}.`,
      hint: "Do this.",
      code: { type, reason: "", about: "" },
    });
  });

  test("how long to wait is told", async () => {
    cyrano.answers["GET /x"] = () => problem(503, "engine-down", { retry_after_s: 12.2 });
    expect((await trouble(service.ask("GET", "/x", undefined, never()))).retry_after_s).toBe(13);
  });

  test("a refused token is noted; a forbidden request is not taken for one", async () => {
    cyrano.answers["GET /a"] = () => problem(403, "wrong-scope");
    cyrano.answers["GET /b"] = () => problem(401, "not-allowed");
    await trouble(service.ask("GET", "/a", undefined, never()));
    expect(refused).toBe(0);
    await trouble(service.ask("GET", "/b", undefined, never()));
    expect(refused).toBe(1);
  });

  test("an origin that the service has no token for any more is refused just so", async () => {
    cyrano.answers["POST /draft"] = () => problem(403, "wrong-origin");
    await trouble(drafted());
    expect(refused).toBe(1);
  });

  test.each(["<html>", "null", "[]", '{"detail":7,"status":"x","retry_after_s":-1}', ""])(
    "an error that is no problem document still has its status: %j",
    async (text) => {
      cyrano.answers["GET /x"] = () => new Response(text, { status: 503, headers: { "Cyrano-Api": "1" } });
      expect(await trouble(service.ask("GET", "/x", undefined, never()))).toEqual({
        kind: "resting",
        detail: "",
        hint: "",
      });
    },
  );

  test("an answer that is no JSON broke off", async () => {
    cyrano.answers["GET /x"] = () => new Response("{", { headers: { "Cyrano-Api": "1" } });
    expect((await trouble(service.ask("GET", "/x", undefined, never()))).kind).toBe("broken");
  });

  test("who stops the request says why", async () => {
    cyrano.answers["GET /x"] = () => json({});
    const signal = AbortSignal.abort(new Failure("silent"));
    expect((await trouble(service.ask("GET", "/x", undefined, signal))).kind).toBe("silent");
  });
});

describe("a draft", () => {
  test("is said as it comes, heartbeats included, and ends with the whole of it", async () => {
    const stream = new Stream();
    cyrano.answers["POST /draft"] = () => stream.answer();
    stream.push(": still there\n\n");
    stream.event("meta", META);
    stream.event("token", { text: "Hi " });
    stream.event("token", { text: "Tom!" });
    stream.event("done", DRAFT);
    expect(await drafted()).toEqual([
      { type: "alive" },
      { type: "meta", meta: META },
      { type: "token", text: "Hi " },
      { type: "token", text: "Tom!" },
      { type: "done", draft: DRAFT },
    ]);
    expect(cyrano.last.headers.accept).toBe("text/event-stream");
  });

  test("closes the connection when it is whole", async () => {
    const stream = new Stream();
    cyrano.answers["POST /draft"] = () => stream.answer();
    stream.event("done", DRAFT);
    await drafted();
    expect(stream.isCancelled).toBe(true);
  });

  test("an event of a later version is a sign of life", async () => {
    const stream = new Stream();
    cyrano.answers["POST /draft"] = () => stream.answer();
    stream.event("thinking", {});
    stream.event("done", DRAFT);
    expect((await drafted()).map(({ type }) => type)).toEqual(["alive", "done"]);
  });

  test("an error in the middle is told like one at the start", async () => {
    const stream = new Stream();
    cyrano.answers["POST /draft"] = () => stream.answer();
    stream.event("error", { title: "x", status: 503, detail: "It starts.", hint: "Wait.", retry_after_s: 5 });
    expect(await trouble(drafted())).toEqual({
      kind: "resting",
      detail: "It starts.",
      hint: "Wait.",
      retry_after_s: 5,
    });
  });

  test.each([
    ["ends early", (stream: Stream) => stream.end()],
    ["is cut", (stream: Stream) => stream.cut()],
    ["is garbled", (stream: Stream) => stream.push("event: token\ndata: {\n\n")],
  ])("a stream that %s broke off", async (_, act) => {
    const stream = new Stream();
    cyrano.answers["POST /draft"] = () => stream.answer();
    stream.event("meta", META);
    setTimeout(() => act(stream), 1);
    expect((await trouble(drafted())).kind).toBe("broken");
  });

  test("an answer that is no stream is somebody else's", async () => {
    cyrano.answers["POST /draft"] = () => json({});
    expect((await trouble(drafted())).kind).toBe("not-cyrano");
  });
});
