"""Pairing as an extension does it."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.access.scopes import Scope
from tests.service.stand_ins import House

BASE = "http://127.0.0.1:8380"
CHROME = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
FIREFOX = "moz-extension://4f1c0a52-9e4c-4a5e-8f0b-1b6a0d6a7c11"


def pair(client: FlaskClient, code: str, *, origin: str = CHROME, name: str = "Chrome 156 on Linux") -> TestResponse:
    """`POST /pair` as an extension does."""
    body = {"code": code, "client": name}
    return client.post("/pair", json=body, headers={"Origin": origin}, base_url=BASE)


def bearer(token: str, **more: str) -> dict[str, str]:
    """The headers of an extension."""
    return {"Authorization": f"Bearer {token}", **more}


def test_a_browser_is_paired_drafts_and_gives_its_token_back(client: FlaskClient, house: House) -> None:
    """From the code to a draft, and to a token that is good no more."""
    answer = pair(client, house.pairings.make(["ana", "bob"]).code)
    assert answer.status_code == 200
    assert (answer.json["api"], bool(answer.json["version"])) == (1, True)  # type: ignore[index]  # it is there
    ana, bob = answer.json["accounts"]  # type: ignore[index]
    assert (ana["name"], ana["owner"], ana["addresses"]) == ("ana", "Ana Lopez <ana@example.org>", ["ana@example.org"])
    assert bob["name"] == "bob"
    mine = bearer(ana["token"], Origin=CHROME)
    drafted = client.post("/draft", json={"instruction": "meet Marta"}, headers=mine, base_url=BASE)
    assert drafted.status_code == 200
    assert drafted.headers["Access-Control-Allow-Origin"] == CHROME
    assert client.get("/accounts", headers=bearer(ana["token"]), base_url=BASE).status_code == 200
    assert client.delete("/pair", headers=mine, base_url=BASE).status_code == 204
    # The origin is bound for Bob's sake still: Ana's token is what is refused.
    assert client.post("/draft", json={"instruction": "x"}, headers=mine, base_url=BASE).status_code == 401
    assert client.get("/accounts", headers=bearer(bob["token"]), base_url=BASE).status_code == 200


def test_the_console_makes_a_code_for_its_own_account(client: FlaskClient, house: House) -> None:
    """Bob's console lets a browser into Bob's account alone."""
    token = house.tokens.create("bob", "console")
    made = client.post("/pairing", headers=bearer(token, Origin=BASE), base_url=BASE)
    assert made.status_code == 200
    assert made.json
    assert made.json["expires_at"].endswith("Z")
    assert [each["name"] for each in pair(client, made.json["code"]).json["accounts"]] == ["bob"]  # type: ignore[index]


def test_a_browsers_name_is_made_fit_to_be_shown(client: FlaskClient, house: House) -> None:
    """No escape sequence of a terminal, no line break, no end: names come from outside."""
    evil = "Chrome\x1b[2J\x1b]0;x\x07\r\nana  root \u202eevil\u200b " + "x" * 200
    assert pair(client, house.pairings.make(["ana"]).code, name=evil).status_code == 200
    (row,) = house.tokens.list()
    assert row.label.startswith("Chrome [2J ]0;x ana root evil xxx")
    assert len(row.label) <= 80
    assert pair(client, house.pairings.make(["bob"]).code, name="\0\u200b").status_code == 200
    assert house.tokens.list("bob")[0].label == "a browser"


@pytest.mark.parametrize(
    "body", [[], {}, {"code": 123456}, {"code": "1", "more": 1}, {"code": "1" * 65}, {"code": None}]
)
def test_a_wrong_body_is_told(client: FlaskClient, body: object) -> None:
    """In the form of all errors, and without a try."""
    response = client.post("/pair", json=body, headers={"Origin": CHROME}, base_url=BASE)
    assert response.status_code == 422
    assert response.get_json(force=True)["type"] == "urn:cyrano:invalid-body"


def test_tries_of_one_address_are_limited(client: FlaskClient, house: House) -> None:
    """Code after code, a guesser at one address gets ten tries a minute."""
    said = []
    for _ in range(3):
        house.pairings.make(["ana"])
        said += [pair(client, "999999").status_code for _ in range(5)]
    assert said == [403] * 10 + [429] * 5
    response = pair(client, "999999")
    assert 50 < int(response.headers["Retry-After"]) <= 60
    assert response.get_json(force=True)["type"] == "urn:cyrano:too-fast"


def test_only_a_paired_browser_gives_its_token_back_here(client: FlaskClient, house: House) -> None:
    """The console's and a program's are revoked by label."""
    token = house.tokens.create("ana", "console")
    response = client.delete("/pair", headers=bearer(token), base_url=BASE)
    assert response.status_code == 403
    assert "cyrano token revoke" in response.get_json(force=True)["hint"]
    assert client.get("/accounts", headers=bearer(token), base_url=BASE).status_code == 200


def test_every_answer_says_which_interface_it_speaks(client: FlaskClient) -> None:
    """Pages, errors, refusals: a client can tell Cyrano from whatever else listens there."""
    for path, headers in [("/", {}), ("/draft", {}), ("/healthz", {}), ("/nothing", {}), ("/", {"Origin": "null"})]:
        response = client.get(path, headers=headers, base_url=BASE)
        assert response.headers["Cyrano-Api"] == "1", path
        assert response.headers["Vary"] == "Origin"
    assert client.get("/", base_url="http://evil.example").headers["Cyrano-Api"] == "1"


def test_a_browser_may_read_the_answers_headers(client: FlaskClient, house: House) -> None:
    """Errors too carry what lets the extension see them, and when to ask again."""
    (ana,) = pair(client, house.pairings.make(["ana"]).code).json["accounts"]  # type: ignore[index]
    for response in (
        client.post("/draft", json={}, headers=bearer(ana["token"], Origin=CHROME), base_url=BASE),
        client.post("/draft", json={}, headers=bearer("cyr_wrong", Origin=CHROME), base_url=BASE),
        pair(client, "999999", origin=FIREFOX),
    ):
        assert response.status_code in {401, 403, 422}
        assert response.headers["Access-Control-Allow-Origin"] in {CHROME, FIREFOX}
        assert response.headers["Access-Control-Expose-Headers"] == "Cyrano-Api, Retry-After"
        assert "Access-Control-Allow-Credentials" not in response.headers


def test_a_token_drafts_so_often_a_minute(house: House) -> None:
    """The one too many is told when it may ask again; other tokens are not slowed."""
    from service.http import HttpSettings  # noqa: PLC0415
    from service.web import create_app  # noqa: PLC0415

    client = create_app(house.parts(), HttpSettings(drafts_per_minute=3, drafts_at_once=1)).test_client()
    ana, bob = (bearer(house.tokens.create(name, "x", scopes=[Scope.DRAFT])) for name in ("ana", "bob"))

    def draft(headers: dict[str, str]) -> TestResponse:
        return client.post("/draft", json={"instruction": "x"}, headers=headers, base_url=BASE)

    assert [draft(ana).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    said = draft(ana).get_json(force=True)
    # Being refused takes no place among those that are in the making at once.
    assert (said["type"], 50 < said["retry_after_s"] <= 60) == ("urn:cyrano:too-fast", True)
    assert draft(bob).status_code == 200


def test_it_is_written_down_who_was_let_in(client: FlaskClient, house: House) -> None:
    """Pairing, drafting, a refusal: who, what, how it ended; a stranger's words about himself are not kept."""
    (ana,) = pair(client, house.pairings.make(["ana"]).code).json["accounts"]  # type: ignore[index]
    mine = bearer(ana["token"], Origin=CHROME)
    client.post("/draft", json={"instruction": "the blue pot"}, headers=mine, base_url=BASE).close()
    client.post("/pairing", headers=mine, base_url=BASE).close()
    client.post("/draft", json={}, headers={"Origin": "https://evil.example"}, base_url=BASE).close()
    pair(client, "999999").close()
    counts = house.audit.read()
    found = {(each.use.account, each.use.label, each.use.action, each.use.outcome, each.use.origin) for each in counts}
    label = "Chrome 156 on Linux"
    assert found == {
        ("ana", label, "POST /pair", "ok", CHROME),
        ("ana", label, "POST /draft", "ok", CHROME),
        ("ana", label, "POST /pairing", "wrong-scope", CHROME),
        ("", "", "POST /draft", "wrong-origin", "elsewhere"),
        ("", "", "POST /pair", "pairing-refused", "elsewhere"),
    }
    assert "blue pot" not in str(counts)
