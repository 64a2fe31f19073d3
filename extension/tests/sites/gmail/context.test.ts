import { describe, expect, test } from "vitest";
import { LOCALES } from "../../../fixtures/page/locales.js";
import { build, compose, editor, open } from "./page";

const TOM = "Tom Berg <tom@example.com>";
const EVA = "Eva Lund <eva@example.net>";

describe("recipients", () => {
  test.each(["chips", "collapsed"])("to, cc and bcc, unfolded or folded: %s", (form) => {
    expect(compose(`compose=new&to=${form}`).context().to).toEqual([TOM, EVA, "archive@example.org"]);
    expect(compose(`compose=reply-all&to=${form}`).context().to).toEqual([TOM, EVA]);
    expect(compose(`compose=forward&to=${form}`).context().to).toEqual([]);
  });

  test("those of another compose are not its own", () => {
    const { found } = open("compose=new,reply");
    expect(found.map((each) => each.context().to.length).sort()).toEqual([1, 3]);
  });

  test("one without an address, such as a group, is passed over", () => {
    const window = compose("compose=new");
    document.querySelector("[role=option]")?.setAttribute("data-hovercard-id", "Tom");
    document.querySelector("form [email]")?.removeAttribute("email");
    expect(window.context().to).toEqual([EVA, "archive@example.org"]);
  });

  test("whom Gmail suggests while somebody types is none yet", () => {
    const window = compose("compose=reply");
    const list = document.querySelector("form [role=listbox]")?.cloneNode(true) as HTMLElement;
    list.id = "suggested";
    list.querySelector("[role=option]")?.setAttribute("data-hovercard-id", "stranger@example.com");
    document.querySelector("form [role=combobox]")?.setAttribute("aria-owns", "suggested");
    document.querySelector("form")?.append(list);
    expect(window.context().to).toEqual([TOM]);
  });
});

describe("the mailbox", () => {
  test.each(LOCALES)("is the account of the page, whatever its language and the way it is written: %s", (locale) => {
    const window = compose(`compose=new&locale=${locale}`);
    expect(window.context().mailbox).toBe("ana@example.org");
    expect(window.isRightToLeft).toBe(["ar", "he", "fa"].includes(locale));
  });

  test("is the sender chosen, where there are several", () => {
    expect(compose("compose=new&from=Ana@Work.example").context().mailbox).toBe("ana@work.example");
  });

  test("is told by the title of a window of its own", () => {
    expect(compose("compose=popout").context().mailbox).toBe("ana@example.org");
  });

  test("is not an address in a subject", () => {
    const window = compose("compose=reply&without=account");
    document.title = "write to evil@example.com - evil@example.com - ana@example.org - Gmail";
    expect(window.context().mailbox).toBe("ana@example.org");
    document.title = "write to evil@example.com - Gmail";
    expect(window.context().mailbox).toBe("");
  });
});

describe("a mail does not choose the mailbox", () => {
  const link = (address: string) => {
    const node = document.createElement("a");
    node.href = "https://accounts.google.com/x";
    node.setAttribute("aria-label", `x (${address})`);
    return node;
  };

  test("by a link in a message", () => {
    const window = compose("compose=reply");
    document.querySelector("[data-message-id]")?.append(link("bob@example.org"));
    expect(window.context().mailbox).toBe("ana@example.org");
    document.querySelector("header a")?.remove();
    expect(window.context().mailbox).toBe("ana@example.org");
    document.title = "Gmail";
    expect(window.context().mailbox).toBe("");
  });

  test("by a link in what is quoted", () => {
    const window = compose("compose=reply-popout&quote=1");
    editor().querySelector("blockquote")?.append(link("bob@example.org"));
    document.title = "The garden fence";
    expect(window.context().mailbox).toBe("");
  });

  test("by its subject in the title", () => {
    const window = compose("compose=popout&subject=Fence%20-%20victim@example.org");
    for (const title of [
      "Fence - victim@example.org",
      "Fence - victim@example.org - Gmail",
      "Fence - victim@example.org",
    ]) {
      document.title = title;
      expect(window.context().mailbox).toBe("");
    }
    document.title = "Fence - victim@example.org - ana@example.org - Gmail";
    expect(window.context().mailbox).toBe("ana@example.org");
  });

  test("nor does the page where it tells two", () => {
    const window = compose("compose=new");
    document.querySelector("header")?.append(link("bob@example.org"));
    expect(window.context().mailbox).toBe("");
    document.querySelector("header a:last-child")?.remove();
    document.title = "Inbox - bob@example.org - Gmail";
    expect(window.context().mailbox).toBe("");
  });
});

describe("the look", () => {
  test("dark or light is told by the paper that is written on", () => {
    expect(compose("compose=new&dark=1").isDark).toBe(true);
    expect(compose("compose=new").isDark).toBe(false);
  });
});

describe("the subject and the places", () => {
  test("the subject as it is now", () => {
    const window = compose("compose=reply");
    expect(window.context().subject).toBe("Re: The garden fence");
    (window.root.querySelector("[name=subjectbox]") as HTMLInputElement).value = " The gate ";
    expect(window.context().subject).toBe("The gate");
  });

  test.each(["new", "reply", "full", "popout"])("the button stands right after Send and its menu: %s", (kind) => {
    const window = compose(`compose=${kind}&randomise=2`);
    const host = document.createElement("div");
    window.placeButton(host);
    const [menu] = [...window.root.querySelectorAll("td [aria-haspopup]")].filter(
      (node) => !node.closest("[role=toolbar]"),
    );
    expect(menu?.closest("td")?.nextElementSibling?.firstElementChild).toBe(host);
  });

  test("whatever stands first in the row of Send, and whether it has a menu", () => {
    const window = compose("compose=new&without=moreSend");
    const row = window.root.querySelector("tr:has(> td .aoO) .aoO")?.closest("tr") as HTMLTableRowElement;
    const archive = document.createElement("td");
    archive.append(document.createElement("div"));
    archive.firstElementChild?.setAttribute("role", "button");
    for (const first of [row.cells[0], archive]) {
      row.prepend(first as HTMLElement);
      const host = document.createElement("div");
      window.placeButton(host);
      expect(first?.nextElementSibling?.firstElementChild).toBe(host);
      host.remove();
    }
  });

  test("button, its cell and panel go with their compose", async () => {
    const { found, acts } = open("compose=reply");
    const before = document.querySelectorAll("td").length;
    const [button, panel] = [document.createElement("div"), document.createElement("div")];
    found[0]?.placeButton(button);
    found[0]?.placePanel(panel);
    expect([button.isConnected, panel.isConnected]).toEqual([true, true]);
    const mark = acts.node(1).querySelector("input[name=composeid]") as HTMLInputElement;
    mark.setAttribute("value", "another mail");
    await new Promise((done) => setTimeout(done, 60));
    expect([button.isConnected, panel.isConnected]).toEqual([false, false]);
    expect(document.querySelectorAll("td").length).toBe(before);
  });

  test("a page without composes is left as it is", () => {
    build("compose=");
    const before = document.body.innerHTML;
    open("compose=");
    expect(document.body.innerHTML).toBe(before);
  });
});
