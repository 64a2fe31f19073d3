"""A hostile page in the same browser, with the extension paired: it drafts nothing, reads nothing, presses nothing."""

import json
from http.client import HTTPConnection
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.extension.chromium import Chromium
from tests.extension.conftest import REBOUND
from tests.extension.gmail_site import EVIL, GmailSite
from tests.extension.services import Service
from tests.extension.windows import Mail

pytestmark = pytest.mark.browser

BODY = json.dumps({"instruction": "Wire the money."})
ASK = """async ([url, how]) => {
  try {
    const answer = await fetch(url, how);
    return { type: answer.type, status: answer.status, text: await answer.text() };
  } catch (error) {
    return { type: "refused" };
  }
}"""

FRAME = """(url) => new Promise((resolve) => {
  document.querySelector("iframe")?.remove();
  const frame = Object.assign(document.createElement("iframe"), { src: url, onload: () => resolve() });
  document.body.append(frame);
})"""
BLANK = {"", "about:blank"}


@pytest.fixture
def evil(chromium: Chromium, site: GmailSite) -> Page:
    """A page that means harm. It lies on this machine too, so that no wall of the browser's own hides ours."""
    site.pages["/"] = "<!doctype html><title>Nice</title><body>"
    return chromium.page(f"https://{EVIL}/")


def ask(page: Page, url: str, **how: Any) -> dict[str, Any]:
    """Fetch from within a page."""
    answer: dict[str, Any] = page.evaluate(ASK, [url, how])
    return answer


def heard_of(service: Service) -> set[str]:
    """Return what the page asked the service for since the last time: a browser that never asks is no refusal."""
    heads = [head for head in service.front.heard if f"Origin: https://{EVIL}" in head]
    service.front.heard.clear()
    return {head.split(" ")[1] for head in heads}


def nothing_was_drafted(service: Service) -> bool:
    """Tell whether no model was asked, and no ledger knows of a draft."""
    return not service.writer.prompts and not service.house.ledger.recent("ana", 5)


@pytest.mark.parametrize("mode", ["cors", "no-cors"])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_a_page_drafts_nothing_without_a_token(evil: Page, service: Service, mode: str, kind: str) -> None:
    """However it sends its order, no model is asked, and it reads no answer."""
    answer = ask(evil, f"{service.url}/draft", method="POST", mode=mode, headers={"Content-Type": kind}, body=BODY)
    assert answer["type"] in {"refused", "opaque"}
    assert "/draft" in heard_of(service)
    assert nothing_was_drafted(service)


def test_a_stolen_token_opens_nothing_to_a_page(evil: Page, chromium: Chromium, service: Service) -> None:
    """The extension's own token, sent from a page, is refused for where it comes from; so is a token of the console."""
    stored = json.dumps(chromium.worker.evaluate("() => chrome.storage.local.get()"))
    tokens = [part for part in stored.split('"') if part.startswith("cyr_")]
    assert tokens
    for token in [*tokens, service.house.tokens.create("ana", "console")]:
        for mode in ("cors", "no-cors"):
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
            answer = ask(evil, f"{service.url}/draft", method="POST", mode=mode, headers=headers, body=BODY)
            assert answer["type"] in {"refused", "opaque"}
            assert "/draft" in heard_of(service)
        assert ask(evil, f"{service.url}/accounts", headers={"Authorization": f"Bearer {token}"})["type"] == "refused"
        assert "/accounts" in heard_of(service)
    assert nothing_was_drafted(service)


def test_a_page_pairs_with_nothing(evil: Page, service: Service) -> None:
    """A code that is good is refused to a page, and is good afterwards still: a page cannot use up its tries."""
    code = service.make_code()
    for kind in ("application/json", "text/plain"):
        for _ in range(6):
            body = json.dumps({"code": code, "client": "Nice"})
            answer = ask(evil, f"{service.url}/pair", method="POST", headers={"Content-Type": kind}, body=body)
            assert answer["type"] == "refused"
            assert "/pair" in heard_of(service)
    connection = HTTPConnection("127.0.0.1", service.front.port, timeout=5)
    own = {"Content-Type": "application/json", "Origin": f"chrome-extension://{'a' * 32}"}
    connection.request("POST", "/pair", json.dumps({"code": code, "client": "Mine"}), own)
    assert connection.getresponse().status == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
def test_a_form_of_a_page_orders_nothing(evil: Page, service: Service, kind: str) -> None:
    """A form is posted without asking anybody; the service takes none, JSON in disguise neither."""
    evil.evaluate(
        """([url, kind, name]) => {
          const form = Object.assign(document.createElement("form"), { action: url, method: "post", enctype: kind });
          form.append(Object.assign(document.createElement("input"), { name, value: '"}' }));
          document.body.append(form);
          form.submit();
        }""",
        [f"{service.url}/draft", kind, '{"instruction":"Wire the money.","subject":"'],
    )
    evil.wait_for_url(f"{service.url}/draft")
    assert "urn:cyrano:" in evil.content()
    assert nothing_was_drafted(service)


def test_a_page_frames_neither_console_nor_options(
    evil: Page, chromium: Chromium, site: GmailSite, service: Service
) -> None:
    """Whoever is led to press something unseen presses nothing of ours: no frame shows it, though it shows others."""
    site.pages["/framed"] = "<!doctype html><title>Framed</title>"
    assert framed(evil, f"https://{EVIL}/framed") == f"https://{EVIL}/framed"
    for path in ("/", "/browsers"):
        assert framed(evil, service.url + path).startswith("chrome-error:"), path
        assert any(head.startswith(f"GET {path} ") for head in service.front.heard)
    assert framed(evil, chromium.own("options.html")).startswith("chrome-error:")


def framed(page: Page, url: str) -> str:
    """Put something into a frame; return what the frame came to show."""
    page.evaluate(FRAME, url)
    for _ in range(100):
        if shown := [frame.url for frame in page.frames[1:] if frame.url not in BLANK]:
            return shown[0]
        page.wait_for_timeout(30)
    raise AssertionError(f"No frame stands in the page for {url}.")


def test_a_name_that_leads_here_gets_nothing(chromium: Chromium, service: Service) -> None:
    """A hostile name that is made to lead to this machine (DNS rebinding) is no name the service answers to."""
    page = chromium.page(f"http://{REBOUND}/")
    assert "urn:cyrano:wrong-host" in page.content()
    token = service.house.tokens.create("ana", "console")
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    answer = ask(page, "/draft", method="POST", headers=headers, body=BODY)
    assert "urn:cyrano:wrong-host" in answer["text"]
    assert nothing_was_drafted(service)


def test_gmails_own_scripts_press_nothing(mail: Mail, service: Service) -> None:
    """A script of the page presses button and panel by events of its own making, and nothing is asked."""
    window = mail.open(typed="tell Tom it is paid")
    window.button.wait_for()
    press = """element => {
      for (const kind of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"])
        element.dispatchEvent(new MouseEvent(kind, { bubbles: true, composed: true, cancelable: true }));
      element.click();
      for (const key of ["Enter", " "])
        for (const kind of ["keydown", "keypress", "keyup"])
          element.dispatchEvent(new KeyboardEvent(kind, { key, code: key, bubbles: true, composed: true }));
    }"""
    window.button.evaluate(press)
    mail.page.wait_for_timeout(300)
    assert window.panel.count() == 0 or not window.panel.is_visible()
    window.draft()
    before = window.text()
    for selector in ("#insert", "#retry", "#discard", "[data-quick=shorter]"):
        window(selector).evaluate(press)
    mail.page.wait_for_timeout(300)
    window.reach("ready")
    assert window.text() == before
    assert len(service.writer.prompts) == 1
