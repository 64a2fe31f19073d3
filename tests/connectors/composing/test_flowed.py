"""Plain text with soft line breaks: what is written here is read again by `flowed`."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.cleaning.flowed import unflow
from connectors.composing.flowed import WIDTH, Line, read_lines, write_fixed, write_flowed

WORDS = st.text(st.characters(categories=["L", "N", "P", "Zs"], include_characters=">- "), max_size=200)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), WORDS), min_size=1, max_size=6))
@example([(0, "-- "), (0, "Ana"), (1, "-- "), (0, "> typed"), (0, " indented"), (0, "From me"), (2, "")])
@example([(0, "-- " + "x" * 100), (0, "x -- " * 40), (1, "x" * 71 + " -- " + "y" * 90)])
def test_what_is_written_is_read_again(lines: list[tuple[int, str]]) -> None:
    """Depth, indentation, delimiters and long words survive; trailing blanks go, for they would join lines.

    A ">" that was typed comes back indented, so that it is no quote mark.
    """
    written = write_flowed(Line(depth, words) for depth, words in lines)
    expected = [Line(depth, words if words == "-- " else words.rstrip(" \xa0")) for depth, words in lines]
    expected = [
        Line(0, f"  {words}") if not depth and words.startswith(">") else Line(depth, words)
        for depth, words in expected
    ]
    assert unflow(written).replace("> \n", ">\n") == write_fixed(expected)


@settings(deadline=None)
@given(st.lists(WORDS, max_size=6))
def test_lines_fit_where_words_do(lines: list[str]) -> None:
    """Programs that know nothing of soft breaks show lines that fit; only one long word may stand out."""
    for row in write_flowed(Line(1, words) for words in lines).split("\n"):
        assert len(row) <= WIDTH + 2 or len(row.split(" ")[-1] or row.split(" ")[-2]) > WIDTH // 2 or "-- " in row


def test_no_soft_break_looks_like_the_signature() -> None:
    """Readers cut at a line "-- ": none stands where nobody put one."""
    assert "-- " not in write_flowed([Line(0, "-- " + "x" * 90)]).split("\n")


def test_quote_marks_are_counted() -> None:
    """However a program sets them."""
    lines = list(read_lines("a\n> b\n>> c\n> > d\n>\n>e"))
    assert lines == [Line(0, "a"), Line(1, "b"), Line(2, "c"), Line(2, "d"), Line(1, ""), Line(1, "e")]
