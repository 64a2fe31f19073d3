// The mailbox: how its sync and its watch do. All text goes in as text.

import { make } from "./letter.js";

const $ = (id) => document.getElementById(id);
const NAMES = { sync: "Sent mail", watch: "Drafts for mail that comes in" };
const WELL = new Set(["ok", "watching", "starting", "off"]);
const moments = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** Show how each part of the account does, and what is not as it should be beside that. */
export function showParts(parts, notices) {
  $("part-list").replaceChildren(...parts.map(part), ...notices.map((words) => make("li", "trouble", words)));
  $("mailbox").hidden = parts.length + notices.length === 0;
}

function part({ part: name, state, tried_at, waiting, report, error, hint }) {
  const item = make("li", WELL.has(state) ? "" : "trouble");
  const head = make("p", "part");
  head.append(make("strong", "", NAMES[name] ?? name), make("span", "small", `${state} · ${ago(tried_at)}`));
  item.append(head);
  if (waiting) item.append(make("p", "small", `${waiting} waiting for a draft`));
  if (report && !error) item.append(make("p", "small", report));
  if (error) item.append(make("p", "", error));
  if (hint) item.append(make("p", "small", hint));
  return item;
}

function ago(time) {
  const seconds = (Date.parse(time) - Date.now()) / 1000;
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= length) return moments.format(Math.round(seconds / length), unit);
  }
  return "just now";
}
