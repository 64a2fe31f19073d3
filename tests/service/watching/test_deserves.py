"""Which mail deserves a draft."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.watching.deserves import Rules, read_incoming, why_no_draft
from tests.service.watching.watched import ANA, NOW, mail

RULES = Rules(max_age=timedelta(days=30))


def _invitation() -> bytes:
    parts = b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\n\r\nYou are invited.\r\n--b\r\n'
    calendar = b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n--b--\r\n"
    return mail().partition(b"\r\n\r\n")[0] + b"\r\n" + parts + calendar


def why(raw: bytes, rules: Rules = RULES, *, is_chosen: bool = False) -> str:
    """Say why a mail gets no draft."""
    return why_no_draft(read_incoming(raw), ANA, rules, now=NOW, is_chosen=is_chosen)


@pytest.mark.parametrize("is_chosen", [False, True])
@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (mail(), ""),
        (mail().replace(b"Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n", b""), ""),
        (mail(sender="ana@example.org"), "own mail"),
        (mail(extra="Reply-To: ana@example.org\r\n"), "own mail"),
        (mail(extra="X-Spam-Flag: YES\r\n"), "spam"),
        (mail(extra="X-Spam-Status: Yes, score=9.1\r\n"), "spam"),
        (mail(extra="X-Spam-Status: No, score=0.1\r\n"), ""),
        (mail(extra="X-MS-Exchange-Organization-SCL: 6\r\n"), "spam"),
        (mail(extra="X-MS-Exchange-Organization-SCL: -1\r\n"), ""),
        (mail(extra="Auto-Submitted: auto-replied\r\n"), "written by a program"),
        (mail(extra="Precedence: bulk\r\n"), "sent to many"),
        (mail(extra="List-Id: <all.example>\r\n"), "sent to many"),
        (mail(extra="List-Unsubscribe: <https://x.example>\r\n"), "sent to many"),
        (_invitation(), "written by a calendar"),
        (mail(sender="no-reply@shop.example"), "nobody reads the answer"),
        (mail(sender="noreply+17@shop.example"), "nobody reads the answer"),
        (mail(sender="calendar-notification-noreply@shop.example"), "nobody reads the answer"),
        (mail(sender="do_not_reply@shop.example"), "nobody reads the answer"),
        (mail(sender="nicht-antworten@laden.example"), "nobody reads the answer"),
        (mail(sender="mailer-daemon@example.org"), "nobody reads the answer"),
        (mail(sender="noreen@example.net"), ""),
        (mail().replace(b"Can you come on Monday?", b""), "no text"),
        (mail(sent_at="Fri, 20 Nov 2024 10:00:00 +0000"), "too old"),
        (mail().replace(b"m1@x", b"m" * 901 + b"@x"), "its id is too long to be named in an answer"),
    ],
)
def test_machines_lists_oneself_and_the_past_deserve_none(raw: bytes, reason: str, *, is_chosen: bool) -> None:
    """Even chosen by hand."""
    assert why(raw, is_chosen=is_chosen) == reason


@pytest.mark.parametrize(
    "raw", [mail(to="carl@example.net", extra="Cc: ana@example.org\r\n"), mail(to="all@x.example")]
)
def test_what_is_not_addressed_to_the_owner_must_be_chosen(raw: bytes) -> None:
    """A copy, a blind copy, an alias: by itself such a mail gets no draft."""
    assert why(raw) == "not addressed to its owner"
    assert why(raw, is_chosen=True) == ""


def test_the_deny_list_names_addresses_and_domains() -> None:
    """Domains with all below them; nothing that only looks alike."""
    for name in ("ben@example.net", "Example.net", "@example.net", "net"):
        assert why(mail(), replace(RULES, deny=(name,))) == "its sender is on the deny list", name
    for name in ("ben@example.org", "ple.net", "en@example.net", "mail.example.net"):
        assert why(mail(), replace(RULES, deny=(name,))) == "", name
    assert why(mail(extra="Reply-To: c@bad.example\r\n"), replace(RULES, deny=("bad.example",)))


def test_with_an_allow_list_only_those_on_it_get_drafts() -> None:
    """And the deny list has the last word."""
    assert why(mail(), replace(RULES, allow=("example.net",))) == ""
    assert why(mail(), replace(RULES, allow=("carl@example.net",))) == "its sender is not on the allow list"
    assert why(mail(), replace(RULES, allow=("example.net",), deny=("ben@example.net",)))
