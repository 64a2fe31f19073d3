"""Drafts that answer a mail: their headers, their quotes, and what mail cannot do to them."""

from datetime import UTC, datetime, timedelta, timezone
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors import mime
from connectors.account import AccountRecord
from connectors.compose import ATTRIBUTIONS, compose_reply, draft_message_id, reply_sender, reply_subject
from connectors.message import Address, Email, Kind

ANA = AccountRecord(
    name="ana",
    kind="imap",
    owner=Address(addr="ana@example.org", name="Ana Müller"),
    addresses=frozenset({"ana@example.org", "office@example.org"}),
)
BEN = Address(addr="ben@example.net", name="Ben Ode")
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone(timedelta(hours=1)))
MAIL = Email(
    message_id="m1@example.net",
    sender=BEN,
    to=(Address(addr="office@example.org"),),
    subject="Offer",
    text="Can you send the offer?\n\nBen",
    sent_at=datetime(2026, 11, 20, 8, 5, tzinfo=UTC),
    language="en",
)


def _compose(mail: Email, text: str = "Hello Ben,\n\nhere it is.\n\nAna", language: str = "en") -> bytes:
    message_id = draft_message_id("ana", mail.message_id, ANA.owner)
    return compose_reply(mail, text, record=ANA, message_id=message_id, draft_id="d1", date=NOW, language=language)


def _read(raw: bytes) -> EmailMessage:
    return BytesParser(policy=policy.default).parsebytes(raw)


def _with(**changes: object) -> Email:
    values = {name: getattr(MAIL, name) for name in MAIL.__slots__} | changes
    return Email(**values)


def test_the_draft_stands_in_its_thread() -> None:
    """Mail programs show it below the mail it answers."""
    draft = _read(_compose(_with(references=("a@x", "b@x"))))
    assert draft["In-Reply-To"] == "<m1@example.net>"
    assert draft["References"].split() == ["<a@x>", "<b@x>", "<m1@example.net>"]
    assert draft["Subject"] == "Re: Offer"
    assert draft["X-Cyrano-Draft"] == "d1"
    assert draft["Date"].datetime == NOW


def test_it_goes_from_the_address_that_was_written_to() -> None:
    """Several own addresses: the answer comes from the one the other side knows."""
    draft = _read(_compose(MAIL))
    assert draft["From"].addresses[0].addr_spec == "office@example.org"
    assert draft["From"].addresses[0].display_name == "Ana Müller"
    assert [a.addr_spec for a in draft["To"].addresses] == ["ben@example.net"]
    assert reply_sender(_with(to=(BEN,)), ANA) == ANA.owner


def test_it_goes_where_answers_are_asked_for_and_nowhere_else() -> None:
    """Reply-To wins over From; whoever got a copy gets no answer unasked, and nobody a blind one."""
    mail = _with(reply_to=(Address(addr="list@example.net"),), cc=(Address(addr="eve@example.com"),))
    draft = _read(_compose(mail))
    assert [a.addr_spec for a in draft["To"].addresses] == ["list@example.net"]
    assert draft["Cc"] is None
    assert draft["Bcc"] is None


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Offer", "Re: Offer"),
        ("Re: Offer", "Re: Offer"),
        ("RE: AW: re[2]: Offer", "Re: Offer"),
        ("Antw: Offerte", "Re: Offerte"),
        ("RES: Oferta", "Re: Oferta"),
        ("Re : Offre", "Re: Offre"),
        ("Report: done", "Re: Report: done"),
        ("Rest", "Re: Rest"),
        ("", "Re:"),
    ],
)
def test_the_subject_says_re_once(subject: str, answer: str) -> None:
    """Not doubled, in whatever language the other side's program writes it."""
    assert reply_subject(subject) == answer


@pytest.mark.parametrize("language", sorted(ATTRIBUTIONS))
@pytest.mark.parametrize("sent_at", [MAIL.sent_at, None])
def test_the_quote_is_announced_in_the_language_of_the_answer(language: str, sent_at: datetime | None) -> None:
    """Our own reader takes the attribution and the quote for what they are, in all seven languages."""
    parsed = mime.parse(_compose(_with(sent_at=sent_at), language=language))
    assert parsed.text == "Hello Ben,\n\nhere it is.\n\nAna"
    assert parsed.quoted == MAIL.text
    assert parsed.kind is Kind.REPLY


def test_times_are_told_in_the_owners_zone() -> None:
    """08:05 UTC is 09:05 where Ana is."""
    assert "On 2026-11-20 at 09:05, Ben Ode <ben@example.net> wrote:" in _read(_compose(MAIL)).get_content()


def test_what_was_quoted_before_is_quoted_deeper() -> None:
    """The history of the conversation stays below."""
    body = _read(_compose(_with(quoted="Earlier words."))).get_content().replace("\r\n", "\n")
    assert body.endswith("> Ben\n>\n>> Earlier words.\n")


def test_the_id_is_always_the_same_and_ones_own() -> None:
    """Found again after a crash, and different for every mail and account."""
    assert draft_message_id("ana", "m1", ANA.owner) == draft_message_id("ana", "m1", ANA.owner)
    ids = {draft_message_id(*names, ANA.owner) for names in (("ana", "m1"), ("ana", "m2"), ("ben", "m1"))}
    assert len(ids) == 3
    assert all(each.endswith("@example.org") for each in ids)


def test_a_very_long_thread_keeps_its_first_and_last_messages() -> None:
    """Headers do not grow without end."""
    draft = _read(_compose(_with(references=tuple(f"{n}@x" for n in range(500)))))
    ids = draft["References"].split()
    assert len(ids) == 40
    assert (ids[0], ids[-2], ids[-1]) == ("<0@x>", "<499@x>", "<m1@example.net>")


def test_a_long_id_is_not_broken() -> None:
    """Some ids are longer than a line: folding inside one would lose the thread."""
    long = "x" * 200 + "@example.net"
    raw = _compose(_with(message_id=long, references=("y" * 120 + "@example.net",)))
    assert mime.parse(raw).in_reply_to == long
    assert mime.parse(raw).references[-1] == long


NAMES = {
    "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "X-Cyrano-Draft", "MIME-Version",
    "Content-Type", "Content-Transfer-Encoding",
}  # fmt: skip
NASTY = st.text() | st.sampled_from(
    ["a\r\nBcc: eve@example.com", "a\nX: y\n\nbody", "=?utf-8?q?=0ABcc:_e=40x?=", "\x00"]
)


@given(subject=NASTY, name=NASTY, addr=NASTY, own=NASTY, ids=st.lists(NASTY))
@example(
    subject="x\r\n\r\nbody", name='"\r\nBcc: e@x', addr="a@b>\r\nBcc: <e@x", own="a@b\nBcc: e@x", ids=["a@b>\nBcc: e"]
)
def test_no_mail_can_make_a_header(subject: str, name: str, addr: str, own: str, ids: list[str]) -> None:
    """Whatever a mail holds: the headers are ours, each once, and the recipients are at most the sender."""
    mail = _with(subject=subject, sender=Address(addr=addr, name=name), message_id=own, references=tuple(ids))
    raw = _compose(mail)
    head, _, _ = raw.partition(b"\r\n\r\n")
    fields = [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert set(fields) <= NAMES
    assert len(fields) == len(set(fields))
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert {address.addr for address in mime.parse(raw).to} <= {addr.lower()}


WORDS = st.text(st.characters(categories=["L", "N", "Zs"], include_characters="?!,.-äé€😀مر"), min_size=1, max_size=120)


@given(subject=WORDS, name=WORDS)
def test_any_words_come_back_from_the_headers(subject: str, name: str) -> None:
    """RFC 2047, long subjects, emoji, right-to-left: what is read is what was meant, in lines that are short enough."""
    raw = _compose(_with(subject=subject, sender=Address(addr="ben@example.net", name=name)))
    parsed = mime.parse(raw)
    assert parsed.subject == reply_subject(subject)
    assert parsed.to[0].name == " ".join(name.split())
    assert max(map(len, raw.split(b"\r\n"))) <= 78


LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"])), max_size=8)


@given(LINES)
@example(["From here on", ".", "a=b", "trailing ", "x" * 2000])
def test_any_text_comes_back_from_the_body(lines: list[str]) -> None:
    """Quoted-printable changes nothing, and keeps lines short and ASCII."""
    text = "\n".join(lines)
    raw = _compose(MAIL, text)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert _read(raw).get_content().replace("\r\n", "\n").startswith(text + "\n\nOn 2026")
