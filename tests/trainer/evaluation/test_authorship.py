"""Telling an author from others."""

import pickle
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.evaluation.authors import sent_by
from trainer.evaluation.authorship import FEWEST, UNDECIDED, Verifier, _ridge, separation
from trainer.evaluation.frame import part


def test_ana_is_told_from_ben() -> None:
    """On mail that was not learned from, nearly without mistakes, and surely."""
    own, others = _shuffled("ana"), _shuffled("ben")
    verifier = Verifier.fit(own[:80], others[:80])
    told, foreign = [verifier.score(text) for text in own[80:]], [verifier.score(text) for text in others[80:]]
    assert separation(told, foreign) > 0.99
    assert np.median(told) > 0.9
    assert np.median(foreign) < 0.1
    assert verifier.separation > 0.99


def test_they_are_told_by_what_stands_between_greeting_and_name() -> None:
    """The body alone is enough: it is not the frame that gives them away."""
    own, others = ([part(text).body for text in _shuffled(name)] for name in ("ana", "ben"))
    verifier = Verifier.fit(own[:80], others[:80])
    told, foreign = [verifier.score(text) for text in own[80:]], [verifier.score(text) for text in others[80:]]
    assert separation(told, foreign) > 0.95


def test_whom_a_mail_names_does_not_count() -> None:
    """Neither the name it is signed with, nor that of its reader, nor numbers and addresses."""
    own, others = _shuffled("ana"), _shuffled("ben")
    verifier = Verifier.fit(own[:80], others[:80])
    text = "Hi Tom!\n\nThe 14 boxes for Eve are at https://example.org/x now.\n\nBig hug,\nAna"
    other = "Hi Zoe!\n\nThe 9,5 boxes for Jack are at www.example.com/yz now.\n\nBig hug,\nBen"
    assert verifier.score(text) == pytest.approx(verifier.score(other))


def test_an_author_is_not_told_from_themselves() -> None:
    """Where two sides are the same person the separation says so, and scores stay in the middle."""
    own = _shuffled("ana")
    verifier = Verifier.fit(own[:60], own[60:120])
    assert verifier.separation < 0.7
    assert all(0.2 < verifier.score(text) < 0.8 for text in own[120:])


def test_no_text_is_told_by_the_wrong_end() -> None:
    """Where chance makes unseen texts look like the other side, scores do not turn round: they say nothing."""
    own = _shuffled("ana")
    verifiers = [Verifier.fit(own[start : start + 12], own[start + 12 : start + 24]) for start in range(0, 96, 12)]
    assert min(verifier.separation for verifier in verifiers) < 0.5
    assert all(verifier.scale >= 0 for verifier in verifiers)


def test_what_is_said_of_unseen_texts_is_what_learning_without_them_says() -> None:
    """The closed form of leave-one-out, beside leaving one out."""
    dice = np.random.default_rng(6)
    vectors, is_own = dice.normal(0, 1, (15, 40)), np.arange(15) < 4
    goal, noise = np.where(is_own, 1.0, -1.0), np.where(is_own, 8 / 15, 22 / 15)
    weights, unseen = _ridge(vectors, is_own)
    for left in range(15):
        rest = np.arange(15) != left
        alike = vectors[rest] @ vectors[rest].T + np.diag(noise[rest])
        expected = vectors[left] @ vectors[rest].T @ np.linalg.solve(alike, goal[rest])
        assert unseen[left] == pytest.approx(expected)
    assert np.sign(vectors @ weights) == pytest.approx(goal)


def test_the_border_lies_between_the_sides() -> None:
    """Half and half is where texts of both sides are equally likely, also where one side has many more."""
    own, others = ([part(text).body for text in _shuffled(name)] for name in ("ana", "ben"))
    verifier = Verifier.fit(own[:10], others[:150])
    told, foreign = [verifier.score(text) for text in own[10:]], [verifier.score(text) for text in others[150:]]
    assert np.mean(np.array(told) > UNDECIDED) > 0.9
    assert np.mean(np.array(foreign) < UNDECIDED) > 0.9


def test_the_same_texts_give_the_same_scores() -> None:
    """To the last bit, in another process too."""
    own, others = _shuffled("ana"), _shuffled("ben")
    first, second = (Verifier.fit(own[:40], others[:40]) for _ in range(2))
    assert first.score(own[50]) == second.score(own[50]) == pickle.loads(pickle.dumps(first)).score(own[50])  # noqa: S301


@pytest.mark.parametrize(("own", "others"), [(0, 50), (50, 0), (FEWEST - 1, 50), (50, FEWEST - 1), (0, 0)])
def test_with_too_few_texts_nobody_is_told(own: int, others: int) -> None:
    """Every score is in the middle, and the separation that of a guess; no error ends a run for it."""
    verifier = Verifier.fit(sent_by("ana")[:own], sent_by("ben")[:others])
    assert verifier.score(sent_by("ana")[60]) == UNDECIDED
    assert verifier.separation == UNDECIDED


def test_a_handful_of_texts_is_enough_for_people_so_different() -> None:
    """Sixteen of each."""
    own, others = _shuffled("ana"), _shuffled("ben")
    verifier = Verifier.fit(own[:16], others[:16])
    assert separation([*map(verifier.score, own[16:])], [*map(verifier.score, others[16:])]) > 0.95


def test_many_others_do_not_make_an_author_less_likely() -> None:
    """Sides weigh the same, whatever their numbers."""
    own, others = _shuffled("ana"), _shuffled("ben")
    verifier = Verifier.fit(own[:20], others[:160])
    assert np.median([verifier.score(text) for text in own[20:]]) > 0.8


@pytest.mark.parametrize("side", ["own", "others"])
def test_texts_all_alike_are_no_trouble(side: str) -> None:
    """A base model may write the same draft for every mail, or next to nothing."""
    dull = ["Hello."] * 20
    people = list(_shuffled("ana")[:20])
    verifier = Verifier.fit(*((dull, people) if side == "own" else (people, dull)))
    assert (verifier.score("Hello.") > UNDECIDED) is (side == "own")
    assert (verifier.score(_shuffled("ana")[30]) > UNDECIDED) is (side == "others")


@given(text=st.text(max_size=100))
def test_every_text_has_a_score(text: str) -> None:
    """Between 0 and 1, whatever a model writes."""
    assert 0 <= _verifier().score(text) <= 1


@given(
    own=st.lists(st.integers(0, 5), min_size=1, max_size=20),
    others=st.lists(st.integers(0, 5), min_size=1, max_size=20),
)
def test_separation_is_the_share_of_pairs_in_order(own: list[int], others: list[int]) -> None:
    """Ties count half; the two sides swapped give the rest."""
    pairs = [(one > other) + 0.5 * (one == other) for one in own for other in others]
    assert separation(own, others) == pytest.approx(sum(pairs) / len(pairs))
    assert separation(own, others) + separation(others, own) == pytest.approx(1)


_KNOWN: list[Verifier] = []


def _verifier() -> Verifier:
    if not _KNOWN:
        _KNOWN.append(Verifier.fit(_shuffled("ana")[:20], _shuffled("ben")[:20]))
    return _KNOWN[0]


def _shuffled(name: str) -> list[str]:
    texts = list(sent_by(name))
    random.Random(4).shuffle(texts)  # noqa: S311
    return texts
