"""Reading what IMAP servers answer to a FETCH, in all the ways the standards allow."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.imap.fetch import Fetched, read_answer, read_headers


@pytest.mark.parametrize(
    "data",
    [
        [(b"1 (UID 7 BODY[] {5}", b"Hello"), b")"],
        [(b"1 (UID 7 BODY[] ~{5}", b"Hello"), b")"],  # literal8, RFC 3516
        [(b"1 (BODY[] {5}", b"Hello"), b" UID 7)"],
        [(b"1 (FLAGS (\\Seen) BODY[] {5}", b"Hello"), b" UID 7 MODSEQ (12))"],
        [b'1 (UID 7 BODY[] "Hello")'],
        [b'1 (BODY[] "Hello" UID 7)'],
    ],
)
def test_reads_a_message_in_every_notation(data: list[bytes | tuple[bytes, bytes]]) -> None:
    """Literals, literals that may hold NUL, quoted strings; the UID before or behind them."""
    (found,) = read_answer(data)
    assert (found.uid, found.raw) == (7, b"Hello")


def test_reads_an_empty_message() -> None:
    """Some servers say NIL, some an empty string, for a message of nothing."""
    assert [each.raw for each in read_answer([b"1 (UID 7 BODY[] NIL)", b'2 (UID 8 BODY[] "")'])] == [b"", b""]


def test_reads_escaped_quotes() -> None:
    r"""A quote in a quoted string stands behind a backslash."""
    (found,) = read_answer([rb'1 (UID 7 BODY[HEADER.FIELDS (SUBJECT)] "a \"b\" \\c")'])
    assert found.raw == rb'a "b" \c'


def test_reads_numbers_flags_and_days() -> None:
    """Whatever their order and case."""
    said = (
        rb'3 (INTERNALDATE " 7-Jul-2026 02:44:25 +0700" FLAGS (\Seen $Junk) X-GM-MSGID 1278455344230334865 '
        rb"UID 9 RFC822.SIZE 44827)"
    )
    assert list(read_answer([said])) == [
        Fetched(
            uid=9,
            size=44827,
            server_id="1278455344230334865",
            flags=frozenset({r"\seen", "$junk"}),
            came_on=date(2026, 7, 7),
        )
    ]


def test_a_day_nobody_can_read_is_none() -> None:
    """The message counts all the same."""
    (found,) = read_answer([b'3 (UID 9 INTERNALDATE "yesterday")'])
    assert (found.uid, found.came_on) == (9, None)


def test_passes_over_what_was_not_asked_for() -> None:
    """Flags that another program changes meanwhile come without a UID."""
    assert list(read_answer([rb"3 (FLAGS (\Seen))", None])) == []


def test_what_stands_in_a_message_is_not_taken_for_the_answer() -> None:
    """A mail that quotes IMAP is still one message with its own UID."""
    raw = b"x (UID 99 RFC822.SIZE 1)\r\n"
    (found,) = read_answer([(b"1 (UID 7 BODY[] {26}", raw), b")"])
    assert (found.uid, found.size, found.raw) == (7, 0, raw)


@given(st.lists(st.binary(max_size=60) | st.tuples(st.binary(max_size=40), st.binary(max_size=40)) | st.none()))
def test_never_raises(data: list[bytes | tuple[bytes, bytes] | None]) -> None:
    """Whatever a server says."""
    for each in read_answer(data):
        read_headers(each)
