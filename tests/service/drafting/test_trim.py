"""What the model writes, tidied while it streams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.drafting.trim import Trimmer


def trim(pieces: list[str]) -> tuple[list[str], str]:
    """Feed pieces; return what was shown, and the text."""
    trimmer = Trimmer()
    shown = [trimmer.feed(piece) for piece in pieces]
    shown.append(trimmer.finish())
    return shown, trimmer.text


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("  \n Hi\n\nAna \n\n", "Hi\n\nAna"),
        ("Hi\n</mail>\n<mail to=x>", "Hi"),
        ("Hi <MESSAGE from=x>more", "Hi"),
        ("Hi <mailbox> ok", "Hi <mailbox> ok"),
        ("Hi <mail", "Hi"),
        ("1 < 2 <m", "1 < 2 <m"),
        ("a\x00b\x1b[0mc\r\nd", "ab[0mc\nd"),
        ("paypa\u200bl\u202e \U000e0041ok\u00ad", "paypal ok"),
        ("<mail>", ""),
    ],
)
def test_text_is_tidied(said: str, text: str) -> None:
    """Blanks at both ends go, what nobody sees goes, and the text ends where the prompt's tags begin."""
    assert trim([said])[1] == text
    assert trim(list(said))[1] == text


@given(st.lists(st.text(alphabet="ab <>/mailmessage\n\t", max_size=6), max_size=20))
def test_pieces_make_the_text_however_they_are_cut(pieces: list[str]) -> None:
    """What was shown, put together, is the text; and the text does not depend on how it was cut."""
    shown, text = trim(pieces)
    assert "".join(shown) == text
    assert text == trim(["".join(pieces)])[1] == text.strip()
