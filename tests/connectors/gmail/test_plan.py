"""What Gmail's history may hold that the stand-in's never does, against an answering function."""

import httpx2

from connectors.gmail.account import GmailAccount
from connectors.gmail.wire import GmailWire
from tests.connectors.samples import account_record
from tests.gmail.standin import plenty
from tests.gmail.tokens import Tokens
from tests.gmail.truth import encoded


def added(*messages: str) -> list[dict[str, object]]:
    """Say that messages came to be sent mail."""
    return [{"message": {"id": each, "threadId": "t", "labelIds": ["SENT"]}} for each in messages]


PAGES = {
    "": {
        "history": [
            {"id": "11", "messagesAdded": added("a", "b")},
            {"id": "12", "labelsAdded": [{"message": {"id": "a", "threadId": "t"}, "labelIds": ["SENT"]}]},
            {"id": "13", "labelsAdded": [{"message": {"id": "z", "threadId": "t"}, "labelIds": ["STARRED"]}]},
        ],
        "historyId": "15",
        "nextPageToken": "2",
    },
    "2": {"history": [{"id": "14", "messagesAdded": added("c", "d", "e")}], "historyId": "99"},
}


def google(request: httpx2.Request) -> httpx2.Response:
    """Tell a history on two pages, and any message."""
    if request.url.path.endswith("/history"):
        return httpx2.Response(200, json=PAGES[request.url.params.get("pageToken", "")])
    message = request.url.path.rpartition("/")[2]
    return httpx2.Response(200, json={"id": message, "labelIds": ["SENT"], "raw": encoded(message.encode())})


def account() -> GmailAccount:
    """Open an account on that history."""
    wire = GmailWire("ana", Tokens("good"), quota=plenty(), transport=httpx2.MockTransport(google))
    return GmailAccount(account_record(kind="gmail"), Tokens("good"), wire=wire)


def test_a_record_is_done_when_all_its_messages_are() -> None:
    """Until then the cursor stays before it: whoever stops between two messages comes back to both."""
    found = [(message.raw.decode(), message.cursor) for message in account().sent_since("history:10")]
    assert [message for message, _ in found] == ["a", "b", "c", "d", "e"]
    assert [cursor for _, cursor in found[:-1]] == ["history:10", "history:11", "history:13", "history:13"]


def test_the_last_cursor_is_the_point_of_the_first_page() -> None:
    """What came while pages were turned is told again rather than not at all."""
    assert [message.cursor for message in account().sent_since("history:10")][-1] == "history:15"


def test_what_is_counted_is_what_comes() -> None:
    """A message that is named twice is one."""
    assert account().count_since("history:10") == 5
