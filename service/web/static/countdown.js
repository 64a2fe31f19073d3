// The code that lets a browser in: how long it is good for. Whether it was used the service is asked.

const $ = (id) => document.getElementById(id);
const MINUTE = 60;
let began = 0;

document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  if (elt.matches(".code")) began = performance.now();
});

setInterval(() => {
  for (const timer of document.querySelectorAll("[data-seconds]")) {
    const left = Math.max(0, Math.round(Number(timer.dataset.seconds) - (performance.now() - began) / 1000));
    timer.textContent = `${Math.floor(left / MINUTE)}:${String(left % MINUTE).padStart(2, "0")}`;
  }
}, 1000);

addEventListener("left", () => $("code").replaceChildren());
