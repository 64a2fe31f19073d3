"""The console's pages in a real browser, walked by keyboard, on a real service with a stand-in desk."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from connectors import schema
from connectors.errors import StoreError
from connectors.evaluation import Evaluation
from connectors.message import ArchivedEmail
from service.desk import Standing
from service.http import HttpSettings, listen
from service.refresh.runs import RunState
from service.web import create_app
from tests.ports import free_port
from tests.service.stand_ins import House
from tests.service.web.chromium import Page, browsing
from tests.service.web.standin_desk import StandInDesk, mail, run

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
PATHS = ("/", "/adapters", "/mail", "/usefulness", "/browsers")


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    """One browser for all tests: starting it takes a while."""
    with browsing() as page:
        yield page


@pytest.fixture
def link(house: House) -> Iterator[str]:
    """The address of a service that runs, and a token for it."""
    settings = HttpSettings(port=free_port())
    server = listen(create_app(house.parts(), settings), settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"{settings.url}{{path}}#token={house.tokens.create('ana', 'console')}"
    server.close()
    thread.join(5)


@pytest.fixture
def page(browser: Page, link: str) -> Iterator[Page]:
    """The browser; at the end it may have found no fault with any page, and asked nobody but the service."""
    browser.complaints.clear()
    browser.asked.clear()
    browser.look(width=1180)
    yield browser
    assert browser.complaints == []
    own = link.partition("{")[0]
    assert browser.asked
    assert [url for url in browser.asked if not url.startswith(own)] == []


def enter(page: Page, link: str, path: str, selector: str) -> None:
    """Go to a page and wait until it is filled."""
    page.open(link.format(path=path))
    page.wait_filled(selector)


def test_going_back_by_keyboard(page: Page, link: str, desk: StandInDesk) -> None:
    """A version is opened, its button asks first; no leaves all as it is, yes goes back and says so aloud."""
    enter(page, link, "/adapters", ".shelf")
    page.press("Tab")
    assert page.run("document.activeElement.className") == "skip"
    page.tab_to(".shelf li:nth-child(2) summary")
    page.press("Enter")
    page.wait_filled(".more h3")
    page.tab_to(".shelf li:nth-child(2) button.main")
    page.press("Enter")
    page.wait("document.querySelector('#ask').open")
    assert page.run("document.querySelector('#ask-title').innerText") == "Go back to ana@v2?"
    assert page.run("document.activeElement.id") == "ask-no"
    page.press("Escape")
    page.wait("!document.querySelector('#ask').open")
    assert page.run("document.activeElement.innerText") == "Go back to ana@v2"
    assert desk.shelves["ana"][0].standing is Standing.SERVING
    page.press("Enter")
    page.wait("document.querySelector('#ask').open")
    page.tab_to("#ask-yes")
    page.press("Enter")
    page.wait_text("ana@v2 writes your drafts.")
    assert page.run("document.querySelector('#told[role=status]').innerText").startswith("Going back: ana@v2")
    page.wait("document.activeElement.id === 'told'")
    assert desk.shelves["ana"][0].standing is Standing.WITHDRAWN


def test_run_is_followed_to_its_end(page: Page, link: str, desk: StandInDesk) -> None:
    """Asked for by a key, a run shows its stages as they come, and how it ended, without the page being loaded anew."""
    enter(page, link, "/adapters", ".shelf")
    page.tab_to("#train")
    page.press("Enter")
    page.wait_filled(".steps .here")
    desk.ran["ana"][0] = replace(desk.ran["ana"][0], stage="evaluate", done=3, total=24)
    page.wait("document.querySelector('#told').innerText === 'Judging.'")
    assert page.run("document.querySelector('progress').value") == 3
    desk.ran["ana"][0] = run(RunState.REJECTED, reason="It writes worse.", hint="Wait for more mail.")
    page.wait("document.querySelector('.now .alert')?.innerText.includes('It writes worse.')")
    page.wait("document.querySelector('.runs li .chip')?.innerText === 'rejected'")


def test_mail_is_sought_and_taken_out_by_keyboard(page: Page, link: str, desk: StandInDesk) -> None:
    """Typing finds, a mail opens, its button asks first; what it did stands where the mail stood, and is said aloud."""
    evil = mail("evil@x", f"Harbour {EVIL}", EVIL)
    desk.archive["ana"].insert(0, ArchivedEmail(account="ana", email=evil, kept=True))
    enter(page, link, "/mail", ".mails")
    page.tab_to("#words")
    page.type("harbour")
    page.wait_text("7 mails found.")
    page.wait_filled(".mails")
    page.tab_to(".mails summary")
    page.press("Enter")
    page.tab_to(".mails li:first-child button")
    page.press("Enter")
    page.wait("document.querySelector('#ask').open")
    assert EVIL in page.run("document.querySelector('#ask-words').innerText")
    page.tab_to("#ask-yes")
    page.press("Enter")
    page.wait_filled(".gone")
    page.wait("document.querySelector('#told').innerText.startsWith('Taken out')")
    assert desk.taken_out == [("ana", "evil@x")]
    assert page.run("document.title") == "Mail · Cyrano"
    assert page.run("document.querySelectorAll('.mails img').length") == 0


def test_errors_are_told_in_the_page(page: Page, house: House, link: str, desk: StandInDesk) -> None:
    """What goes wrong is said in words with what to do; a token that is revoked leads to the gate."""
    enter(page, link, "/mail", ".mails")
    failing = StoreError("The index cannot be written: the disk is full.", hint="Free some disk space.")
    desk.take_out = lambda *_: throw(failing)  # type: ignore[method-assign]  # as a full disk has it
    page.run("document.querySelector('.mails details').open = true")
    page.tab_to(".mails li:first-child button")
    page.press("Enter")
    page.wait("document.querySelector('#ask').open")
    page.run("document.querySelector('#ask-yes').click()")
    page.wait("!document.querySelector('#error').hidden")
    said = page.run("document.querySelector('#error[role=alert]').innerText")
    assert "the disk is full" in said
    assert "Free some disk space." in said
    house.tokens.revoke("ana", "console")
    page.run("document.querySelector('#search').requestSubmit()")
    page.wait("!document.querySelector('#gate').hidden && document.querySelector('#desk').hidden")
    assert page.run("localStorage.length") == 0
    assert page.run("Object.values(sessionStorage)") == ["/mail"]
    assert "Harbour" not in page.run("document.documentElement.outerHTML")
    # Refusals are what this test is about: the browser notes each.
    page.pardon("status of 401", "status of 500", "Error Code 401", "Error Code 500")


def test_a_version_that_could_not_be_loaded_is_asked_for_again(page: Page, link: str, desk: StandInDesk) -> None:
    """Whoever closes it and opens it once more; what is there is not asked for a second time."""
    enter(page, link, "/adapters", ".shelf")
    evaluation, asked = desk.evaluation, list[int]()

    def fail(_account: str, version: int) -> Evaluation | None:
        asked.append(version)
        raise OSError

    desk.evaluation = fail  # type: ignore[method-assign]
    page.run("document.querySelector('.shelf details').open = true")
    page.wait("!document.querySelector('#error').hidden")
    desk.evaluation = lambda account, version: (asked.append(version), evaluation(account, version))[1]  # type: ignore[method-assign]
    page.run("document.querySelector('.shelf details').open = false")
    page.wait_filled(".more h3")
    for is_open in ("true", "false", "true"):
        page.run(f"document.querySelector('.shelf details').open = {is_open}")
    page.wait("document.querySelector('#error').hidden")
    assert asked == [3, 3]
    page.pardon("status of 500", "Error Code 500")


def throw(error: Exception) -> None:
    """Raise."""
    raise error


def test_report_opens_and_back_leads_home(page: Page, link: str, desk: StandInDesk) -> None:
    """A report is opened without the token in its address; its own styles work, its scripts do not run."""
    html = b"<style>h1{color:rgb(1,2,3)}</style><h1>How it learned</h1><script>document.title='ran'</script>"
    desk.pages["ana@v3", "report.html"] = html
    enter(page, link, "/adapters", ".shelf")
    page.tab_to(".shelf li:nth-child(1) summary")
    page.press("Enter")
    page.wait_filled(".more h3")
    page.tab_to(".more button")
    page.press("Enter")
    page.wait("document.querySelector('h1')?.innerText === 'How it learned' && location.pathname.length > 99")
    assert "cyr_" not in page.run("location.href")
    assert page.run("getComputedStyle(document.querySelector('h1')).color") == "rgb(1, 2, 3)"
    assert page.run("document.title") == ""
    page.run("history.back()")
    page.wait("location.pathname === '/adapters'")
    page.wait_filled(".shelf")
    page.pardon("Blocked script execution")


def test_a_browser_is_let_in_and_out_by_keyboard(page: Page, link: str, house: House) -> None:
    """The button shows a code that counts down; used, the page says so and lists the browser, which is then revoked."""
    enter(page, link, "/browsers", ".held")
    page.tab_to("#pair")
    page.press("Enter")
    page.wait_filled(".code")
    code = page.run("document.querySelector('.digits').lastChild.textContent")
    page.wait("document.querySelector('[data-seconds]').textContent === '1:57'")
    origin = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
    house.pairings.redeem(code, origin=origin, label=f"Chrome {EVIL}")
    page.wait_text("Paired. The browser can ask for drafts now.")
    page.wait("document.querySelectorAll('.held li').length === 2 && !document.querySelector('.code')")
    page.wait("document.querySelector('.held .chip').innerText === 'Chrome extension'")
    page.wait_filled(".held")
    page.tab_to(".held li:first-child button")
    page.press("Enter")
    page.wait("document.querySelector('#ask').open")
    page.tab_to("#ask-yes")
    page.press("Enter")
    page.wait_text("Revoked: it opens nothing any more.")
    page.wait("document.querySelectorAll('.held li').length === 1")
    assert not house.tokens.is_bound(origin)
    page.tab_to("#pair")
    page.press("Enter")
    page.wait_filled(".code")
    page.run("document.querySelector('#leave').click()")
    page.wait("!document.querySelector('.code')")
    assert page.run("document.title") == "Browsers · Cyrano"


def test_every_page_fits_a_phone_and_a_large_print(page: Page, house: House, link: str, desk: StandInDesk) -> None:
    """At 390 pixels, at 590 (1,180 at 200 %) and on a desk no page is wider than its window, by day and by night."""
    now = datetime.now(UTC)
    made = {"account": "ana", "state": "done", "source_ids": [], "created_at": now, "changed_at": now, "text": "x"}
    with house.engine.begin() as connection:
        connection.execute(insert(schema.draft).values(draft_id="d1", adapter="ana@v3", **made))
    desk.ran["ana"].insert(0, run(RunState.RUNNING, stage="train", done=1, total=9))
    filled = {
        "/": "#recent:not([hidden])",
        "/adapters": ".shelf",
        "/mail": ".mails",
        "/usefulness": "table",
        "/browsers": ".held",
    }
    grounds = set()
    for path in PATHS:
        enter(page, link, path, filled[path])
        if path == "/adapters":
            page.run("document.querySelector('.shelf details').open = true")
            page.wait_filled(".more h3")
        for width in (390, 590, 1180):
            for is_dark in (False, True):
                page.look(width=width, is_dark=is_dark)
                grounds.add(page.run("getComputedStyle(document.body).backgroundColor"))
                assert page.run("document.documentElement.scrollWidth - innerWidth") <= 0, (path, width)
        page.look(width=1180)
    assert len(grounds) == 2
