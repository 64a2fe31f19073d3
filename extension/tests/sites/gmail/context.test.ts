import { describe, expect, test } from "vitest";
import { LOCALES } from "../../../fixtures/page/locales.js";
import { build, compose, open } from "./page";

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

  test("a recipient without an address is a change of the page", () => {
    const window = compose("compose=new");
    document.querySelector("[role=option]")?.setAttribute("data-hovercard-id", "Tom");
    expect(() => window.context()).toThrow("recipients");
  });
});

describe("the mailbox", () => {
  test.each(LOCALES)("is the account of the page, whatever its language: %s", (locale) => {
    expect(compose(`compose=new&locale=${locale}`).context().mailbox).toBe("ana@example.org");
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

describe("the look", () => {
  test.each(LOCALES)("right to left where Gmail writes so: %s", (locale) => {
    expect(compose(`compose=new&locale=${locale}`).isRightToLeft).toBe(["ar", "he", "fa"].includes(locale));
  });

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

  test("the panel goes with its compose", async () => {
    const { found, acts } = open("compose=reply");
    const host = document.createElement("div");
    found[0]?.placePanel(host);
    expect(host.isConnected).toBe(true);
    acts.close(1);
    await new Promise((done) => setTimeout(done, 60));
    expect(host.isConnected).toBe(false);
  });

  test("a page without composes is left as it is", () => {
    build("compose=");
    const before = document.body.innerHTML;
    open("compose=");
    expect(document.body.innerHTML).toBe(before);
  });
});
