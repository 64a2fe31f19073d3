"""Cutting long mail into pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.chunks import OVERLAP, SIZE, chunk

TEXTS = st.text(alphabet=st.sampled_from("ab .!?\n"), max_size=3000) | st.text(max_size=3000)
CUTS = st.integers(1, 200).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size // 4)))


@given(text=TEXTS, cut=CUTS)
def test_keeps_its_rules(text: str, cut: tuple[int, int]) -> None:
    """Pieces are bounded in length and number, each starts after the one before, and nothing between them is lost."""
    size, overlap = cut
    pieces = chunk(text, size=size, overlap=overlap)
    stripped = text.strip()
    assert all(0 < len(piece) <= size for piece in pieces)
    assert len(pieces) <= 1 + 4 * len(stripped) / size
    assert _joined(pieces, stripped, overlap) == stripped


def _joined(pieces: list[str], text: str, overlap: int) -> str:
    """Lay the pieces over the text again, each with an overlap that fits."""
    covered = ""
    for piece in pieces:
        shared = [n for n in range(min(overlap, len(covered), len(piece)) + 1) if covered.endswith(piece[:n])]
        step = next(n for n in shared if text.startswith(covered + piece[n:]))
        covered += piece[step:]
    return covered


def test_short_mail_is_one_piece() -> None:
    """A mail that fits is not cut, and an empty one makes nothing."""
    assert chunk(" Hi Ana,\n\nyes.\n\nBen ") == ["Hi Ana,\n\nyes.\n\nBen"]
    assert chunk(" \n ") == []


def test_cuts_where_a_reader_would() -> None:
    """Paragraphs before sentences, sentences before words; a piece starts with a whole word."""
    paragraph = "The first thing is long enough to fill half a piece. " * 9
    first, second = chunk(f"{paragraph.strip()}\n\n{'Next comes another. ' * 20}")
    assert first.endswith("half a piece.\n\n")
    assert second.split()[0] in {"The", "first", "thing", "is", "long", "enough", "to", "fill", "half", "a", "piece."}


def test_long_mail_makes_few_pieces() -> None:
    """A mail of 26 kB makes dozens of pieces, not thousands."""
    assert len(chunk("Some words of a long mail. " * 1000)) < 50


def test_refuses_an_overlap_that_would_not_move_on() -> None:
    """An overlap as long as the piece is an error, not an endless list."""
    with pytest.raises(ValueError, match="overlap"):
        chunk("text", size=SIZE, overlap=SIZE)
    assert OVERLAP <= SIZE // 4
