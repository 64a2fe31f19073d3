// The gate that all pages share: who has a token comes in, and sees whose mailbox it is.

import { getJson, token } from "./api.js";

const $ = (id) => document.getElementById(id);
export const UNAUTHORIZED = 401;

/** Let in whoever has a token, now and whenever one is given: `shown(account)` once in, `failed(error)` where that is unknown. */
export function keepGate({ shown, failed }) {
  const enter = async () => {
    if (!token.get()) return showGate();
    let account;
    try {
      account = (await getJson("/accounts")).accounts[0];
    } catch (error) {
      if (error.status === UNAUTHORIZED) return showGate(error.message);
      openPage();
      return failed(error);
    }
    openPage();
    showAccount(account);
    shown(account);
  };
  $("leave").addEventListener("click", () => showGate());
  $("gate").addEventListener("submit", (event) => {
    event.preventDefault();
    token.set($("token").value);
    $("token").value = "";
    enter();
  });
  addEventListener("hashchange", () => token.takeFromLink() && enter());
  token.takeFromLink();
  enter();
}

export function showGate(why = "") {
  token.forget();
  for (const id of ["desk", "who"]) $(id).hidden = true;
  $("gate").hidden = false;
  $("gate-error").textContent = why;
  $("gate-error").hidden = !why;
  $("token").focus();
  dispatchEvent(new Event("left")); // nobody who is let in later sees what was shown to another
}

/** Say in the bar whose mailbox it is, and what writes for it. */
export function showAccount(account) {
  $("who").hidden = false;
  $("owner").textContent = account.owner;
  $("voice").textContent = account.adapter ?? "base model";
}

function openPage() {
  $("gate").hidden = true;
  $("desk").hidden = false;
}
