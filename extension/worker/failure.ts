// What went wrong, as an error that carries the line the page has for it.

import type { Code, Trouble, TroubleKind } from "../protocol";
import type { Problem } from "../wire";

export class Failure extends Error {
  readonly trouble: Trouble;
  /** The status of the answer; 0 where there was none. */
  readonly status: number;

  constructor(kind: TroubleKind, said: Partial<Omit<Trouble, "kind">> = {}, status = 0) {
    super(kind);
    this.name = "Failure";
    this.trouble = { detail: "", hint: "", ...said, kind };
    this.status = status;
  }

  /** Whether asking the same again later may go well. */
  get mayPass(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

const URN = "urn:cyrano:";
const KINDS: Record<number, TroubleKind> = {
  401: "refused",
  403: "forbidden",
  413: "invalid",
  422: "invalid",
  429: "busy",
  503: "resting",
};

/** Read a problem (RFC 9457), whatever was sent in its place. */
export function readProblem(said: unknown, status: number): Failure {
  const problem: Partial<Problem> = typeof said === "object" && said !== null ? said : {};
  const known = whole(problem.status) ?? status;
  const retry = whole(problem.retry_after_s);
  const words = { detail: text(problem.detail) || text(problem.title), hint: text(problem.hint), ...codeOf(problem) };
  return new Failure(kindOf(problem.type, known), retry === null ? words : { ...words, retry_after_s: retry }, known);
}

/** What the service calls it; nothing where it names no problem of its own. */
function codeOf(problem: Partial<Problem>): { code?: Code } {
  const type = text(problem.type);
  if (!type.startsWith(URN)) return {};
  return { code: { type: type.slice(URN.length), reason: text(problem.reason), about: text(problem.about) } };
}

function kindOf(type: unknown, status: number): TroubleKind {
  // An origin that no token is bound to any more is told as such, before any token is looked at.
  if (type === `${URN}wrong-origin`) return "refused";
  return KINDS[status] ?? "failed";
}

/** Any error as a Failure; what nobody foresaw says its name and nothing of its inside. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure("failed", { detail: error instanceof Error ? error.name : "" });
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function whole(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? Math.ceil(value) : null;
}
