"""The kind of a mail follows from headers, subject and quoting; cases of whole messages are in `mail/`."""

import email

import pytest

from connectors.cleaning.headers import Headers
from connectors.cleaning.kinds import classify
from connectors.message import Kind


def kind(subject: str = "", header: str = "", *, quotes_as_forward: bool = False) -> Kind:
    """Classify a message with one header of interest."""
    headers = Headers(email.message_from_string(f"{header}\n\n"))
    return classify(headers, subject, is_report=False, quotes_as_forward=quotes_as_forward)


@pytest.mark.parametrize(
    "prefix",
    [
        "Re:",
        "RE: ",
        "Re[2]:",
        "AW:",
        "Antw:",
        "SV:",
        "RIF:",
        "R:",
        "Res:",
        "Rép :",
        "RE :",
        "回复\uff1a",
        "Odp:",
        "回覆:",
        "ΑΠ:",
        "השב:",
    ],
)
def test_reply_prefixes(prefix: str) -> None:
    """A reply is known by its subject in many languages."""
    assert kind(f"{prefix} Friday") is Kind.REPLY


@pytest.mark.parametrize(
    "prefix", ["Fwd:", "FW:", "WG:", "TR :", "RV:", "I:", "ENC:", "Doorst:", "[Fwd:", "PD:", "轉寄:", "İLT:"]
)
def test_forward_prefixes(prefix: str) -> None:
    """A forward is known by its subject in many languages."""
    assert kind(f"{prefix} Friday", "In-Reply-To: <a@b>") is Kind.FORWARD


@pytest.mark.parametrize("subject", ["Autosvar: Friday", "Автоответ", "自動返信: Friday", "رد تلقائي: Friday"])
def test_answers_of_programs_in_other_languages(subject: str) -> None:
    """A vacation reply is known by its subject, whatever its language."""
    assert kind(subject) is Kind.AUTO


@pytest.mark.parametrize(
    "subject", ["Reform", "Regarding Friday", "Award", "Identity", "Friday: fwd this please", "Vacation", ""]
)
def test_plain_subjects(subject: str) -> None:
    """Words that begin like a prefix are none."""
    assert kind(subject) is Kind.NEW


def test_reply_to_a_forward() -> None:
    """Who answers a forward writes a reply."""
    assert kind("Re: Fwd: Friday", quotes_as_forward=True) is Kind.REPLY


def test_reference_makes_a_reply() -> None:
    """A reply whose subject was changed is one by its references."""
    assert kind("Something else", "References: <a@b>") is Kind.REPLY


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Auto-Submitted: auto-replied; owner-email=x", Kind.AUTO),
        ("Auto-Submitted: no", Kind.NEW),
        ("Precedence: auto_reply", Kind.AUTO),
        ("Precedence: bulk", Kind.BULK),
        ("List-Id: <x>", Kind.BULK),
        ("Return-Path: <>", Kind.AUTO),
        ("X-Autorespond: yes", Kind.AUTO),
    ],
)
def test_headers(header: str, expected: Kind) -> None:
    """Programs and lists say so in a header."""
    assert kind("Friday", header) is expected
