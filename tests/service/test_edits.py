"""service/edits.py: how much of a draft was changed, and what."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.edits import Edit, Verdict, compare, count_edits, cut, liken, measure, words

DRAFT = """Hi Marta,

thanks for the plan, it looks good to me. Could we move the meeting to Thursday at 14:30? I would like to bring the
numbers of the last quarter, and they are not ready before.

Best,
Ana"""


@pytest.mark.parametrize(
    "sent",
    [
        DRAFT,
        DRAFT.replace("\n", " "),
        DRAFT.replace("to me.", "to me\u00a0.").replace("Could", "Could ").replace("Hi Marta,", "Hi Marta \u2013"),
        DRAFT.replace("good to me.", "good to me! \U0001f600"),
    ],
)
def test_every_word_and_no_other_is_as_is(sent: str) -> None:
    """However the mail program broke the lines and shaped the marks."""
    difference = compare(DRAFT, sent)
    assert (difference.verdict, difference.edits) == (Verdict.AS_IS, ())
    assert difference.distance < 0.02


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        ("Hi Marta,", "Dear Ms Kling,", {Edit.GREETING}),
        ("Best,\nAna", "Cheers\nAna", {Edit.GREETING}),
        ("Thursday at 14:30", "Thursday at 15:30", {Edit.FACTS}),
        ("Thursday", "Friday", {Edit.FACTS}),
        (", and they are not ready before", "", set()),
        (" I would like to bring the\nnumbers of the last quarter, and", " The numbers", {Edit.LENGTH}),
        ("good to me.", "good to me, really good! \U0001f600", {Edit.TONE}),
        ("thanks for the plan, it", "the plan", {Edit.TONE}),
        ("Could we move", "Would you mind moving", set()),
    ],
)
def test_light_edits_are_told_by_kind(old: str, new: str, kinds: set[Edit]) -> None:
    """What changed, and nothing that did not."""
    assert old in DRAFT
    difference = compare(DRAFT, DRAFT.replace(old, new))
    assert difference.verdict is Verdict.LIGHT
    assert set(difference.edits) == kinds


def test_du_is_another_tone_than_sie() -> None:
    """And "sie", she, is not "Sie"."""
    polite = "Guten Tag Frau Kling,\n\nkönnten Sie mir bis morgen sagen, ob sie kommt?\n\nViele Grüße\nAna"
    familiar = polite.replace("könnten Sie", "könntest du")
    assert compare(polite, familiar, draft_language="de", sent_language="de").edits == (Edit.TONE,)


def test_another_language_is_said() -> None:
    """Beside that it was rewritten; where a language is not known, nothing is said of it."""
    german = "Hallo Marta,\n\ndanke für den Plan, er gefällt mir gut.\n\nViele Grüße\nAna"
    assert compare(DRAFT, german, draft_language="en", sent_language="de").edits == (Edit.LANGUAGE, Edit.REWRITTEN)
    assert compare(DRAFT, german, draft_language="und", sent_language="de").edits == (Edit.REWRITTEN,)


def test_something_else_is_rewritten_and_not_alike() -> None:
    """Two mails of one person share little more than how they begin and end."""
    other = "Hi Tom,\n\nthe keys lie under the mat; please feed the cat twice, she likes the blue bowl.\n\nBest,\nAna"
    difference = compare(DRAFT, other)
    assert (difference.verdict, difference.edits) == (Verdict.REWRITTEN, (Edit.REWRITTEN,))
    assert liken(cut(DRAFT), cut(other)) < 0.25
    assert liken(cut(DRAFT), cut(DRAFT + "\n\nPS: bring cake!")) == 1


TEXT = st.text("abc \n", max_size=25)


@given(one=TEXT, other=TEXT)
def test_edits_are_counted_as_the_table_counts_them(one: str, other: str) -> None:
    """The bits give what the textbook's table gives."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        fresh = [number]
        for (corner, above), mark in zip(pairwise(row), other, strict=True):
            fresh.append(min(above + 1, fresh[-1] + 1, corner + (letter != mark)))
        row = fresh
    assert count_edits(one, other) == count_edits(other, one) == row[-1]


@given(one=st.text(max_size=60), other=st.text(max_size=60))
def test_any_two_texts_compare(one: str, other: str) -> None:
    """Whatever letters they hold; a text is itself."""
    assert 0 <= measure(one, other) <= 1
    assert 0 <= liken(cut(one), cut(other)) <= 1
    assert compare(one, one).verdict is Verdict.AS_IS
    assert (compare(one, other).verdict is Verdict.AS_IS) == (words(one) == words(other))
