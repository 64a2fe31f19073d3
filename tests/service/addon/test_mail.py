"""The open mail from Gmail: one mail, read, with two tokens; every other answer in words."""

import base64
import json

import httpx2
import pytest

from connectors.errors import AccountError, CyranoError, Unreachable
from service.addon.mail import LARGEST_BYTES, ConsentMissing, MailReader
from tests.service.addon.house import MAIL, GmailServer


def read(handler: object, message_id: str = "m1") -> object:
    """Read a mail from a server that answers as the test wants."""
    reader = MailReader(transport=httpx2.MockTransport(handler))  # type: ignore[arg-type]
    return reader.read(message_id, access_token="ya29.user", message_token="message-token", timeout_s=5)


def answers(status: int, content: bytes = b"") -> object:
    """A server with one answer."""
    return lambda _: httpx2.Response(status, content=content)


def test_mail_is_asked_for_as_google_says() -> None:
    """A GET for the raw message, the user's token as bearer, the mail's in its own header."""
    server = GmailServer()
    email = read(server)
    (request,) = server.asked
    assert (request.method, str(request.url)) == (
        "GET",
        "https://gmail.googleapis.com/gmail/v1/users/me/messages/m1?format=raw",
    )
    assert request.headers["authorization"] == "Bearer ya29.user"
    assert request.headers["x-goog-gmail-access-token"] == "message-token"
    assert (email.subject, email.message_id) == ("Lunch", "m1@example.org")  # type: ignore[attr-defined]


def test_number_stays_one_part_of_the_address() -> None:
    """Whatever a number holds, it leads to no other address."""
    server = GmailServer(mails={})
    with pytest.raises(AccountError):
        read(server, "m1/../../drafts?x=")
    assert server.asked[0].url.raw_path.startswith(b"/gmail/v1/users/me/messages/m1%2F..%2F..%2Fdrafts%3Fx%3D?")


@pytest.mark.parametrize(
    ("status", "content", "error", "said"),
    [
        (401, b"{}", ConsentMissing, "does not let the add-on read"),
        (403, b'{"error": {"status": "PERMISSION_DENIED"}}', ConsentMissing, "does not let the add-on read"),
        (403, b'{"error": {"errors": [{"reason": "rateLimitExceeded"}]}}', Unreachable, "cannot answer now"),
        (404, b"{}", AccountError, "not there any more"),
        (429, b"", Unreachable, "cannot answer now"),
        (500, b"<html>", Unreachable, "cannot answer now"),
        (302, b"", Unreachable, "cannot answer now"),
        (200, b"", Unreachable, "cut off"),
        (200, b"[]", Unreachable, "cut off"),
        (200, b'{"id": "m1"}', Unreachable, "cut off"),
        (200, b'{"raw": 7}', Unreachable, "cut off"),
        (200, b'{"raw": "A"}', Unreachable, "cut off"),
        (200, json.dumps({"raw": base64.urlsafe_b64encode(b" \n").decode()}).encode(), CyranoError, "empty"),
    ],
)
def test_every_other_answer_says_what_to_do(status: int, content: bytes, error: type[CyranoError], said: str) -> None:
    """Refusals, absences and broken answers become errors with a hint."""
    with pytest.raises(error, match=said) as caught:
        read(answers(status, content))
    assert caught.value.hint


def test_wire_that_breaks_is_said() -> None:
    """No connection, and one that hangs, are told apart from a refusal."""

    def broken(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("late", request=request)

    with pytest.raises(Unreachable, match="does not hand over"):
        read(broken)


def test_huge_answer_is_not_read_to_its_end() -> None:
    """What is larger than any mail is given up while it comes."""
    sent = 0

    def endless() -> object:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * (1 << 20)

    with pytest.raises(AccountError, match="too large"):
        read(lambda _: httpx2.Response(200, content=endless()))
    assert sent <= (LARGEST_BYTES >> 20) + 2


def test_padding_may_be_missing() -> None:
    """Google leaves it out."""
    for extra in range(4):
        body = json.dumps({"raw": base64.urlsafe_b64encode(MAIL + b"x" * extra).decode().rstrip("=")}).encode()
        assert read(answers(200, body))
