"""The judge of requests: it must notice what Google would."""

import pytest

from tests.gmail.discovery import Discovery

JUDGE = Discovery()
ME = "/gmail/v1/users/me"


def faults(verb: str, path: str, query: str = "", body: object = None) -> list[str]:
    """Judge a request."""
    match = JUDGE.match(verb, path)
    assert match is not None
    return JUDGE.faults(match, query, body)


@pytest.mark.parametrize(
    ("verb", "path", "method"),
    [
        ("GET", f"{ME}/messages/send", "gmail.users.messages.get"),
        ("POST", f"{ME}/messages/send", "gmail.users.messages.send"),
        ("POST", f"/upload{ME}/drafts/send", "gmail.users.drafts.send"),
        ("PUT", f"{ME}/drafts/r-1", "gmail.users.drafts.update"),
        ("GET", f"{ME}/history", "gmail.users.history.list"),
    ],
)
def test_finds_the_method(verb: str, path: str, method: str) -> None:
    """By verb and path."""
    match = JUDGE.match(verb, path)
    assert match is not None
    assert match.id == method


@pytest.mark.parametrize(
    ("verb", "path"), [("PATCH", f"{ME}/drafts/r-1"), ("GET", "/x"), ("GET", f"{ME}/messages/a/b")]
)
def test_finds_none_where_there_is_none(verb: str, path: str) -> None:
    """Google would answer 404."""
    assert JUDGE.match(verb, path) is None


def test_good_requests_are_good() -> None:
    """As the library writes them."""
    assert not faults("GET", f"{ME}/messages", "labelIds=A&labelIds=B&q=x&maxResults=500&alt=json")
    assert not faults("GET", f"{ME}/history", "startHistoryId=12345678901234567890123&historyTypes=labelAdded")
    assert not faults("POST", f"{ME}/drafts", "alt=json", {"message": {"raw": "eHk-_w==", "threadId": "t"}})
    assert not faults("DELETE", f"{ME}/drafts/r-1")


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (("GET", f"{ME}/messages", "label=SENT"), "unknown parameter label"),
        (("GET", f"{ME}/messages", "maxResults=many"), "no number"),
        (("GET", f"{ME}/messages", "maxResults=-1"), "no number from 0"),
        (("GET", f"{ME}/messages", "includeSpamTrash=yes"), "neither true nor false"),
        (("GET", f"{ME}/messages", "q=a&q=b"), "stands there 2 times"),
        (("GET", f"{ME}/messages/1", "format=RAW"), "is none of"),
        (("POST", f"{ME}/drafts", "", {"raw": "eA=="}), "unknown field body.raw"),
        (("POST", f"{ME}/drafts", "", {"message": {"raw": "a/+b"}}), "base64"),
        (("POST", f"{ME}/drafts", "", {"message": {"threadId": 7}}), "not of type string"),
        (("POST", f"{ME}/drafts", "", {"message": {"labelIds": "SENT"}}), "not of type array"),
        (("GET", f"{ME}/drafts", "", {}), "a body where none belongs"),
    ],
)
def test_bad_requests_are_noticed(request_: tuple[str, str, str, object], said: str) -> None:
    """Each with what is wrong."""
    assert any(said in fault for fault in faults(*request_))
