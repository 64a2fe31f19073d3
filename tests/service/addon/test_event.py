"""Google's events, read at the edge: what is named comes out, what is not known is left alone."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.addon.event import LONGEST_ADDRESS, MOST_RECIPIENTS, Event, Letter, addresses, plain_id
from service.problems import RequestError
from tests.service.addon.schema import check_schema

DOCUMENTED: dict[str, Any] = {
    "commonEventObject": {
        "hostApp": "GMAIL",
        "platform": "ANDROID",
        "userLocale": "de",
        "timeZone": {"offset": 3600000, "id": "Europe/Berlin"},
        "formInputs": {
            "instruction": {"stringInputs": {"value": ["say yes", "never read"]}},
            "empty": {"stringInputs": {"value": []}},
            "day": {"dateInput": {"msSinceEpoch": "1"}},
        },
        "parameters": {"job": "j1"},
    },
    "authorizationEventObject": {
        "userOAuthToken": "ya29",
        "systemIdToken": "s",
        "userIdToken": "u",
        "authorizedScopes": ["a", "b"],
    },
    "gmail": {
        "messageId": "msg-f:1849",
        "threadId": "thread-f:1849",
        "accessToken": "AM0",
        "toRecipients": ["Bob <Bob@Example.org>", "bob@example.org"],
        "ccRecipients": ["eve@example.org"],
        "bccRecipients": ["secret@example.org"],
    },
}


def read_event(raw: bytes) -> Event:
    """What a request says but for its tokens."""
    return Letter(raw).event


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*DOCUMENTED, "x", "value"]), inner),
    max_leaves=20,
)


def test_documented_event_is_read() -> None:
    """Each part lands where it belongs; recipients are bare and stand once; those of blind copies are among them."""
    event = read_event(json.dumps(DOCUMENTED).encode())
    assert (event.locale, event.inputs, event.parameters) == ("de", {"instruction": "say yes"}, {"job": "j1"})
    letter = Letter(json.dumps(DOCUMENTED).encode())
    assert (letter.system_token, letter.user_token, event.access_token) == ("s", "u", "ya29")
    assert (event.message_id, event.message_token, event.scopes) == ("msg-f:1849", "AM0", {"a", "b"})
    assert event.recipients == ("bob@example.org", "eve@example.org", "secret@example.org")


def test_what_google_documents_has_the_shape_of_the_schema() -> None:
    """The schema that the other tests hold their events against takes the documented one."""
    check_schema(DOCUMENTED, "event")


def test_event_of_the_home_card_has_next_to_nothing() -> None:
    """Parts that are missing are empty; scopes that are not named are not known."""
    event = read_event(b"{}")
    assert (event.locale, event.message_id, event.recipients, event.scopes) == ("", "", (), None)


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_is_read_or_refused(raw: bytes) -> None:
    """No bytes make anything but an event or an error with words."""
    try:
        read_event(raw)
    except RequestError as error:
        assert error.hint  # noqa: PT017  either way is good


@given(st.lists(st.text()))
def test_addresses_are_nothing_but_addresses(values: list[str]) -> None:
    """No blanks, brackets, commas or quotes get through, and not without end."""
    found = addresses((*values, *(f"a{number}@example.org" for number in range(60))))
    assert len(found) <= MOST_RECIPIENTS
    assert not [each for each in found if set(each) & set('<>,"') or each.split() != [each]]


HARD = ["a" * 250_000, "a@" * 125_000, "a@b," * 60_000, "a " * 120_000 + "@b", "@" * 250_000, "a@" + "b" * 250_000]


@pytest.mark.parametrize("value", HARD, ids=lambda value: value[:6])
def test_long_texts_are_searched_in_no_time(value: str) -> None:
    """As long as a request may be, in the ways that are hardest to search."""
    began = time.monotonic()
    assert len(addresses((value,))) <= 1
    assert time.monotonic() - began < 1


def test_address_too_long_to_be_one_is_none() -> None:
    """Others beside it count."""
    right, long = "a" * (LONGEST_ADDRESS - 2) + "@b", "a" * (LONGEST_ADDRESS - 1) + "@b"
    assert addresses((f"{long}, {right} <bob@example.org>",)) == (right, "bob@example.org")


def test_half_letters_are_shown_as_what_cannot_be_read() -> None:
    """In every text of an event, so that none ends as a mistake further on; whole ones stay."""
    half = json.dumps(DOCUMENTED).replace('"say yes"', r'"\ud83d yes \ud83d\ude00"').replace('"j1"', r'"\ude00"')
    event = read_event(half.replace('"AM0"', r'"\ud800"').replace("eve@", r"\udfffeve@").encode())
    assert (event.inputs, event.parameters) == ({"instruction": "\ufffd yes \U0001f600"}, {"job": "\ufffd"})
    assert (event.message_token, event.recipients[1]) == ("\ufffd", "\ufffdeve@example.org")


@pytest.mark.parametrize("changed", [{"userLocale": "en-GB"}, {"hostApp": "X"}])
def test_same_thing_is_asked_for_in_whatever_language_and_order(changed: dict[str, str]) -> None:
    """A request is known again by what it asks for, not by how that was written."""
    other = {**dict(reversed(DOCUMENTED.items())), "commonEventObject": {**DOCUMENTED["commonEventObject"], **changed}}
    assert (
        read_event(json.dumps(other, indent=1).encode() + b" ").asked()
        == read_event(json.dumps(DOCUMENTED).encode()).asked()
    )


@pytest.mark.parametrize(
    ("value", "id_"), [("18f-a_b", "18f-a_b"), ("msg-f:18", "msg-f:18"), ("a/b", ""), ("a b", ""), ("a\n", "")]
)
def test_number_of_a_mail_is_plain(value: str, id_: str) -> None:
    """What could lead elsewhere is no number."""
    assert plain_id(value) == id_
