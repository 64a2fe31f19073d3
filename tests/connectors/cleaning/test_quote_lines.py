"""A line's depth is read from whatever marks its program used, and a typed line keeps its own characters."""

# ruff: noqa: RUF001  Japanese writers mark quotes with full-width marks

import pytest

from connectors.cleaning.quote_lines import Line, read_lines

DATED = "Monday, June 3, 2024, 10:12:45 AM, you wrote:"


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("> one", (1, "one")),
        (">one", (1, "one")),
        ("> > one", (2, "one")),
        (">>> one", (3, "one")),
        (" > one", (1, "one")),
        ("＞一", (1, "一")),
        ("->one", (0, "->one")),
        ("  >90% of them", (0, ">90% of them")),
        (">From here on", (0, "From here on")),
        ("", (0, "")),
    ],
)
def test_marks(line: str, read: tuple[int, str]) -> None:
    """Each kind of mark counts; what only looks like one does not."""
    assert read_lines(line) == [Line(*read)]


def test_from_inside_a_quote() -> None:
    """An mbox's ">From " is a typed line only where no quoted one is beside it."""
    assert [line.depth for line in read_lines("> one\n>From two\n> three")] == [1, 1, 1]


def test_initials_below_an_attribution() -> None:
    """The initials of who wrote it mark a quote below an attribution, in every line from there on."""
    lines = read_lines(f"Hello\n\n{DATED}\n\nTB> one\n\ntyped\n\nTB> two")
    assert [line.words for line in lines if line.depth] == ["one", "two"]


def test_initials_elsewhere_were_typed() -> None:
    """Without an attribution above them they are a prompt or a formula."""
    assert not any(line.depth for line in read_lines("I ran this:\n\nPS> dir\nPS> exit"))


def test_end_of_a_quoted_line_without_a_mark() -> None:
    """A gateway broke the long line; the end of it is no answer."""
    long = "> Does Friday suit you? I would like to see the plans before we talk to the"
    assert [line.depth for line in read_lines(f"{long}\nowner,\n> because he asks")] == [1, 1, 1]
    assert [line.depth for line in read_lines(f"{long}\nYes, Friday.\n> because he asks")] == [1, 0, 1]
