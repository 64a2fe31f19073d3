// What the service says, in the user's language.

import { describe, expect, test } from "vitest";
import { noticeOf, noticeSaid, saidOf } from "../../said";
import { say } from "../../trouble";
import deTold from "../../words/de/told.json";
import deTroubles from "../../words/de/troubles.json";
import { readProblem } from "../../worker/failure";
import { english, wordsIn } from "./stand_ins";

const german = wordsIn("de");

const REST = { detail: "The model server rests.", hint: "Ask again later." };
const code = (type: string, reason = "", about = "") => ({ code: { type, reason, about } });

describe("a problem of the service", () => {
  test("is said in its own sentence to whoever reads English", () => {
    expect(saidOf({ ...REST, ...code("engine-down", "rests") }, english)).toEqual({
      text: "The model server rests. Ask again later.",
      lang: "",
    });
  });

  test("is said by its reason in another language", () => {
    const said = saidOf({ ...REST, ...code("engine-down", "rests") }, german);
    expect(said).toEqual({ text: deTold.told_reason_rests.message, lang: "" });
  });

  test("names what the reason is about", () => {
    const said = saidOf({ ...REST, ...code("engine-down", "makes-way", "ana@v3") }, german);
    expect(said?.text).toMatch(/^ana@v3 hat aus Mails gelernt/);
  });

  test("of a reason that is not known is said by its type", () => {
    const said = saidOf({ ...REST, ...code("engine-down", "some-later-reason") }, german);
    expect(said?.text).toBe(deTold.told_problem_engine_down.message);
  });

  test("that nobody knows is quoted, and marked as English", () => {
    const said = { text: "The model server rests. Ask again later.", lang: "en" };
    expect(saidOf({ ...REST, ...code("some-later-type") }, german)).toEqual(said);
    expect(saidOf(REST, german)).toEqual(said);
    expect(saidOf({ ...REST, ...code("constructor") }, german)).toEqual(said);
  });

  test("comes from the worker with its codes", () => {
    const problem = { type: "urn:cyrano:engine-down", status: 503, ...REST, reason: "lost", about: "" };
    const { hint, hintLang } = say(readProblem(problem, 503).trouble, german);
    expect([hint, hintLang]).toEqual([deTold.told_reason_lost.message, ""]);
  });

  test("of another origin keeps the words we have for the trouble", () => {
    const { hint } = say(readProblem({ type: "about:blank" }, 503).trouble, german);
    expect(hint).toBe(deTroubles.troubles_resting_hint.message);
  });
});

describe("a notice", () => {
  const notice = { kind: "other-prompt", about: "ana@v3", text: "ana@v3 was trained for another version." };

  test("is the service's own in English", () => {
    expect(noticeSaid(notice, english)).toEqual({ text: notice.text, lang: "" });
  });

  test("is said by its kind in another language", () => {
    expect(noticeSaid(notice, german).text).toMatch(/^ana@v3 wurde für eine andere Fassung/);
  });

  test("of a kind that is not known, or of an earlier service, is quoted and marked as English", () => {
    const said = { text: notice.text, lang: "en" };
    expect(noticeSaid({ ...notice, kind: "some-later-kind" }, german)).toEqual(said);
    const meta = { draft_id: "d", subject: "", language: "de", adapter: null, notice: notice.text, sources: [] };
    expect(noticeOf(meta, german)).toEqual(said);
  });

  test("that is none says nothing", () => {
    expect(noticeOf(null, german).text).toBe("");
  });
});
