"""Breaks that a mail program made are undone; those that a person typed stay."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.cleaning.mime import parse
from connectors.cleaning.wrapped import unwrap

WORDS = st.sampled_from(
    ["we", "meet", "they", "bring", "house", "river", "after", "even", "über", "même", "niño", "tea"]
)
PARAGRAPHS = st.lists(st.lists(WORDS, min_size=1, max_size=60).map(" ".join), min_size=1, max_size=4)

LONG = "I have looked at the two offers again, and I think that we should take the second one."


@given(PARAGRAPHS, st.integers(72, 78))
def test_wrapped_paragraphs_come_back(paragraphs: list[str], width: int) -> None:
    """Whatever width the mail program took, the paragraphs are as they were typed."""
    wrapped = "\n\n".join(textwrap.fill(paragraph, width) for paragraph in paragraphs)
    assert unwrap(wrapped) == "\n\n".join(paragraphs)


@pytest.mark.parametrize(
    "typed",
    [
        "Dear Tom,\nthank you for the plans.\nI will look at them.\n\nBest,\nAna",
        # A program would have broken the first line sooner.
        f"{LONG}\nDo you agree with that, and could you tell the others about it?",
        "We need these for the meeting in the town hall on Monday morning:\n- the plans\n- the long cable, please",
        "Thank you for the quick answer, and for all the help with the move.\nBest regards\nAna",
        "See you at the meeting on Monday at ten o'clock, in the town hall.\nAna",
        "Danke für die schnelle Antwort und bis Montag im großen Sitzungssaal\nViele Grüße\nAna",
        "1. Could you please send the plans for the new house on the corner to\n2. Tom\n3. Ruth",
        "The new plans are all on our website, and you will find them there:\nhttps://example.org/plans",
        "",
    ],
)
def test_typed_breaks_stay(typed: str) -> None:
    """Lists, sign-offs, short lines and text that no program broke."""
    assert unwrap(typed) == typed


def test_items_of_lists_come_back() -> None:
    """An item that ran over into the next line is one line again, the next item another."""
    wrapped = (
        "- I have looked at the two offers again, and I think that we should\n"
        "  take the second one\n"
        "- the first one is too dear"
    )
    assert unwrap(wrapped) == (
        "- I have looked at the two offers again, and I think that we should take the second one\n"
        "- the first one is too dear"
    )


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", textwrap.fill(LONG, 72)),
        ("text/plain; format=flowed", textwrap.fill(LONG, 72).replace("\n", " \n")),
        ("text/html", f"<p>{textwrap.fill(LONG, 72)}</p>"),
    ],
)
def test_however_it_was_sent(content_type: str, body: str) -> None:
    """The same text comes out of hard-wrapped, flowed and HTML mail."""
    assert parse(f"From: ana@example.org\nContent-Type: {content_type}\n\n{body}\n".encode()).text == LONG


def test_sentence_that_goes_on_in_small_letters() -> None:
    """An ordinal or an abbreviation at the end of a line ends no sentence."""
    assert unwrap("Kaikki päivät, jotka ovat vapaina sinulle ja Ruthille, sopivat alkaen 20.\npäivästä.") == (
        "Kaikki päivät, jotka ovat vapaina sinulle ja Ruthille, sopivat alkaen 20. päivästä."
    )


def test_text_without_blanks_is_left_alone() -> None:
    """Where a language puts no blanks between words, none are put in."""
    typed = "昨晚我又看了一遍报价，" * 7 + "\n第三页的交货日期比我们五月份说好的晚了两个星期"  # noqa: RUF001
    assert unwrap(typed) == typed
