"""A hostile page in the owner's own browser, and a hostile program beside it: none of them gets a draft.

Asked over real sockets, byte by byte: a framework's client would hide what a page can and cannot send.
"""

import contextlib
import json
import socket
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from service.access.pairing import State
from service.http import HttpSettings, listen
from service.web import create_app
from tests.ports import free_port
from tests.service.stand_ins import House, make_database

CHROME = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
FIREFOX = "moz-extension://4f1c0a52-9e4c-4a5e-8f0b-1b6a0d6a7c11"
OTHER = "chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba"
WEB = "https://evil.example"
JSON = "application/json"
DRAFT = json.dumps({"instruction": "tell everybody"}).encode()
_MULTIPART = b'--b\r\nContent-Disposition: form-data; name="code"\r\n\r\n000042\r\n--b--\r\n'
FORMS = {
    "application/x-www-form-urlencoded": b"instruction=tell+everybody&code=000042&handle=x&to=base",
    "text/plain": DRAFT,
    "text/plain; application/json": DRAFT,
    "multipart/form-data; boundary=b": _MULTIPART,
}
DOING = ("/draft", "/pair", "/pairing", "/console/train", "/console/mail/out", "/console/rollback")
PAGES = ("/", "/adapters", "/mail", "/usefulness", "/browsers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """Which problem it is."""
        return str(json.loads(self.body)["type"]).removeprefix("urn:cyrano:")

    @property
    def permissions(self) -> dict[str, str]:
        """What it allows other sites' pages."""
        return {name: value for name, value in self.headers.items() if name.startswith("access-control-")}


@dataclass
class Service:
    """A service that listens, and what was asked of it."""

    house: House
    port: int
    tokens: dict[str, str] = field(default_factory=dict)

    def send(self, raw: bytes) -> Answer:
        """Send bytes, and return the answer to them."""
        with contextlib.closing(socket.create_connection(("127.0.0.1", self.port), timeout=10)) as line:
            line.sendall(raw)
            said = b"".join(iter(lambda: line.recv(65536), b""))
        head, _, body = said.partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        pairs = (each.split(": ", 1) for each in rest)
        return Answer(status=int(first.split()[1]), headers={name.lower(): value for name, value in pairs}, body=body)

    def ask(
        self, method: str, path: str, *headers: str, body: bytes = b"", kind: str = JSON, host: str | None = None
    ) -> Answer:
        """Send a request with headers as they are given."""
        head = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{self.port}'}", "Connection: close", *headers]
        if body:
            head += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        return self.send("\r\n".join(head).encode() + b"\r\n\r\n" + body)

    def draft(self, *headers: str, host: str | None = None) -> Answer:
        """Ask for a draft."""
        return self.ask("POST", "/draft", *headers, body=DRAFT, host=host)

    def bearer(self, name: str) -> str:
        """The header that shows a token."""
        return f"Authorization: Bearer {self.tokens[name]}"

    @property
    def drafted(self) -> int:
        """For how many drafts mail was looked up."""
        return len(self.house.retriever.asked)


@dataclass
class Listening:
    """A port that is listened on for all tests, and the application that each test puts behind it."""

    settings: HttpSettings
    app: Flask | None = None

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Serve."""
        assert self.app
        return self.app(environ, start)


@pytest.fixture(scope="module")
def listening() -> Iterator[Listening]:
    """One server for all tests: closing it takes a second."""
    listening = Listening(settings=HttpSettings(port=free_port(), threads=4))
    server = listen(listening, listening.settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield listening
    server.close()
    thread.join(5)


@pytest.fixture
def service(listening: Listening, tmp_path: Path) -> Service:
    """A service with a program's token of Ana's, one of Bob's, and one of a paired browser of Ana's."""
    house = House(engine=make_database(tmp_path))
    listening.app = create_app(house.parts(), listening.settings)
    service = Service(house=house, port=listening.settings.port)
    service.tokens |= {name: house.tokens.create(name, "program") for name in ("ana", "bob")}
    (paired,) = house.pairings.redeem(house.pairings.make(["ana"]).code, origin=CHROME, label="Chrome")
    service.tokens["paired"] = paired.token
    return service


def test_those_who_may_can(service: Service) -> None:
    """Else the rest of this file would prove nothing: program, console and paired browser get their draft."""
    own = f"Origin: http://127.0.0.1:{service.port}"
    assert service.draft(service.bearer("ana")).status == 200
    assert service.draft(service.bearer("ana"), own).status == 200
    assert service.draft(service.bearer("paired"), f"Origin: {CHROME}").status == 200
    assert service.drafted == 3


@pytest.mark.parametrize(
    "origin",
    [
        WEB, "null", "", OTHER, FIREFOX, f"{CHROME}/", f"{CHROME} ", CHROME.upper(), "http://localhost:{port}",
        "https://127.0.0.1:{port}", "http://127.0.0.1", "http://127.0.0.1:{port}.evil.example",
        "http://127.0.0.1:{port}@evil.example", "file://", f"{WEB}, {CHROME}", f"{CHROME}, {WEB}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["ana", "paired"])
def test_a_wrong_origin_gets_nothing_even_with_a_token(service: Service, name: str, origin: str) -> None:
    """No other page, no other extension, no page without an origin; and no header that would let it read the answer."""
    origin = origin.format(port=service.port)
    if origin.strip() == CHROME and name == "paired":
        return  # the server takes blanks at the end of a header for none
    answer = service.draft(service.bearer(name), f"Origin: {origin}")
    assert (answer.status, answer.kind) == (403, "wrong-origin")
    reading = service.ask("GET", "/drafts", service.bearer(name), f"Origin: {origin}")
    assert reading.status == 403
    if origin.strip() != CHROME:
        assert not answer.permissions
        assert not reading.permissions
    assert service.drafted == 0


def test_two_origins_are_none(service: Service) -> None:
    """Whichever comes first."""
    own = f"Origin: http://127.0.0.1:{service.port}"
    for headers in ([f"Origin: {WEB}", own], [own, f"Origin: {WEB}"], [f"Origin: {CHROME}", f"Origin: {WEB}"]):
        assert service.draft(service.bearer("ana"), *headers).status in {400, 403}
        assert service.draft(service.bearer("paired"), *headers).status in {400, 403}
    assert service.drafted == 0


def test_the_console_may_not_show_a_browsers_token(service: Service) -> None:
    """Nor a program, but to read: a token that leaked from the browser drafts nowhere else."""
    own = f"Origin: http://127.0.0.1:{service.port}"
    assert service.draft(service.bearer("paired"), own).kind == "wrong-origin"
    assert service.draft(service.bearer("paired")).kind == "wrong-origin"
    assert service.ask("DELETE", "/pair", service.bearer("paired")).kind == "wrong-origin"
    assert service.ask("GET", "/accounts", service.bearer("paired")).status == 200
    assert service.drafted == 0


def test_a_rebound_name_gets_nothing(service: Service) -> None:
    """The page's own name points at this machine now: same-origin for the browser, and refused here."""
    for name in ("evil.example", f"evil.example:{service.port}", "127.0.0.1.evil.example", "", "localhost:1"):
        for origin in ([], [f"Origin: http://{name}"]):
            answer = service.draft(service.bearer("ana"), *origin, host=name or " ")
            assert answer.status in {400, 421}, name
            assert service.ask("GET", "/", *origin, host=name or " ").status in {400, 421}
    absolute = (
        f"POST http://127.0.0.1:{service.port}/draft HTTP/1.1\r\nHost: evil.example\r\n{service.bearer('ana')}\r\n"
    )
    body = f"Content-Type: {JSON}\r\nContent-Length: {len(DRAFT)}\r\nConnection: close\r\n\r\n".encode() + DRAFT
    assert service.send(absolute.encode() + body).status in {400, 421}
    twice = (
        f"POST /draft HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\nHost: evil.example\r\n{service.bearer('ana')}\r\n"
    )
    assert service.send(twice.encode() + body).status in {400, 421}
    assert service.drafted == 0


def test_without_a_token_there_is_nothing(service: Service) -> None:
    """Not for a page, not for a program; and asking does not use up what those with a token may do."""
    for _ in range(40):
        assert service.draft().kind == "not-allowed"
    for header in (
        "Authorization: Basic YW5hOmFuYQ==",
        "Authorization: Bearer",
        "Cookie: token=x",
        "Authorization: cyr_x",
    ):
        assert service.draft(header).kind == "not-allowed"
    assert service.ask("POST", f"/draft?token={service.tokens['ana']}", body=DRAFT).kind == "not-allowed"
    assert service.drafted == 0
    assert service.draft(service.bearer("ana")).status == 200


def test_guessing_tokens_slows_the_guesser_alone(service: Service) -> None:
    """After thirty wrong ones in a minute the guesser is told to wait; a good token from the same address is let in."""
    said = [service.draft(f"Authorization: Bearer cyr_{number}").status for number in range(35)]
    assert said == [401] * 30 + [429] * 5
    assert service.draft(service.bearer("ana")).status == 200


def test_a_revoked_token_is_told_so_however_often_it_is_shown(service: Service) -> None:
    """A browser that asks every second learns that it has to pair again, not that it is too fast."""
    gone = "Authorization: Bearer cyr_revoked"
    assert {service.draft(gone).status for _ in range(35)} == {401}
    assert service.draft("Authorization: Bearer cyr_another").status == 401


def test_the_console_behind_a_proxy_is_told_what_to_mend(service: Service) -> None:
    """It is refused like any page: the name the browser asked for did not come through. The hint says what to do."""
    console = "Origin: https://mail.example.org"
    refused = service.draft(service.bearer("ana"), console, "Sec-Fetch-Site: same-origin")
    assert (refused.status, refused.permissions, service.drafted) == (403, {}, 0)
    assert "proxy_set_header Host $http_host" in json.loads(refused.body)["hint"]
    stranger = service.draft(service.bearer("ana"), console, "Sec-Fetch-Site: cross-site")
    assert "proxy" not in json.loads(stranger.body)["hint"]


def test_another_accounts_token_opens_nothing_of_this_one(service: Service) -> None:
    """Law 8: Bob's token asks for Ana's account, and about Ana's drafts."""
    service.draft(service.bearer("ana"))
    draft_id = service.house.ledger.recent("ana", 1)[0].draft_id
    asked = json.dumps({"instruction": "x", "account": "ana"}).encode()
    assert service.ask("POST", "/draft", service.bearer("bob"), body=asked).kind == "wrong-account"
    feedback = json.dumps({"kind": "inserted"}).encode()
    told = service.ask("POST", f"/drafts/{draft_id}/feedback", service.bearer("bob"), body=feedback)
    assert (told.status, told.kind) == (404, "no-such-draft")
    assert draft_id.encode() not in service.ask("GET", "/drafts", service.bearer("bob")).body
    assert service.drafted == 1


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("path", [*DOING, "/console/browsers/pair", "/console/browsers/revoke"])
def test_a_form_does_nothing(service: Service, path: str, kind: str) -> None:
    """A form needs no permission to be sent: from another page, from a sandboxed frame, from a very old browser."""
    made = service.house.pairings.make(["ana"])
    before = service.house.tokens.list()
    for origin in (
        [f"Origin: {WEB}"],
        ["Origin: null"],
        [],
        ["Referer: https://evil.example/", "Sec-Fetch-Site: cross-site"],
    ):
        answer = service.ask("POST", path, *origin, body=FORMS[kind], kind=kind)
        assert answer.status in {401, 403}
        assert not answer.permissions
    assert service.house.pairings.state(made.key) is State.LIVE
    assert service.house.tokens.list() == before
    assert service.drafted == 0


def test_json_that_says_it_is_text_is_not_read(service: Service) -> None:
    """Not even with a token and a good origin: what a form can send is never taken for a request."""
    origin = f"Origin: {CHROME}"
    for kind in FORMS:
        assert service.ask("POST", "/draft", service.bearer("paired"), origin, body=DRAFT, kind=kind).status == 415
        assert service.ask("POST", "/pair", origin, body=b'{"code": "000042"}', kind=kind).status == 415
    assert service.drafted == 0


def test_a_page_cannot_use_up_a_code(service: Service) -> None:
    """However often it guesses, the five tries are the browser's that is to be paired; and it is not let in."""
    made = service.house.pairings.make(["ana"])
    guess = json.dumps({"code": made.code}).encode()
    for origin in (WEB, "null", "", f"http://127.0.0.1:{service.port}", "http://localhost"):
        for _ in range(6):
            assert service.ask("POST", "/pair", f"Origin: {origin}", body=guess).kind == "wrong-origin"
    assert service.ask("POST", "/pair", body=guess).kind == "wrong-origin"
    assert service.house.pairings.state(made.key) is State.LIVE
    assert service.ask("POST", "/pair", f"Origin: {FIREFOX}", body=guess).status == 200


def test_a_code_that_was_overheard_is_worth_nothing(service: Service) -> None:
    """Used once, it is refused: to the same extension, to another, to anybody with the same words as a wrong one."""
    code = service.house.pairings.make(["ana"]).code
    shown = json.dumps({"code": code}).encode()
    assert service.ask("POST", "/pair", f"Origin: {CHROME}", body=shown).status == 200
    wrong = service.ask("POST", "/pair", f"Origin: {OTHER}", body=b'{"code": "999999"}')
    for origin in (CHROME, OTHER, FIREFOX):
        answer = service.ask("POST", "/pair", f"Origin: {origin}", body=shown)
        assert (answer.status, answer.kind, answer.body) == (403, "pairing-refused", wrong.body)


def test_preflights_of_strangers_are_refused(service: Service) -> None:
    """A page, an extension that was not paired, one that asks for what pairing does not need: no permission at all."""
    asks = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization, content-type")
    for origin, path in [(WEB, "/draft"), (WEB, "/pair"), ("null", "/pair"), (OTHER, "/draft"), (FIREFOX, "/accounts")]:
        answer = service.ask("OPTIONS", path, f"Origin: {origin}", *asks)
        assert (answer.status, answer.kind) == (403, "wrong-origin"), (origin, path)
        assert not answer.permissions


def test_preflights_of_paired_browsers_are_exact(service: Service) -> None:
    """Its own origin, three methods, two headers, no cookies, and never everybody."""
    for origin, path in [(CHROME, "/draft"), (CHROME, "/pair"), (OTHER, "/pair"), (FIREFOX, "/pair")]:
        answer = service.ask("OPTIONS", path, f"Origin: {origin}", "Access-Control-Request-Method: PUT")
        assert answer.status == 204
        assert not answer.body
        assert answer.permissions == {
            "access-control-allow-origin": origin,
            "access-control-allow-methods": "GET, POST, DELETE",
            "access-control-allow-headers": "Authorization, Content-Type",
            "access-control-expose-headers": "Cyrano-Api, Retry-After",
            "access-control-max-age": "600",
        }
        assert answer.headers["vary"] == "Origin"


def test_a_browser_that_gave_its_token_back_is_a_stranger(service: Service) -> None:
    """Its origin is bound to nothing any more: no preflight, no permission."""
    assert service.ask("DELETE", "/pair", service.bearer("paired"), f"Origin: {CHROME}").status == 204
    answer = service.ask("OPTIONS", "/draft", f"Origin: {CHROME}", "Access-Control-Request-Method: POST")
    assert (answer.status, answer.permissions) == (403, {})
    assert service.draft(service.bearer("paired"), f"Origin: {CHROME}").status == 403


def test_nothing_can_be_framed(service: Service) -> None:
    """Pages, their files, errors, what a frame would show of the interface: no page of any site may hold it."""
    for path in (*PAGES, "/static/console.css", "/openapi.json", "/nothing", "/draft", "/console/browsers"):
        answer = service.ask("GET", path, "Sec-Fetch-Dest: iframe", "Sec-Fetch-Site: cross-site")
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_looking_changes_nothing(service: Service) -> None:
    """GET and HEAD of all that does something: refused, whatever the address or a header pretends."""
    made = service.house.pairings.make(["ana"])
    before = service.house.tokens.list("ana")[0].handle
    tricks = ("X-HTTP-Method-Override: POST", "X-HTTP-Method: DELETE", "X-Method-Override: DELETE")
    for path in (*DOING, "/console/browsers/pair", "/console/browsers/revoke"):
        for method in ("GET", "HEAD"):
            for query in ("", f"?code={made.code}&_method=POST&instruction=x&handle={before}"):
                answer = service.ask(method, path + query, service.bearer("ana"), *tricks)
                assert answer.status == 405, (method, path)
                assert method == "GET" or not answer.body
    assert service.house.pairings.state(made.key) is State.LIVE
    assert service.house.tokens.list("ana")[0].handle == before
    assert service.drafted == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "CONNECT", "post", "BREW"])
def test_other_methods_are_none(service: Service, method: str) -> None:
    """What no address knows is refused, and a request is never echoed."""
    answer = service.ask(method, "/draft", service.bearer("ana"), body=DRAFT)
    assert answer.status in {400, 404, 405, 501}
    assert service.tokens["ana"].encode() not in answer.body
    assert service.drafted == 0


def test_a_head_tells_no_more_than_its_get(service: Service) -> None:
    """And needs the same token."""
    assert service.ask("HEAD", "/drafts").status == 401
    assert service.ask("HEAD", "/drafts", service.bearer("ana"), f"Origin: {WEB}").status == 403
    assert service.ask("HEAD", "/drafts", service.bearer("ana")).body == b""
