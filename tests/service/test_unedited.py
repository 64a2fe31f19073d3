"""A draft as it is composed for the mailbox, sent as it lay there: the sync knows it for Cyrano's."""

# ruff: noqa: RUF001  mail is written in many scripts

import email
import email.policy
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from connectors.archive import Archive
from connectors.cleaning import mime, signature
from connectors.composing.answered import read_answered
from connectors.composing.reply import ComposeSettings, compose_reply
from service.draft_row import Written
from service.learn import UNEDITED, Learner
from service.ledger import Ledger
from service.outcomes import Outcomes
from tests.connectors.samples import account_record
from tests.service.stand_ins import make_database

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SIGNATURE = "Ana Lopez\nHead of Plants, Green Ltd\n+49 30 1234567"
TEXTS = {
    "short": "Hi Ben,\n\nyes, that works for me.\n\nBest,\nAna",
    "long": "Hi Ben,\n\n" + "thank you for the plan, which looks good to me in every way; " * 6 + "\n\nBest,\nAna",
    "list": "Hi Ben,\n\nthree things:\n\n- the plan\n- the price\n- the date\n\n> not a quote\n\nAna",
    "marks": "Hallo Ben,\n\ndas „Grüne“ – 5 < 6 & 7 > 3 – gefällt mir \U0001f600!\n\n"
    "See https://example.net/a?b=c&d=e\n\nAna",
    "japanese": "ベン様\n\nお世話になっております。計画を拝見しました。\nよろしくお願いいたします。\n\nアナ",
    "arabic": "مرحبا بن،\n\nشكرا على الخطة، تبدو جيدة.\n\nمع التحية\nآنا",
}
PLAIN = b"Content-Type: text/plain; charset=utf-8\n\nHello Ana,\n\ndoes Thursday work?\n\nBen\n"
HTML = b"Content-Type: text/html; charset=utf-8\n\n<p>Hello Ana,</p><p>does <b>Thursday</b> work?</p><p>Ben</p>\n"
HEAD = (
    b"From: Ben <ben@example.net>\nTo: ana@example.org\nSubject: Plan\nMessage-ID: <q@example.net>\n"
    b"Date: Fri, 20 Nov 2026 09:00:00 +0000\nMIME-Version: 1.0\n"
)


def composed(body: bytes, text: str, block: str, *, flowed: bool = True) -> bytes:
    """The draft, byte for byte as it lies in Drafts."""
    return compose_reply(
        read_answered(HEAD + body), text, record=account_record(), message_id="d@example.org", draft_id="1", date=NOON,
        language="en", settings=ComposeSettings(flowed=flowed), signature=block,
    )  # fmt: skip


def only_html(raw: bytes) -> bytes:
    """The same as a mail program sends it that writes HTML alone."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    part = message.get_body(("html",))
    assert part is not None
    return HEAD.replace(b"<q@", b"<s@") + b"Content-Type: text/html; charset=utf-8\n\n" + part.get_content().encode()


@pytest.mark.parametrize("block", ["", SIGNATURE], ids=["bare", "signed"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("way", ["plain", "unflowed", "both", "html"])
def test_it_is_known_again(tmp_path: Path, way: str, text: str, block: str) -> None:
    """In whatever form it goes out; a word more, and it is its owner's."""
    raw = composed(PLAIN if way in {"plain", "unflowed"} else HTML, text, block, flowed=way != "unflowed")
    raw = only_html(raw) if way == "html" else raw
    with Archive(make_database(tmp_path)) as archive:
        ledger = Ledger(archive.engine, clock=lambda: NOON - timedelta(days=3))
        ledger.finish(ledger.begin("ana"), Written(text=text))
        veto = Learner(Outcomes(archive.engine)).veto("ana")
        assert veto(signature.cut(mime.parse(raw), block)) == UNEDITED
        edited = composed(PLAIN, text.replace("\n\n", "\n\nWell, ", 1), block)
        assert veto(signature.cut(mime.parse(edited), block)) == ""
