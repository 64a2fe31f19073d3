"""What holds of every page and fragment: who gets it, and that mail in it is never markup."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from connectors.message import Address, ArchivedEmail
from service.desk import Standing
from service.refresh.runs import RunState
from tests.service.web.conftest import BASE, Ask
from tests.service.web.standin_desk import StandInDesk, evaluation, mail, run, shelved

SHELLS = ("/", "/adapters", "/mail", "/usefulness", "/browsers")
READ = ("/console/adapters", "/console/adapters/now", "/console/adapters/3", "/console/usefulness", "/console/browsers")
DONE = (
    "/console/mail",
    "/console/mail/out",
    "/console/train",
    "/console/rollback",
    "/console/adapters/3/report/report.html",
    "/console/browsers/pair",
    "/console/browsers/revoke",
)
EVIL = "</div><script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
TEMPLATES = Path(__file__).parents[3] / "service" / "web" / "templates"


@pytest.mark.parametrize("path", [*READ, *DONE])
def test_nothing_is_shown_or_done_without_a_token(client: FlaskClient, desk: StandInDesk, path: str) -> None:
    """Each fragment and button asks who is there, before anything happens."""
    before = (list(desk.shelves["ana"]), len(desk.ran["ana"]))
    for header in ({}, {"Authorization": "Bearer cyr_wrong"}, {"Authorization": "Basic YW5hOg=="}):
        send = client.post if path in DONE else client.get
        response = send(path, headers=header, base_url=BASE)
        assert response.status_code == 401
        assert "ana" not in response.text
    assert (list(desk.shelves["ana"]), len(desk.ran["ana"]), desk.taken_out) == (*before, [])


def test_every_route_of_the_console_is_tried_here(client: FlaskClient) -> None:
    """A route that is added is one that the test above must know."""
    routes = {rule.rule for rule in client.application.url_map.iter_rules() if rule.rule.startswith("/console/")}
    tried = {re.sub(r"/3\b", "/<int:version>", path).replace("report.html", "<name>") for path in (*READ, *DONE)}
    assert routes == tried | {"/console/report/<ticket>", "/console/browsers/pairing"}


@pytest.mark.parametrize("path", SHELLS)
def test_a_page_holds_nothing_of_anybody(client: FlaskClient, path: str) -> None:
    """What can be had without a token is the same for everybody: no account, no mail."""
    page = client.get(path, base_url=BASE).text
    assert not re.search(r"\bana\b|ana@|Harbour walk", page)


def test_another_account_gets_nothing(ask: Ask) -> None:
    """Bob's token opens Bob's desk: no name, number or mail of Ana's stands in any answer."""
    for path in (*READ[:2], READ[3]):
        assert "ana" not in ask(path, account="bob").text.lower().replace("analy", "")
    assert ask("/console/adapters/3", account="bob").status_code == 400
    assert "Harbour" not in ask("/console/mail", {"which": "all"}, account="bob").text
    assert ask("/console/mail/out", {"message_id": "m0-True-ana@example.org"}, account="bob").status_code == 400
    assert ask("/console/adapters/3/report/report.html", {}, account="bob").status_code == 400


def test_hostile_mail_is_text(ask: Ask, desk: StandInDesk) -> None:
    """Whatever a subject, an address or an id holds, no element comes of it, and no attribute ends early."""
    evil = mail(f"{EVIL}@x", EVIL, EVIL, to=Address(addr=f"{EVIL}@example.org", name=EVIL))
    desk.archive["ana"] = [
        ArchivedEmail(account="ana", email=evil, kept=True),
        ArchivedEmail(account="ana", email=replace(evil, message_id="other"), kept=False, reason=EVIL),
    ]
    page = ask("/console/mail", {"which": "all"}).text
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") >= 4
    values = re.findall(r"hx-vals='([^']*)'", page)
    assert {"message_id": f"{EVIL}@x"} in [json.loads(value.replace("&#34;", '"')) for value in values]


def test_hostile_words_of_a_run_or_a_card_are_text(ask: Ask, desk: StandInDesk) -> None:
    """Reasons, hints, names of stages, verdicts and numbers' names come from files and tables: they are text too."""
    card = replace(shelved(4, Standing.REJECTED).card, verdict=EVIL, base_model=EVIL, data={EVIL: EVIL})
    desk.shelves["ana"].insert(0, replace(shelved(4, Standing.REJECTED), card=card, problem=EVIL, withdrawn=EVIL))
    desk.ran["ana"] = [
        run(RunState.RUNNING, stage=EVIL, why=EVIL, seconds={EVIL: 1.0}),
        run(RunState.FAILED, reason=EVIL, hint=EVIL, adapter=EVIL, seconds={EVIL: 1.0, "train": 2.0}),
    ]
    desk.evaluations["ana@v4"] = replace_reason(EVIL)
    for path in ("/console/adapters", "/console/adapters/now", "/console/adapters/4"):
        page = ask(path).text
        assert "&lt;script&gt;" in page
        assert "<script" not in page
        assert "<img" not in page


def replace_reason(words: str) -> object:
    """An evaluation whose words are hostile."""
    made = evaluation(4)
    checks = tuple(check.model_copy(update={"words": words}) for check in made.checks)
    return made.model_copy(
        update={"reason": words, "checks": checks, "incumbent": words, "table": {words: {words: 1.0}}}
    )


@pytest.mark.parametrize("path", [*SHELLS, *READ])
def test_everything_keeps_within_the_policy(ask: Ask, path: str) -> None:
    """No script, style or handler stands in any answer, and its headers allow nothing but our own files."""
    response = ask(path)
    assert response.status_code == 200
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|hx-on", response.text)
    assert not re.search(r"<script[^>]*>[^<]", response.text)
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'")
    assert "unsafe" not in policy
    assert response.headers["Cache-Control"] == "no-store"


def test_no_template_names_another_host() -> None:
    """Law 2: nothing a page is made of is had from elsewhere."""
    files = list(TEMPLATES.rglob("*.html"))
    assert len(files) > 8
    for file in files:
        assert "//" not in re.sub(r"\{#.*?#\}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL), file.name


def test_no_template_marks_text_as_safe() -> None:
    """Escaping is never switched off."""
    for file in TEMPLATES.rglob("*.html"):
        assert not re.search(r"\|\s*safe\b|autoescape", file.read_text(encoding="utf-8")), file.name
