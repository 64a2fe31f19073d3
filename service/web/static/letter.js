// The letter: a draft as it comes, what it leans on, and what to check. All text goes in as text, never as HTML.

const $ = (id) => document.getElementById(id);
const languages = new Intl.DisplayNames(undefined, { type: "language" });
const seconds = (ms) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

export function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

/** Clear the sheet for a draft to these people. */
export function open({ to, subject }) {
  for (const id of ["blank", "error", "checks", "sources", "notice"]) $(id).hidden = true;
  $("sheet").hidden = false;
  $("head").textContent = [to && `To ${to}`, subject].filter(Boolean).join(" · ") || "Draft";
  for (const id of ["text", "tongue", "timings"]) $(id).replaceChildren();
  $("sheet").scrollIntoView({ block: "nearest", behavior: "smooth" });
}

export function setBusy(isBusy) {
  $("text").setAttribute("aria-busy", String(isBusy));
  $("copy").disabled = isBusy;
}

export function showMeta(meta) {
  showTongue(meta.language);
  $("notice").textContent = meta.notice;
  $("notice").hidden = !meta.notice;
  $("timings").replaceChildren(make("span", "", voiceOf(meta.adapter)));
  $("source-list").replaceChildren(...meta.sources.map(source));
  $("sources").hidden = meta.sources.length === 0;
}

export function addToken(piece) {
  $("text").append(piece);
}

export function showDone(draft) {
  $("text").replaceChildren(...marked(draft.text, draft.unsupported));
  $("timings").append(
    make("span", "", `first word ${seconds(draft.timings_ms.first_token)}`),
    make("span", "", `all ${seconds(draft.timings_ms.total)}`),
  );
  $("check-list").replaceChildren(...draft.unsupported.map(check));
  $("checks").hidden = draft.unsupported.length === 0;
}

/** Show a draft of before. */
export function showOld(draft) {
  open({ subject: draft.subject || draft.instruction });
  setBusy(false);
  showTongue(draft.language);
  $("text").textContent = draft.text || draft.reason || "Nothing was written.";
  $("timings").replaceChildren(make("span", "", voiceOf(draft.adapter)));
}

export function showProblem({ title, detail, hint }) {
  $("blank").hidden = true;
  $("sheet").hidden = $("text").textContent === "";
  $("error").hidden = false;
  $("error-title").textContent = title;
  $("error-detail").textContent = detail;
  $("error-hint").textContent = hint;
}

export function selectText() {
  getSelection().selectAllChildren($("text"));
}

export const textShown = () => $("text").textContent;
export const voiceOf = (adapter) => adapter ?? "base model";

function showTongue(language) {
  $("tongue").textContent = language && language !== "und" ? languages.of(language) : "";
  $("text").lang = language === "und" ? "" : language;
}

/** The text with its unsupported facts marked; places are counted in characters, as Python counts them. */
function marked(text, facts) {
  const characters = Array.from(text);
  const cut = (from, to) => characters.slice(from, to).join("");
  const nodes = [];
  let at = 0;
  for (const fact of facts) {
    const mark = make("mark", "", cut(fact.start, fact.end));
    mark.title = `${fact.kind}: check it`;
    nodes.push(cut(at, fact.start), mark);
    at = fact.end;
  }
  return [...nodes, cut(at)];
}

function check(fact) {
  const item = make("li");
  item.append(make("span", "", fact.kind), make("mark", "", fact.text));
  return item;
}

function source({ subject, to, sent_at: sentAt, text, score }) {
  const box = make("details");
  const line = make("summary");
  const day = sentAt ? new Date(sentAt).toLocaleDateString(undefined, { dateStyle: "medium" }) : "";
  line.append(
    make("span", "", subject || "(no subject)"),
    make("span", "small", day),
    make("span", "small", to.length ? `to ${to.join(", ")}` : ""),
    make("span", "small", `${Math.round(score * 100)} % alike`),
  );
  box.append(line, make("div", "said", text));
  return box;
}
