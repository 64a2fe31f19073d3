// The mailbox: how its sync and its watch do, and how useful the drafts were. All text goes in as text.

import { make } from "./letter.js";

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const NAMES = { sync: "Sent mail", watch: "Drafts for mail that comes in" };
const WELL = new Set(["ok", "watching", "starting", "off"]);
const FATES = [
  ["as_is", "sent as it was"],
  ["light", "lightly edited"],
  ["rewritten", "rewritten"],
  ["ignored", "ignored"],
];
const BAR = { width: 16, gap: 6, height: 72 };
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

/** Draw a bar per week: what became of its drafts. A table says the same to those who do not see it. */
export function showWeeks(weeks) {
  const bars = gather(weeks);
  $("use").hidden = bars.length === 0;
  if (!bars.length) return;
  const tallest = Math.max(...bars.map(({ total }) => total));
  const width = bars.length * (BAR.width + BAR.gap);
  const plot = node("svg", { viewBox: `0 0 ${width} ${BAR.height}`, width, height: BAR.height, "aria-hidden": "true" });
  bars.forEach((bar, place) => plot.append(...column(bar, place * (BAR.width + BAR.gap), tallest)));
  $("use-plot").replaceChildren(plot);
  $("use-key").replaceChildren(...FATES.map(([fate, words]) => keyItem(fate, words, bars)));
  $("use-rows").replaceChildren(...bars.map(row));
}

/** Add up the adapters of each week. */
function gather(weeks) {
  const byWeek = new Map();
  for (const week of weeks) {
    const bar = byWeek.get(week.starts) ?? { starts: week.starts, total: 0, as_is: 0, light: 0, rewritten: 0, ignored: 0 };
    for (const [fate] of FATES) {
      bar[fate] += week[fate];
      bar.total += week[fate];
    }
    byWeek.set(week.starts, bar);
  }
  return [...byWeek.values()];
}

function column(bar, x, tallest) {
  let top = BAR.height;
  return FATES.filter(([fate]) => bar[fate]).map(([fate, words]) => {
    const height = (bar[fate] / tallest) * (BAR.height - 2);
    top -= height;
    const piece = node("rect", { x, y: top, width: BAR.width, height, class: fate });
    piece.append(node("title", {}, `Week of ${day(bar.starts)}: ${bar[fate]} ${words}`));
    return piece;
  });
}

function keyItem(fate, words, bars) {
  const count = bars.reduce((sum, bar) => sum + bar[fate], 0);
  const item = make("li", `key ${fate}`);
  item.append(make("span", "swatch"), make("span", "", `${count} ${words}`));
  return item;
}

function row(bar) {
  const line = make("tr");
  const cells = FATES.map(([fate]) => make("td", "", String(bar[fate])));
  line.append(make("th", "", day(bar.starts)), ...cells);
  return line;
}

const day = (starts) => new Date(`${starts}T12:00`).toLocaleDateString(undefined, { dateStyle: "medium" });

function node(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}
