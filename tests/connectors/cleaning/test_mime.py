"""Every `.eml` case gives what `expected.toml` says; whatever the bytes, nothing but UnreadableMessage comes out."""

import tomllib
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.cleaning.mime import parse
from connectors.cleaning.parts import Part
from connectors.errors import UnreadableMessage
from connectors.message import Email

CASES = Path(__file__).with_name("mail")
EXPECTED = tomllib.loads((CASES / "expected.toml").read_text(encoding="utf-8"))
RAW = [path.read_bytes() for path in sorted([*CASES.glob("*.eml"), *CASES.parent.glob("corpus/hand/*.eml")])]


@pytest.mark.parametrize("name", EXPECTED)
def test_case(name: str) -> None:
    """A case's fields come out as its author meant them."""
    email = parse((CASES / f"{name}.eml").read_bytes())
    assert {field: _as_written(email, field) for field in EXPECTED[name]} == EXPECTED[name]


def test_every_case_is_expected() -> None:
    """No `.eml` file lies there unlooked at."""
    assert {path.stem for path in CASES.glob("*.eml")} == set(EXPECTED)


@pytest.mark.parametrize("raw", [b"", b"\r\n \n", b"Subject: only a subject\n\n"])
def test_no_message_at_all(raw: bytes) -> None:
    """What is no message is refused with a reason and a hint."""
    with pytest.raises(UnreadableMessage) as caught:
        parse(raw)
    assert str(caught.value)
    assert caught.value.hint


def test_what_nobody_sees_is_not_archived() -> None:
    """Invisible characters leave text, quote and subject, so that search and training read what was read; ids stay."""
    head = b"From: a@b.c\nSubject: =?utf-8?q?pay=C2=ADpal?=\nContent-Type: text/plain; charset=utf-8\n\n"
    text = "pay\u2060pal \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645\n\n> ev\u00adil\U000e0041\n"
    email = parse(head + text.encode())
    assert (email.subject, email.text) == ("paypal", "paypal \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")
    assert "evil" in email.quoted
    assert email.message_id != parse(head + text.replace("\u2060", "").encode()).message_id


def test_nested_beyond_reason() -> None:
    """Thousands of nested parts are refused, not a crash."""
    levels = [b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (at, at) for at in range(3000)]
    with pytest.raises(UnreadableMessage, match="nested"):
        parse(b"From: a@b.c\n" + b"".join(levels))


def test_parts_beyond_reason() -> None:
    """A mail of nothing but boundaries is refused, not spread out in memory."""
    with pytest.raises(UnreadableMessage, match="parts"):
        parse(b"From: a@b.c\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 5_000)


def test_parts_within_parts_are_counted_together() -> None:
    """A thousand multiparts of a thousand parts are a million."""
    inner = b"--b\nContent-Type: multipart/mixed; boundary=c\n\n" + b"--c\n\nHello\n" * 500 + b"--c--\n"
    with pytest.raises(UnreadableMessage, match="parts"):
        parse(b"From: a@b.c\nContent-Type: multipart/mixed; boundary=b\n\n" + inner * 5)


def test_a_nested_part_is_in_memory_once() -> None:
    """Parts within parts do not multiply what they hold."""
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (at, at) for at in range(25))
    raw = b"From: a@b.c\n" + head + b"Content-Type: text/plain\n\n" + b"Hello\n" * 200_000
    tracemalloc.start()
    try:
        leaves = list(Part(raw).leaves())
        assert tracemalloc.get_traced_memory()[1] < 6 * len(raw)
    finally:
        tracemalloc.stop()
    assert len(leaves) == 1


def test_hostile_address() -> None:
    """Thousands of open brackets in an address cost that address, not the message."""
    email = parse(b"From: ana@example.org\nTo: " + b"(" * 5000 + b" tom@example.net\n\nHello")
    assert (str(email.sender), email.text) == ("ana@example.org", "Hello")


def test_line_that_is_no_header_under_a_hostile_charset() -> None:
    """A line that ends the headers is read as a body, whatever charset they named. Found by the fuzzer."""
    email = parse(b"From: a@b.c\nContent-Type: text/plain; charset=u\0tf\nGr\xfc\xdfe aus K\xf6ln\n\nAna")
    assert email.text == "Grüße aus Köln\n\nAna"


def test_lines_that_end_in_carriage_returns_only() -> None:
    """Mail as old Macintoshes stored it has headers and a body too."""
    email = parse(b"From: a@b.c\rSubject: Friday\r\rFriday is fine.\rAna\r")
    assert (email.subject, email.text) == ("Friday", "Friday is fine.\nAna")


def test_made_id_ignores_transport() -> None:
    """A message without an id gets the same one from every copy of it, and another text another one."""
    head, text = b"From: a@b.org\nDate: Tue, 4 Jun 2024 09:15:00 +0200\n", b"\nFriday is fine.\n"
    made = parse(head + text).message_id
    assert parse(b"Received: from x by y\n" + (head + text).replace(b"\n", b"\r\n")).message_id == made
    assert parse(head + b"\nMonday is fine.\n").message_id != made


@given(st.binary(max_size=2000))
@settings(max_examples=200, deadline=None)
def test_any_bytes(raw: bytes) -> None:
    """Arbitrary bytes parse or are refused."""
    _parse_or_refuse(raw)


@given(
    st.sampled_from(RAW),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3), st.binary(max_size=12)), max_size=8),
)
@settings(max_examples=400, deadline=None)
def test_mutated_mail(raw: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    """Damaged mail parses or is refused, and what it gives can be stored as UTF-8."""
    for at, cut, put in edits:
        raw = raw[: at % len(raw)] + put + raw[at % len(raw) + cut :] or b"x"
    _parse_or_refuse(raw)


@given(st.lists(st.sampled_from(sorted({line for raw in RAW for line in raw.split(b"\n")})), max_size=40))
@settings(max_examples=200, deadline=None)
def test_shuffled_lines(lines: list[bytes]) -> None:
    """Lines of many mails in any order parse or are refused."""
    _parse_or_refuse(b"From: a@b.org\n" + b"\n".join(lines))


def _parse_or_refuse(raw: bytes) -> None:
    try:
        email = parse(raw)
    except UnreadableMessage:
        return
    repr(email).encode()
    for text in (email.message_id, email.subject, email.text, email.quoted, email.signature, *email.attachments):
        assert "\0" not in text
        text.encode()


def _as_written(email: Email, field: str) -> object:
    """Return a field in the form in which `expected.toml` holds it."""
    match value := getattr(email, field):
        case None:
            return ""
        case tuple():
            return [str(each) for each in value]
        case _ if field == "sent_at":
            return value.isoformat()
        case _:
            return str(value)


def test_typed_mark_in_flowed_text() -> None:
    """A typed line that begins with ">" stays, for its program told it from a quoted one (RFC 3676 section 4.4)."""
    head = b"From: a@b.c\nContent-Type: text/plain; format=flowed\n\n"
    assert parse(head + b"Broken:\n >90% of the blue\n> Which ones?\n").text == "Broken:\n>90% of the blue"
    assert parse(head + b" > alone\n").text == "> alone"
