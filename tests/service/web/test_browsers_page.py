"""The page Browsers: a code is made and followed, tokens are listed and revoked."""

import html
import json
import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.access.pairing import State
from service.access.scopes import Scope
from service.problems import PairingRefused
from tests.service.stand_ins import House
from tests.service.web.conftest import BASE, Ask

CHROME = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
FIREFOX = "moz-extension://4f1c0a52-9e4c-4a5e-8f0b-1b6a0d6a7c11"
PAIRING = "/console/browsers/pairing"


def values_of(page: str) -> list[dict[str, str]]:
    """What the page's buttons and lookers send."""
    return [json.loads(html.unescape(each)) for each in re.findall(r"hx-vals='([^']*)'", page)]


def words_of(response: TestResponse) -> str:
    """What an answer has said aloud."""
    return str(json.loads(response.headers["HX-Trigger-After-Settle"])["say"]["words"])


def make_code(ask: Ask) -> tuple[str, str]:
    """Press the button; return the code, and the key it is followed by."""
    page = ask("/console/browsers/pair", {}).text
    found = re.search(r"(\d{3}) (\d{3})", page)
    assert found
    return found[1] + found[2], values_of(page)[0]["key"]


def test_a_code_is_shown_for_the_own_account(ask: Ask, house: House) -> None:
    """Six digits, how long they are good, and nothing by which the address of a request would tell them."""
    code, key = make_code(ask)
    assert code not in key
    page = ask("/console/browsers/pair", {}).text
    assert 'data-seconds="120">2:00<' in page
    code, key = make_code(ask)
    opened = house.pairings.redeem(code, origin=CHROME, label="Chrome")
    assert [each.account for each in opened] == ["ana"]


def test_the_page_learns_how_the_code_ended(ask: Ask, house: House) -> None:
    """While it is live there is nothing new; then it is said aloud, and once used the list is read anew."""
    code, key = make_code(ask)
    assert ask(f"{PAIRING}?key={key}").status_code == 204
    house.pairings.redeem(code, origin=CHROME, label="Chrome")
    said = ask(f"{PAIRING}?key={key}")
    events = json.loads(said.headers["HX-Trigger-After-Settle"])
    assert (said.text, events["say"]["words"].startswith("Paired."), "changed" in events) == ("", True, True)
    _, key = make_code(ask)
    for _ in range(5):
        with pytest.raises(PairingRefused):
            house.pairings.redeem("000000", origin=CHROME, label="x")
    events = json.loads(ask(f"{PAIRING}?key={key}").headers["HX-Trigger-After-Settle"])
    assert "5 times" in events["say"]["words"]
    assert "changed" not in events
    for unknown in (f"{PAIRING}?key=x", PAIRING):
        assert "newer code" in ask(unknown).headers["HX-Trigger-After-Settle"]


def test_following_a_code_needs_a_token(client: FlaskClient) -> None:
    """Like all else."""
    assert client.get(PAIRING, base_url=BASE).status_code == 401


def test_tokens_are_listed_with_what_they_may(ask: Ask, house: House) -> None:
    """Who, what kind, what for, how often; this page's own is marked, another account's is not there."""
    house.tokens.create("ana", "Chrome 156 on Linux", scopes=[Scope.DRAFT], origin=CHROME)
    house.tokens.create("ana", "Firefox", scopes=[Scope.DRAFT], origin=FIREFOX)
    house.tokens.create("bob", "Bob's telephone")
    for _ in range(3):
        make_code(ask)
        ask("/console/browsers")
    page = html.unescape(ask("/console/browsers").text)
    assert re.findall(r'<span class="name">([^<]+)</span>', page) == ["Firefox", "Chrome 156 on Linux", "console"]
    kinds = re.findall(r'<span class="chip">([^<]+)</span>', page)
    assert kinds == ["Firefox extension", "Chrome extension", "console or program"]
    assert page.count('<span class="chip good">this page</span>') == 1
    assert re.findall(r"(\d+ uses?) in 30 days", page) == ["0 uses", "0 uses", "3 uses"]
    assert re.findall(r"<p class=\"small\">It ([^<]+)\.</p>", page)[0] == "asks for drafts"
    assert "Bob" not in page


def test_a_token_is_revoked(ask: Ask, house: House) -> None:
    """At once, and only of the own account; a second time does no harm."""
    house.tokens.create("ana", "Chrome", origin=CHROME)
    (row,) = [row for row in house.tokens.list("ana") if row.origin]
    assert words_of(ask("/console/browsers/revoke", {"handle": row.handle}, account="bob")).startswith(
        "It was revoked al"
    )
    assert house.tokens.is_bound(CHROME)
    for words in ("Revoked: it opens nothing", "It was revoked already"):
        assert words_of(ask("/console/browsers/revoke", {"handle": row.handle})).startswith(words)
    assert not house.tokens.is_bound(CHROME)
    for handle in ("", "%", "_" * 16, row.handle[:3]):
        ask("/console/browsers/revoke", {"handle": handle})
    assert len(house.tokens.list()) == 2


def test_a_browsers_own_name_is_text(ask: Ask, house: House) -> None:
    """Whatever it calls itself, no element comes of it, and no attribute ends early."""
    evil = "</span><script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    house.tokens.create("ana", evil, scopes=[Scope.DRAFT], origin=CHROME)
    page = ask("/console/browsers").text
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") == 3
    assert house.pairings.state("") is State.REPLACED
