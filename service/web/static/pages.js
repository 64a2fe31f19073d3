// The pages that htmx fills: the token goes with each request, errors are told in words, and what cannot be undone is
// asked first. Mail comes as text within HTML that the service escaped; nothing here writes any.

import { getJson, token } from "./api.js";
import { UNAUTHORIZED, keepGate, showAccount, showGate } from "./gate.js";

const $ = (id) => document.getElementById(id);
const DOWN = { title: "Cyrano does not answer", hint: "Is it running? Start it with: cyrano up" };
const DAY = { dateStyle: "medium" };
const MOMENT = { ...DAY, timeStyle: "short" };

keepGate({ shown: fill, failed: showProblem });

/** Have the page filled; htmx is there by the time the document is. */
function fill() {
  const begin = () => document.querySelectorAll("[data-filled]").forEach((each) => window.htmx.trigger(each, "entered"));
  if (document.readyState === "complete") begin();
  else addEventListener("load", begin, { once: true });
}

addEventListener("left", () => {
  document.querySelector("form.search")?.reset();
  for (const id of ["filled", "ask-title", "ask-words"]) $(id).replaceChildren();
  say("");
});

document.addEventListener("htmx:configRequest", ({ detail }) => {
  detail.headers.Authorization = `Bearer ${token.get() ?? ""}`;
});

let hasActed = false;

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt } = event.detail;
  // What is only looked at now and then can wait: while nobody sees it, while it would take a dialog's button away, and
  // once nobody may see it.
  if (elt.matches("[data-looks]") && (document.hidden || $("ask").open || $("desk").hidden)) event.preventDefault();
  if (elt.matches("[data-looks], [data-filled]")) return;
  hasActed = true;
  say("");
});

// Whoever pressed a button that is gone now goes on from where it is told what became of it, not from the top.
document.addEventListener("htmx:afterSettle", () => {
  setTimeout(() => {
    if (document.activeElement === document.body && hasActed) ($("told").textContent ? $("told") : $("filled")).focus();
  });
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.successful) $("error").hidden = true;
});

document.addEventListener("htmx:responseError", ({ detail: { xhr } }) => {
  const problem = read(xhr);
  if (xhr.status === UNAUTHORIZED) showGate(problem.detail);
  else showProblem(problem);
});

for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, () => showProblem(DOWN));

document.addEventListener("say", ({ detail }) => say(detail.words));

document.addEventListener("changed", async () => {
  const { accounts } = await getJson("/accounts").catch(() => ({ accounts: [] }));
  accounts.forEach(showAccount);
});

/** Times come as UTC, and are shown as this device's. */
document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  for (const time of elt.querySelectorAll("time[datetime]")) {
    time.textContent = new Date(time.dateTime).toLocaleString(undefined, "day" in time.dataset ? DAY : MOMENT);
  }
});

// What cannot be undone is asked first.

let asked = null;

document.addEventListener("htmx:confirm", (event) => {
  const { question, elt } = event.detail;
  if (!question) return;
  event.preventDefault();
  asked = event.detail;
  $("ask-title").textContent = elt.dataset.title;
  $("ask-words").textContent = question;
  $("ask-yes").textContent = elt.dataset.yes;
  $("ask").showModal();
  $("ask-no").focus();
});

$("ask-no").addEventListener("click", () => $("ask").close());
$("ask-yes").addEventListener("click", () => {
  $("ask").close();
  asked.issueRequest(true);
});

function say(words) {
  $("told").textContent = words;
}

function read(xhr) {
  try {
    return JSON.parse(xhr.responseText);
  } catch {
    return { title: `The service answered ${xhr.status}` };
  }
}

function showProblem({ title, detail = "", hint = "" }) {
  for (const [id, words] of Object.entries({ "error-title": title, "error-detail": detail, "error-hint": hint })) {
    if ($(id).textContent !== words) $(id).textContent = words; // a screen reader says again what is written again
  }
  $("error").hidden = false;
}
