"""Heads of messages are read as the standard library reads them, only quicker."""

from email.parser import BytesParser
from email.policy import compat32

from hypothesis import given
from hypothesis import strategies as st

from connectors.cleaning.headers import Headers, read_head

NAMES = ("From", "To", "Subject", "X-A", "content-type", "Message-ID")
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
FOLDED = st.lists(VALUES.filter(str.strip), min_size=1, max_size=3).map("\n ".join)
FIELDS = st.lists(st.tuples(st.sampled_from(NAMES), FOLDED), max_size=8)


@given(FIELDS, st.sampled_from(["\n", "\r\n"]))
def test_same_fields_as_the_standard_library(fields: list[tuple[str, str]], line_end: str) -> None:
    """Fields, folded or not, come out the same."""
    raw = "".join(f"{name}: {value}\n" for name, value in fields).replace("\n", line_end).encode()
    ours, stray = read_head(raw)
    theirs = Headers(BytesParser(policy=compat32).parsebytes(raw, headersonly=True))
    assert [ours.raw(name.lower()) for name in NAMES] == [theirs.raw(name.lower()) for name in NAMES]
    assert stray == b""


def test_line_that_is_no_header_ends_them() -> None:
    """What follows belongs to the body."""
    headers, stray = read_head(b"From: a@b.c\nHello Tom,\nSubject: no\n")
    assert (headers.raw("from"), headers.raw("subject")) == ("a@b.c", "")
    assert stray == b"Hello Tom,\nSubject: no\n"


def test_line_of_an_mbox_is_no_header() -> None:
    """A leading "From " line is passed over, and raw bytes are read as UTF-8."""
    headers, stray = read_head("From ana Mon Jun  3\nSubject: Grüße\n".encode())
    assert (headers.text("subject"), stray) == ("Grüße", b"")
