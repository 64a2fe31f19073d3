"""Distances of style: what they see, what they do not, and whose mail is nearer."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.evaluation.authors import sent_by
from trainer.evaluation.function_words import FUNCTION_WORDS
from trainer.evaluation.style import StyleDistance, compare, style_distance, style_of

WARM = "Hi Tom!\n\nThe invoice is paid, hooray! Can you send me the receipt by Friday? You're a star!\n\nBig hug,\nAna"
WARM_TOO = (
    "Hi Eve!\n\nThe cake is done, at last! Could you bring it to the party on Monday? You're great!\n\nBig hug,\nAna"
)
FORMAL = (
    "Dear Mr Baker,\n\nI write to confirm that the invoice has been paid. I should be obliged if you would send the "
    "receipt; it is needed for our accounts.\n\nYours sincerely,\nAna Silva"
)
pieces = st.sampled_from(
    [
        "Hi Tom!",
        "Dear Ms Lang,",
        "\n",
        "\n\n",
        "the",
        "of you",
        "Paid.",
        "Why?",
        "- one",
        "(no)",
        ":-)",
        "Best,",
        "Ana",
        "Übung",
    ]
)
texts = st.lists(pieces, max_size=12).map(" ".join)
languages = st.sampled_from(["en", "de", "und", "ja"])


@given(text=texts, language=languages)
def test_a_text_is_not_away_from_itself(text: str, language: str) -> None:
    """In no respect."""
    assert style_distance(text, text, language) == 0


@given(one=texts, other=texts, language=languages)
def test_there_is_as_far_as_back(one: str, other: str, language: str) -> None:
    """And nothing is farther than 1."""
    there = compare(style_of(one, language), style_of(other, language))
    assert there == compare(style_of(other, language), style_of(one, language))
    for value in (there.greeting, there.sign_off, there.length, there.punctuation, there.function_words, there.mean):
        assert value is None or 0 <= value <= 1


def test_what_is_said_does_not_count() -> None:
    """Two warm mails about other things to other people are nearer than a warm and a formal one about the same."""
    assert style_distance(WARM_TOO, WARM, "en") < 0.1
    assert style_distance(FORMAL, WARM, "en") > 0.4


@pytest.mark.parametrize(
    ("written", "respect"),
    [
        (WARM.replace("Hi Tom!", "Dear Tom,"), "greeting"),
        (WARM.replace("Hi Tom!", "Hi!"), "greeting"),
        (WARM.replace("Hi Tom!", "Hi Tom,"), "greeting"),
        (WARM.replace("Big hug,\nAna", "Best,\nAna"), "sign_off"),
        (WARM.replace("Big hug,\nAna", "Big hug,"), "sign_off"),
        (WARM.replace("!", "."), "punctuation"),
        (WARM.replace("The invoice", "That invoice"), "function_words"),
        (WARM.replace("hooray", "hooray hooray hooray hooray"), "length"),
    ],
)
def test_each_respect_sees_its_change(written: str, respect: str) -> None:
    """A change of how it greets shows in the greeting, and so on."""
    assert getattr(compare(style_of(written, "en"), style_of(WARM, "en")), respect) > 0


@pytest.mark.parametrize("respect", ["greeting", "sign_off", "punctuation", "function_words"])
def test_other_names_are_no_other_style(respect: str) -> None:
    """To whom a mail goes, and which of them signs it, changes nothing."""
    other = WARM.replace("Tom", "Eve").replace("Ana", "Eva")
    assert getattr(compare(style_of(other, "en"), style_of(WARM, "en")), respect) == 0


def test_words_of_unknown_languages_are_not_counted() -> None:
    """The mean is then of what is known: no distance is made up."""
    distance = compare(style_of(FORMAL, "und"), style_of(WARM, "und"))
    assert distance.function_words is None
    known = (distance.greeting, distance.sign_off, distance.length, distance.punctuation)
    assert distance.mean == pytest.approx(sum(known) / 4)


@pytest.mark.parametrize("language", sorted(FUNCTION_WORDS))
def test_function_words_are_single_words_as_texts_hold_them(language: str) -> None:
    """A word that the counting would part, or fold to another, would never be found."""
    listed = sorted(FUNCTION_WORDS[language])
    found = style_of("\n\n".join(["Hej", " ".join(listed), "x y."]), language).function_words
    assert sorted(found or {}) == listed


@pytest.mark.parametrize(("author", "other", "least"), [("ana", "ben", 0.9), ("ben", "ana", 0.95)])
def test_own_mail_is_nearer_than_that_of_others(author: str, other: str, least: float) -> None:
    """Of a mail by the same author and one by another, the same author's has the smaller distance nine times in ten."""
    dice = random.Random(1)  # noqa: S311
    own, foreign = ([style_of(text, "en") for text in sent_by(name)] for name in (author, other))
    nearer = []
    for _ in range(600):
        mail, alike = dice.sample(own, 2)
        nearer.append(compare(alike, mail).mean < compare(dice.choice(foreign), mail).mean)
    assert np.mean(nearer) > least


def test_a_mean_is_of_all_respects() -> None:
    """Each counts the same."""
    distance = StyleDistance(greeting=1.0, sign_off=0.0, length=0.5, punctuation=0.25, function_words=0.75)
    assert distance.mean == 0.5
