"""The stand-in: where it must be as strict as Gmail, or tests against it prove little."""

import httpx2
import pytest

from tests.connectors.samples import raw_mail
from tests.gmail.standin import READONLY, Gmail

pytestmark = pytest.mark.server

ME = "/gmail/v1/users/me"


def answer(number: int, *, subject: str) -> bytes:
    """Write an answer to a mail."""
    return f"Subject: {subject}\r\nMessage-ID: <a{number}@x>\r\nIn-Reply-To: <m{number}@example.org>\r\n\r\nx".encode()


def thread_of(gmail: Gmail, message: str) -> str:
    """Return a message's thread."""
    return str(gmail.mailbox.ask("GET", f"{ME}/messages/{message}", "format=minimal").json["threadId"])


def test_a_draft_joins_a_thread_only_if_all_agrees(gmail: Gmail) -> None:
    """The thread's id, the headers and the subject."""
    received = gmail.deliver(raw_mail(1))
    thread = thread_of(gmail, received)
    for raw, joins in [
        (answer(1, subject="Re: Mail 1"), True),
        (answer(1, subject="Other"), False),
        (answer(2, subject="Re: Mail 1"), False),
    ]:
        message = gmail.mailbox.create_draft(raw, thread).json["message"]["id"]
        assert (thread_of(gmail, message) == thread) == joins
    assert thread_of(gmail, gmail.mailbox.create_draft(answer(1, subject="Re: Mail 1")).json["message"]["id"]) != thread
    assert gmail.mailbox.create_draft(answer(1, subject="Re: Mail 1"), "thr_none").status == 404


def test_an_edit_changes_the_message_and_not_the_draft(gmail: Gmail) -> None:
    """However often."""
    draft = gmail.write_draft(raw_mail(1))
    seen = {dict(gmail.mailbox.drafts())[draft]}
    for number in range(3):
        gmail.edit_draft(draft, f"Version {number}")
        assert [*gmail.drafts()] == [draft]
        seen.add(dict(gmail.mailbox.drafts())[draft])
        assert f"Version {number}".encode() in gmail.drafts()[draft]
    assert len(seen) == 4
    gmail.delete_draft(draft)
    assert gmail.drafts() == {}


def test_tokens_are_looked_at(gmail: Gmail) -> None:
    """A wrong one is nobody's, and a narrow one writes nothing."""
    gmail.tokens["reader"] = frozenset({READONLY})

    def status(verb: str, path: str, token: str) -> int:
        headers = {"authorization": f"Bearer {token}"}
        body = {"message": {"raw": "eA=="}} if verb == "POST" else None
        return httpx2.request(verb, f"{gmail.url}{path}", headers=headers, json=body, trust_env=False).status_code

    assert status("GET", f"{ME}/profile", "good") == 200
    assert status("GET", f"{ME}/profile", "wrong") == 401
    assert status("GET", f"{ME}/drafts", "reader") == 200
    assert status("POST", f"{ME}/drafts", "reader") == 403


def test_a_wrong_request_is_remembered(gmail: Gmail) -> None:
    """Though the stand-in behind would have let it pass."""
    headers = {"authorization": "Bearer good"}
    httpx2.get(f"{gmail.url}{ME}/messages?labelId=SENT", headers=headers, trust_env=False)
    assert gmail.violations == ["gmail.users.messages.list: unknown parameter labelId"]
    gmail.violations.clear()
