"""The add-on's public name and the service at home: two doors that do not lead into each other."""

import json
import time

import pytest

from service.addon.host import is_at_addons_door
from service.addon.settings import AddonSettings
from service.problems import WrongHost
from tests.service.addon.google import URL, Gmail, sign, system_claims
from tests.service.addon.house import AddonHouse
from tests.service.addon.reading import title

HOME = "http://127.0.0.1:8380"
BEHIND = [
    "/",
    "/adapters",
    "/draft",
    "/drafts",
    "/accounts",
    "/static/console.js",
    "/openapi.json",
    "/healthz",
    "/pair",
]
TRICKS = [
    "/addon",
    "/addonx/home",
    "/addon/../draft",
    "/Addon/home",
    "/static/../addon/home",
    "//addon/home",
    "/x/addon/home",
]


@pytest.mark.parametrize("path", BEHIND + TRICKS)
def test_public_name_reaches_the_add_on_alone(path: str, house: AddonHouse) -> None:
    """Through the tunnel nothing else is to be had, with a good token and though the name is allowed."""
    house.http = house.http.model_copy(update={"allowed_hosts": (*house.http.allowed_hosts, "cyrano.example.org")})
    headers = {"Authorization": f"Bearer {house.house.tokens.create('ana', 'test')}"}
    for method in ("GET", "POST", "HEAD", "OPTIONS"):
        response = house.client.open(path, method=method, base_url=URL, headers=headers, json={"instruction": "hi"})
        assert response.status_code in {404, 405, 421}
        assert "Lunch" not in response.text
    assert house.house.retriever.asked == []


@pytest.mark.parametrize("host", ["cyrano.example.org:8380", "CYRANO.example.org:80", "cyrano.example.org.:8380"])
@pytest.mark.parametrize("path", ["/", "/draft", "/console/browsers", "/accounts"])
def test_public_name_is_the_same_with_every_port(path: str, host: str, house: AddonHouse) -> None:
    """However the tunnel spells it, and though a configuration allowed it before it was the add-on's."""
    names = ("cyrano.example.org", "cyrano.example.org:80", "cyrano.example.org.")
    house.http = house.http.model_copy(update={"allowed_hosts": names})
    headers = {"Authorization": f"Bearer {house.house.tokens.create('ana', 'test')}", "Host": host}
    response = house.client.post(path, headers=headers, json={"instruction": "hi"})
    assert response.status_code == 421


@pytest.mark.parametrize(
    "path", ["home", "message", "compose", "write", "refresh", "change", "again", "insert", "discard"]
)
def test_add_on_is_reached_by_its_public_name_alone(path: str, house: AddonHouse) -> None:
    """At home nobody answers there, whatever tokens come."""
    for base in (HOME, "http://localhost:8380", "http://evil.example", "https://cyrano.example.org.evil.example"):
        assert house.post(path, Gmail().event(path), base_url=base).status_code == 421


def test_service_at_home_goes_on_as_before(house: AddonHouse) -> None:
    """With the add-on switched on, the console and the interface work where they did."""
    assert house.client.get("/", base_url=HOME).status_code == 200
    headers = {"Authorization": f"Bearer {house.house.tokens.create('ana', 'test')}"}
    assert house.client.get("/accounts", base_url=HOME, headers=headers).status_code == 200
    assert house.client.get("/accounts", base_url="http://evil.example", headers=headers).status_code == 421


def test_switched_off_there_is_nothing(house: AddonHouse) -> None:
    """Off is the default: no route, and the public name is a stranger's."""
    assert not AddonSettings().enabled
    from service.web import create_app  # noqa: PLC0415

    client = create_app(house.house.parts(), house.http).test_client()
    assert client.post("/addon/home", base_url=HOME, json={}).status_code in {404, 421}
    assert client.post("/addon/home", base_url=URL, json={}).status_code == 421


@pytest.mark.parametrize("host", ["cyrano.example.org", "CYRANO.example.org", "cyrano.example.org:443"])
def test_name_counts_in_any_case_and_with_its_port(host: str) -> None:
    """A proxy may write the name as it likes."""
    settings = AddonSettings(enabled=True, url=URL, service_account="x", client_id="y")
    assert is_at_addons_door(host, "/addon/home", settings)
    for other in ("cyrano.example.org:8380", "x.cyrano.example.org", ""):
        with pytest.raises(WrongHost):
            is_at_addons_door(other, "/addon/home", settings)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://mail.google.com", "chrome-extension://abc"]
)
def test_page_cannot_ask_the_add_on(origin: str, house: AddonHouse) -> None:
    """Google's servers ask here, no browser does: whatever names an origin is refused."""
    headers = {"Authorization": f"Bearer {sign(system_claims('home'))}", "Origin": origin}
    assert house.post("home", Gmail().event("home"), headers=headers).status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_forms_are_refused(kind: str, house: AddonHouse) -> None:
    """What a page's form can send is not read as an event."""
    assert house.post("home", json.dumps(Gmail().event("home")).encode(), content_type=kind).status_code == 415


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"commonEventObject": 1}', b"[" * 50_000, b'{"gmail": {"messageId": {}}}']
)
def test_what_is_no_event_is_refused_in_words(body: bytes, house: AddonHouse) -> None:
    """Broken requests get a clear answer and do no harm."""
    response = house.post("home", body)
    assert response.status_code in {400, 401, 422}
    assert response.get_json(force=True)["hint"]


ILL_FORMED = [b"null", b'{"commonEventObject": 1}', b'{"gmail": {"toRecipients": 7}}']


@pytest.mark.parametrize("body", ILL_FORMED)
def test_nothing_but_the_tokens_is_read_before_they_are_good(body: bytes, house: AddonHouse) -> None:
    """Whoever has none is turned away at once, whatever else stands in the request; Google is told what is wrong."""
    if body != b"null":
        for bearer in ("", "no.token.atall", sign(system_claims("write"))):
            assert house.post("home", body, bearer=bearer).status_code == 401
    assert house.post("home", body).status_code == 422


def test_long_request_of_a_stranger_costs_next_to_nothing(house: AddonHouse) -> None:
    """As long as a request may be, in each of its places, and in the way that is hardest to read."""
    long = "a" * 250_000
    places: list[dict[str, object]] = [{"gmail": {"toRecipients": [long]}}, {"gmail": {"messageId": long}}]
    places += [{"commonEventObject": {"userLocale": long}}, {"authorizationEventObject": {"userIdToken": long}}]
    began = time.monotonic()
    for event in places:
        for bearer in ("", "no.token.atall"):
            assert house.post("home", event, bearer=bearer).status_code == 401
    assert time.monotonic() - began < 2


def test_half_a_letter_in_a_box_is_written_as_one_that_cannot_be_read(house: AddonHouse) -> None:
    """A box that was cut off within an emoji does not lose its owner the draft."""
    event = json.dumps(Gmail().event("write", inputs={"instruction": "say yes HALF"})).replace("HALF", "\\ud83d")
    response = house.post("write", event.encode())
    assert response.status_code == 200
    assert title(response.get_json()) == "Draft"
    assert house.house.retriever.asked[0].instruction == "say yes \ufffd"
