"""Pages back to text."""

import pytest

from trainer.corpora.paper import reflow


def test_lines_become_paragraphs() -> None:
    """Lines of one paragraph are joined; a short line that ends a sentence, or an empty one, ends it."""
    page = "The first paragraph goes over\ntwo lines and a bit.\nThe second one begins here and\nends.\n\nA third."
    assert reflow([page]) == (
        "The first paragraph goes over two lines and a bit.\n\nThe second one begins here and ends.\n\nA third."
    )


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("The docu-\nment is here", "The document is here"),
        ("The docu\u00ad\nment is here", "The document is here"),
        ("Meet Jean-\nPaul there", "Meet Jean-Paul there"),
        ("From 1990 -\nor so", "From 1990 - or so"),
    ],
)
def test_words_broken_at_a_lines_end_are_mended(text: str, whole: str) -> None:
    """A hyphen before a small letter goes with the line's end; one before a capital stays, as does a dash."""
    assert reflow([text]) == whole


def test_a_paragraph_goes_on_over_the_page() -> None:
    """What had no end on one page has it on the next; a page that ended a sentence ends the paragraph."""
    assert reflow(["It goes on\nand on and", "ends on the next."]) == "It goes on and on and ends on the next."
    assert reflow(["It ended here.", "Here begins another."]) == "It ended here.\n\nHere begins another."


def test_page_numbers_and_running_titles_go() -> None:
    """Numbers at the foot go, and lines at the head that come, but for numbers, on most pages."""
    pages = [f"A Book - chapter {n}\n\nText of page {n}, which ends.\n\n- {n} -" for n in ("1", "2", "3")]
    assert reflow(pages) == "\n\n".join(f"Text of page {n}, which ends." for n in ("1", "2", "3"))


def test_nothing_gives_nothing() -> None:
    """Pages without text, as of a scan, are no text."""
    assert reflow(["", " \n "]) == ""
