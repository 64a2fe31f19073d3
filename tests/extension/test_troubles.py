"""Whatever goes wrong on the way: one clear line and what to do, nothing typed is lost, and afterwards it works."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete

from connectors import schema
from connectors.errors import EngineDown, EngineError
from tests.extension.chromium import Chromium
from tests.extension.options import pair
from tests.extension.services import INSTRUCTION, Service
from tests.extension.windows import Mail, Window

pytestmark = pytest.mark.browser


def problem(status: int, kind: str, **more: object) -> bytes:
    """Return an answer as the service words it."""
    said = {"type": f"urn:cyrano:{kind}", "title": kind, "status": status, "detail": f"Said of {kind}.", **more}
    return answer(status, json.dumps(said), "application/problem+json", "Cyrano-Api: 1\r\n")


def answer(status: int, body: str, kind: str = "text/html", headers: str = "") -> bytes:
    """Return bytes as they go over the wire."""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{headers}Connection: close\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


def nobody(service: Service) -> None:
    """Nobody listens."""
    service.front.leave()


def not_cyrano(service: Service) -> None:
    """Something else listens."""
    service.front.answer = answer(200, "<h1>It works!</h1>")


def redirected(service: Service) -> None:
    """Something leads elsewhere."""
    service.front.answer = answer(307, "", headers="Location: https://evil.example/draft\r\n")


def version(service: Service) -> None:
    """A service from another day."""
    service.front.changed = (b"Cyrano-Api: 1\r\n", b"Cyrano-Api: 2\r\n")


def resting(service: Service) -> None:
    """The engine sleeps while a model is trained."""
    service.writer.pieces = ()
    service.writer.error = EngineDown("The model rests.", hint="A training run ends in 5 minutes.")


def broken_engine(service: Service) -> None:
    """The engine fails in a way nobody foresaw."""
    service.writer.pieces = ()
    service.writer.error = EngineError("Tensor shapes do not fit.", hint="See engine.log.")


def breaks(service: Service) -> None:
    """The connection ends in the middle."""
    service.front.cut_after = b'"Hi Marta,"}\n\n'


def says(status: int, kind: str, **more: object) -> Callable[[Service], None]:
    """Return what has every request answered with a problem."""

    def arrange(service: Service) -> None:
        service.front.answer = problem(status, kind, **more)

    return arrange


TROUBLES: dict[str, tuple[str, Callable[[Service], None], str]] = {
    "down": ("down", nobody, ""),
    "not-cyrano": ("not-cyrano", not_cyrano, ""),
    "redirected": ("not-cyrano", redirected, ""),
    "version": ("version", version, ""),
    "forbidden": ("forbidden", says(403, "wrong-scope"), ""),
    "busy": ("busy", says(429, "too-many-drafts", retry_after_s=30), ""),
    "resting": ("resting", resting, "A training run ends in 5 minutes."),
    "invalid": ("invalid", says(422, "prompt-too-long", hint="Say less."), "Say less."),
    "engine": ("failed", broken_engine, "Tensor shapes do not fit."),
    "broken": ("broken", breaks, ""),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_a_trouble_is_one_line_and_what_to_do(mail: Mail, service: Service, name: str) -> None:
    """What was typed stays; when all is well again, the same press of a button drafts."""
    kind, arrange, words = TROUBLES[name]
    arrange(service)
    window = mail.open(typed=INSTRUCTION, signature="1")
    before = window.text()
    window.ask()
    said = window.trouble(kind)
    mail.shoot(f"trouble-{name}")
    assert words in said
    assert window("#trouble-line").inner_text().strip()
    assert window("#trouble-hint").inner_text().strip()
    assert window.text() == before
    service.restore()
    recover(window)
    assert window.text() == before
    mail.pardon("net::ERR", "status of")


def recover(window: Window) -> None:
    """Ask again: at once where the trouble offers it, else by going back to what is asked."""
    act = window("#trouble-act")
    if act.is_visible() and act.is_enabled() and "again" in act.inner_text().lower():
        act.click()
    else:
        window("#change").click()
        window.reach("asking")
        window("#write").click()
    window.reach("ready")


def test_busy_counts_down(mail: Mail, service: Service) -> None:
    """After 429 the button says how long to wait, and asks when the time has come."""
    service.front.answer = problem(429, "too-fast", retry_after_s=2)
    window = mail.open(typed=INSTRUCTION)
    window.ask()
    window.trouble("busy")
    expect(window("#trouble")).to_contain_text("2 s")
    service.restore()
    expect(window("#trouble-act")).to_be_enabled(timeout=4000)
    if window.panel.get_attribute("data-phase") == "failed":
        window("#trouble-act").click()
    window.reach("ready")


def test_a_broken_stream_keeps_what_came(mail: Mail, service: Service) -> None:
    """The words that were read are not taken away."""
    service.front.cut_after = b'"Hi Marta,"}\n\n'
    window = mail.open(typed=INSTRUCTION)
    window.ask()
    window.trouble("broken")
    expect(window("#text")).to_contain_text("Hi Marta,")


def test_a_worker_stopped_before_the_first_word_is_not_noticed(mail: Mail, service: Service) -> None:
    """The browser stops the worker when it likes: the draft is asked for once more, silently."""
    service.front.is_silent = True
    window = mail.open(typed=INSTRUCTION)
    window.ask()
    window.reach("writing")
    mail.page.wait_for_timeout(300)
    service.restore()  # what was asked stays unanswered
    mail.browser.kill_worker()
    window.reach("ready")
    expect(window("#text")).to_contain_text("see you soon.")


def test_a_worker_stopped_in_the_middle_costs_a_line(mail: Mail, service: Service) -> None:
    """After the first words they are kept, it is said, and Retry works; the service stops writing for nobody."""
    gate = service.hold_long()
    window = mail.open(typed=INSTRUCTION)
    window.ask()
    expect(window("#text")).to_contain_text("Hi Marta,")
    mail.browser.kill_worker()
    window.trouble("broken")
    expect(window("#text")).to_contain_text("Hi Marta,")
    mail.shoot("trouble-worker-killed")
    assert service.breaks_off(gate)
    service.restore()
    recover(window)


def test_a_service_that_says_nothing_is_given_up(mail: Mail, service: Service) -> None:
    """It takes the request and is silent: after a while that is said. The build for tests waits eight seconds."""
    service.front.is_silent = True
    window = mail.open(typed=INSTRUCTION)
    window.ask()
    window.trouble("silent", within_s=20)
    mail.shoot("trouble-silent")


def test_a_slow_service_is_waited_for(mail: Mail, service: Service) -> None:
    """As long as it says that it is still there, nobody gives up; the panel says that it goes on."""
    gate = service.hold()
    window = mail.open(typed=INSTRUCTION)
    window.ask()
    mail.page.wait_for_timeout(5_000)  # longer than the page waits for a word of the worker
    window.reach("writing")
    gate.release(10)
    window.reach("ready")


@pytest.mark.parametrize("everything", [False, True])
def test_a_revoked_token_leads_to_the_options(
    mail: Mail, chromium: Chromium, service: Service, *, everything: bool
) -> None:
    """401 says that the pairing ended; the button opens the options, and paired anew it works."""
    with service.house.engine.begin() as connection:
        connection.execute(delete(schema.token).where(*([] if everything else [schema.token.c.account == "ana"])))
    window = mail.open(typed=INSTRUCTION)
    window.ask()
    window.trouble("refused")
    mail.shoot("trouble-refused")
    with chromium.context.expect_page() as opened:
        window("#trouble-act").click()
    assert opened.value.url.startswith(chromium.own("options.html"))
    opened.value.close()
    pair(chromium, service)
    window.reach("asking")  # it heard of the pairing; what was typed is still what is asked
    window("#write").click()
    window.reach("ready")
