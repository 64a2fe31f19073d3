// The page that writes: asks for drafts, and lists those of before.

import { Problem, getJson, streamDraft } from "./api.js";
import { UNAUTHORIZED, keepGate, showAccount, showGate } from "./gate.js";
import * as letter from "./letter.js";
import * as mailbox from "./mailbox.js";

const $ = (id) => document.getElementById(id);
const STOP_NOTICED_MS = 1500; // by then the service knows that nobody listens any more
const LOOK_EVERY_MS = 30_000;
let running = null;

function showDesk(account) {
  $("instruction").focus();
  mailbox.showParts(account.parts, account.notices);
  listRecent().catch(fail);
}

/** Look how the mailbox does while the page is looked at; what fails now is told by what is asked for next. */
async function look() {
  if (document.hidden || $("desk").hidden) return;
  const { accounts } = await getJson("/accounts").catch(() => ({ accounts: [] }));
  for (const account of accounts) {
    showAccount(account);
    mailbox.showParts(account.parts, account.notices);
  }
}

async function write() {
  if (running) return;
  running = new AbortController();
  setRunning(true);
  letter.open({ to: $("to").value, subject: $("subject").value });
  say("Writing.");
  try {
    await streamDraft(asked(), { meta: letter.showMeta, token: ({ text }) => letter.addToken(text), done }, running.signal);
  } catch (error) {
    fail(error);
  } finally {
    const pauseMs = running.signal.aborted ? STOP_NOTICED_MS : 0;
    running = null;
    setRunning(false);
    setTimeout(() => listRecent().catch(() => {}), pauseMs); // the draft is there; the list can wait
  }
}

function asked() {
  const message = $("answering").open && $("message").value.trim();
  return {
    instruction: $("instruction").value,
    subject: $("subject").value,
    to: addresses($("to").value),
    thread: message ? [{ text: message }] : [],
    language: $("language").value || null,
  };
}

/** Part addresses at commas and semicolons, but not within quotes: "Kling, Marta" <marta@example.org>. */
function addresses(line) {
  const parts = line.match(/(?:"[^"]*"|[^,;])+/g) ?? [];
  return parts.map((part) => part.trim()).filter(Boolean);
}

function done(draft) {
  letter.showDone(draft);
  const count = draft.unsupported.length;
  say(count ? `The draft is ready. Check ${count} ${count === 1 ? "fact" : "facts"}.` : "The draft is ready.");
}

function fail(error) {
  if (error.name === "AbortError") return say("Stopped.");
  if (error.status === UNAUTHORIZED) return showGate(error.message);
  if (!(error instanceof Problem)) console.error(error);
  letter.showProblem(error instanceof Problem ? error : new Problem({ detail: error.message }));
}

function setRunning(isRunning) {
  letter.setBusy(isRunning);
  $("write").hidden = isRunning;
  $("stop").hidden = !isRunning;
  if (document.activeElement === document.body) $(isRunning ? "stop" : "write").focus();
}

async function listRecent() {
  const { drafts } = await getJson("/drafts?limit=8");
  $("recent-list").replaceChildren(...drafts.map(recent));
  $("recent").hidden = drafts.length === 0;
}

function recent(draft) {
  const item = letter.make("li");
  const button = letter.make("button");
  button.type = "button";
  const when = new Date(draft.created_at).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });
  const what = draft.subject || draft.instruction || (draft.is_answer ? "An answer" : "A draft");
  button.append(
    letter.make("span", "what", what),
    letter.make("span", "small", draft.state === "done" ? when : `${draft.state} · ${when}`),
  );
  button.addEventListener("click", () => running || letter.showOld(draft));
  item.append(button);
  return item;
}

async function copy() {
  try {
    await navigator.clipboard.writeText(letter.textShown());
  } catch {
    letter.selectText(); // the browser keeps its clipboard to itself: leave the last key to the person
    return say("Selected: copy it with Ctrl C.");
  }
  $("copy").textContent = "Copied";
  say("Copied.");
  setTimeout(() => ($("copy").textContent = "Copy"), 1500);
}

function say(words) {
  $("status").textContent = words;
}

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  write();
});
$("ask").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) write();
});
document.addEventListener("keydown", (event) => event.key === "Escape" && running?.abort());
$("stop").addEventListener("click", () => running?.abort());
$("copy").addEventListener("click", copy);
setInterval(look, LOOK_EVERY_MS);
keepGate({ shown: showDesk, failed: letter.showProblem });
