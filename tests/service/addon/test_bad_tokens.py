"""Requests that are not Google's, or not for the person they name: none is served, each for the reason it should be."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from tests.service.addon import google
from tests.service.addon.google import Gmail, sign, system_claims, times, user_claims
from tests.service.addon.house import AddonHouse
from tests.service.stand_ins import account

Json = dict[str, Any]


class Bad(NamedTuple):
    """A bad token, who should be refused for it and why."""

    name: str
    reason: str
    token: Callable[[Callable[..., Json]], str]
    """Makes it from good claims."""


def hmac_by_public_key(claims: Json) -> str:
    """The oldest trick: the public certificate taken for the secret of a symmetric signature."""
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415
    import json  # noqa: PLC0415

    head = google.encode(json.dumps({"alg": "HS256", "kid": google.KID, "typ": "JWT"}).encode())
    signed = f"{head}.{google.encode(json.dumps(claims).encode())}"
    secret = google.certificate(google.google_key()).encode()
    return f"{signed}.{google.encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def without_signature(token: str) -> str:
    """A token whose signature is cut off."""
    return token.rpartition(".")[0] + "."


def tampered(token: str, other: str) -> str:
    """A token with the content of another one."""
    head, _, signature = token.split(".")
    return ".".join((head, other.split(".")[1], signature))


BAD = [
    # Its form
    Bad("words", "unreadable", lambda _: "nothing of the sort"),
    Bad("two parts", "unreadable", lambda good: sign(good()).rpartition(".")[0]),
    Bad("four parts", "unreadable", lambda good: sign(good()) + ".AAAA"),
    Bad("header is no base64", "unreadable", lambda good: "%%%." + sign(good()).partition(".")[2]),
    Bad("header is no JSON", "unreadable", lambda good: sign(good(), raw_header=b"{")),
    Bad("header is a list", "unreadable", lambda good: sign(good(), raw_header=b'["RS256"]')),
    Bad("header is nested without end", "unreadable", lambda good: sign(good(), raw_header=b"[" * 4000)),
    Bad("content is a list", "unreadable", lambda _: sign([1, 2])),
    Bad("content is no JSON", "unreadable", lambda _: sign(b"{'iss'")),
    Bad("too long", "too-long", lambda good: sign(good(padding="x" * 9000))),
    # Its signature
    Bad("not signed", "signature", lambda good: without_signature(sign(good()))),
    Bad("algorithm none", "algorithm", lambda good: without_signature(sign(good(), header={"alg": "none"}))),
    Bad("algorithm None", "algorithm", lambda good: without_signature(sign(good(), header={"alg": "None"}))),
    Bad("algorithm missing", "algorithm", lambda good: sign(good(), header={"alg": None})),
    Bad("algorithm a list", "algorithm", lambda good: sign(good(), header={"alg": ["RS256"]})),
    Bad("symmetric by the public key", "algorithm", lambda good: hmac_by_public_key(good())),
    Bad(
        "another good algorithm",
        "algorithm",
        lambda good: sign(good(), key=google.curve_key(), header={"alg": "ES256"}),
    ),
    Bad("key of another sort", "signature", lambda good: sign(good(), header={"kid": "key-2"})),
    Bad("somebody else's key", "signature", lambda good: sign(good(), key=google.other_key())),
    Bad(
        "no key named, signed by another",
        "signature",
        lambda good: sign(good(), key=google.other_key(), header={"kid": None}),
    ),
    Bad("a key nobody knows", "unknown-key", lambda good: sign(good(), header={"kid": "key-9"})),
    Bad("a key that is a list", "unknown-key", lambda good: sign(good(), header={"kid": ["key-1"]})),
    Bad(
        "brings its own key",
        "signature",
        lambda good: sign(good(), key=google.other_key(), header={"jwk": {"kty": "RSA"}}),
    ),
    Bad(
        "names where its key lies",
        "signature",
        lambda good: sign(good(), key=google.other_key(), header={"jku": "https://evil.example"}),
    ),
    Bad("critical extension", "algorithm", lambda good: sign(good(), header={"crit": ["b64"]})),
    Bad("content of another token", "signature", lambda good: tampered(sign(good()), sign(good(sub="1")))),
    Bad("one letter changed", "signature", lambda good: sign(good())[:-9] + "AAAAAAAAA"),
    # Its times
    Bad("expired", "expired", lambda good: sign(good(**times(-3700, -11)))),
    Bad("from the future", "too-early", lambda good: sign(good(**times(60, 3660)))),
    Bad("never issued", "bad", lambda good: sign(good(iat=None))),
    Bad("never ends", "bad", lambda good: sign(good(exp=None))),
    Bad("ends in words", "bad", lambda good: sign(good(exp="tomorrow"))),
    Bad("ends at infinity", "times", lambda good: sign(good(exp=float("inf")))),
    Bad("ends at no number", "times", lambda good: sign(good(exp=float("nan")))),
    Bad("issued as true", "times", lambda good: sign(good(iat=True))),
    Bad("lives for years", "lifetime", lambda good: sign(good(**times(-5, 10**8)))),
    Bad("not good yet", "not-yet", lambda good: sign(good(nbf=times(600)["iat"]))),
    # What it says
    Bad("no issuer", "issuer", lambda good: sign(good(iss=None))),
    Bad("another issuer", "issuer", lambda good: sign(good(iss="https://accounts.example.com"))),
    Bad("an issuer like Google", "issuer", lambda good: sign(good(iss="https://accounts.google.com.evil.example"))),
    Bad("an issuer without TLS", "issuer", lambda good: sign(good(iss="http://accounts.google.com"))),
    Bad("no audience", "audience", lambda good: sign(good(aud=None))),
    Bad("another audience", "audience", lambda good: sign(good(aud="https://other.example.org/addon/home"))),
    Bad("many audiences", "audience", lambda good: sign(good(aud=[good()["aud"]]))),
    Bad("no address", "email-unverified", lambda good: sign(good(email=None))),
    Bad("an address that is a list", "email-unverified", lambda good: sign(good(email=[good()["email"]]))),
    Bad("an unverified address", "email-unverified", lambda good: sign(good(email_verified=False))),
    Bad("nothing said of the address", "email-unverified", lambda good: sign(good(email_verified=None))),
    Bad("verified in words", "email-unverified", lambda good: sign(good(email_verified="true"))),
    Bad("verified by a one", "email-unverified", lambda good: sign(good(email_verified=1))),
]

SYSTEM_ONLY = [
    Bad("another service account", "service-account", lambda good: sign(good(email="me@evil.iam.gserviceaccount.com"))),
    Bad(
        "service account in capitals", "service-account", lambda good: sign(good(email=google.SERVICE_ACCOUNT.upper()))
    ),
    Bad("for another address of ours", "audience", lambda _: sign(system_claims("message"))),
    Bad("address with a slash more", "audience", lambda good: sign(good(aud=f"{google.URL}/addon/home/"))),
    Bad("address without TLS", "audience", lambda good: sign(good(aud="http://cyrano.example.org/addon/home"))),
    Bad("address in capitals", "audience", lambda good: sign(good(aud="https://CYRANO.example.org/addon/home"))),
    Bad("address with a question", "audience", lambda good: sign(good(aud=f"{google.URL}/addon/home?x=1"))),
    Bad("host only", "audience", lambda good: sign(good(aud=google.URL))),
    Bad("a user's token", "audience", lambda _: sign(user_claims())),
]
USER_ONLY = [
    Bad("a system token", "audience", lambda _: sign(system_claims("home"))),
    Bad("an address that Google does not host", "not-googles-address", lambda good: sign(good(hd=None))),
    Bad("hosted by nobody", "not-googles-address", lambda good: sign(good(hd=""))),
    Bad("hosted by a list", "not-googles-address", lambda good: sign(good(hd=["example.org"]))),
    Bad("an address like Google's", "not-googles-address", lambda good: sign(good(hd=None, email="ana@notgmail.com"))),
    Bad("for another client", "audience", lambda good: sign(good(aud="999-xyz.apps.googleusercontent.com"))),
]


def good_system(**changes: object) -> Json:
    """Claims of a system token for the home card."""
    return system_claims("home", **changes)


def names(table: list[Bad]) -> list[str]:
    """What pytest calls the cases."""
    return [bad.name for bad in table]


def check_refused(house: AddonHouse, caplog: pytest.LogCaptureFixture, event: object, reason: str, **how: Any) -> None:
    """Nothing is served, the caller learns nothing, the log has the reason and no token."""
    caplog.set_level(logging.INFO)
    response = house.post("home", event, **how)
    assert response.status_code == 401
    assert response.get_json(force=True)["type"] == "urn:cyrano:not-allowed"
    assert "card" not in response.text.lower()
    assert "ana@example.org" not in response.text
    assert reason not in response.get_json(force=True)["detail"]
    (said,) = [record.getMessage() for record in caplog.records if record.name == "service.addon.door"]
    assert said == f"the add-on refused a request: {reason}"


@pytest.mark.parametrize("bad", BAD + SYSTEM_ONLY, ids=names(BAD + SYSTEM_ONLY))
def test_bad_system_token_is_refused(bad: Bad, house: AddonHouse, caplog: pytest.LogCaptureFixture) -> None:
    """Who is not Google gets no card, however near the token comes."""
    event = Gmail().event("home")
    event["authorizationEventObject"]["systemIdToken"] = ""
    check_refused(house, caplog, event, bad.reason, bearer=bad.token(good_system))


@pytest.mark.parametrize("bad", BAD + USER_ONLY, ids=names(BAD + USER_ONLY))
def test_bad_user_token_is_refused(bad: Bad, house: AddonHouse, caplog: pytest.LogCaptureFixture) -> None:
    """Google's word for itself is not its word for a person."""
    check_refused(house, caplog, Gmail(user_token=bad.token(user_claims)).event("home"), bad.reason)


@pytest.mark.parametrize("bad", BAD[:1] + SYSTEM_ONLY, ids=names(BAD[:1] + SYSTEM_ONLY))
def test_bad_token_in_the_event_is_refused_beside_a_good_one(
    bad: Bad, house: AddonHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Where header and event bring tokens, both must be good."""
    event = Gmail().event("home")
    event["authorizationEventObject"]["systemIdToken"] = bad.token(good_system)
    check_refused(house, caplog, event, bad.reason)


@pytest.mark.parametrize(
    ("header", "reason"),
    [("Basic YW5hOmFuYQ==", "no-bearer"), ("Bearer", "no-bearer"), ("Bearer  ", "no-bearer"), ("cyr_abc", "no-bearer")],
)
def test_header_that_is_no_bearer_token_is_refused(
    header: str, reason: str, house: AddonHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """A header of another sort is not passed over for the event's token."""
    check_refused(house, caplog, Gmail().event("home"), reason, headers={"Authorization": header})


def test_request_without_any_token_is_refused(house: AddonHouse, caplog: pytest.LogCaptureFixture) -> None:
    """No token, no card."""
    event = Gmail().event("home")
    event["authorizationEventObject"]["systemIdToken"] = ""
    check_refused(house, caplog, event, "no-token", bearer="")


def test_request_that_names_nobody_is_refused(house: AddonHouse, caplog: pytest.LogCaptureFixture) -> None:
    """Google without a person, where the person has consented to be named, gets nothing."""
    event = Gmail().event("home")
    del event["authorizationEventObject"]["userIdToken"]
    check_refused(house, caplog, event, "no-user")


@pytest.mark.parametrize("email", ["Ana@gmail.com", "ana@googlemail.com"])
def test_googles_own_mailboxes_need_no_domain(email: str, house: AddonHouse) -> None:
    """Whose mailbox Google itself hands out is good without a hosted domain."""
    house.accounts = lambda: [replace(account("ana"), addresses=frozenset({email}))]
    event = Gmail(user_token=sign(user_claims(email, hd=None))).event("home")
    assert "Ana Lopez" in house.post("home", event).text


def test_cyranos_own_token_opens_nothing_here(house: AddonHouse, caplog: pytest.LogCaptureFixture) -> None:
    """A token of the console is none of Google's."""
    event = Gmail().event("home")
    event["authorizationEventObject"]["systemIdToken"] = ""
    token = house.house.tokens.create("ana", "test")
    check_refused(house, caplog, event, "unreadable", bearer=token)


def test_the_table_is_long_enough() -> None:
    """Forty bad tokens at least, each once."""
    assert len(set(names(BAD + SYSTEM_ONLY + USER_ONLY))) == len(BAD + SYSTEM_ONLY + USER_ONLY) >= 40
