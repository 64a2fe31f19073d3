"""Words to weights."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.sparse import document_weights, query_weights

SAME = [
    ("MÜLLER", "müller"),
    ("Straße", "STRASSE"),
    ("réunion", "reunion"),
    ("Señor, mañana?", "senor manana"),
    ("Não à reunião", "nao a reuniao"),
    ("perché così", "PERCHE COSI"),
    ("coördinatie", "coordinatie"),
    ("l'école d'été", "ecole ete"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spelling_that_people_vary_is_the_same(one: str, other: str) -> None:
    """Case, accents, elisions and punctuation do not keep words apart, in any of the languages."""
    assert query_weights(one) == query_weights(other)


def test_different_words_differ() -> None:
    """Words, numbers and single digits each count for themselves."""
    assert len(query_weights("invoice 4711 of 3 May").indices) == 5


@given(st.text())
def test_is_a_proper_sparse_vector(text: str) -> None:
    """Indices ascend without doubles, fit 32 bits, and every weight is positive."""
    for weights in (document_weights(text), query_weights(text)):
        assert list(weights.indices) == sorted(set(weights.indices))
        assert all(0 <= index < 2**32 for index in weights.indices)
        assert len(weights.values) == len(weights.indices)
        assert all(value > 0 for value in weights.values)


def test_repetition_saturates_and_length_counts_against() -> None:
    """A word said often weighs more, but less and less; in a long text it weighs less."""
    (once,) = document_weights("tax").values
    (twice,) = document_weights("tax tax").values
    (often,) = document_weights("tax " * 30).values
    assert once < twice < often < 2.2
    long = document_weights("tax " + " ".join(f"word{n}" for n in range(200)))
    assert min(long.values) < once


def test_is_the_same_in_every_process() -> None:
    """The hash of a word is a stored value: it must never change."""
    assert query_weights("Rechnung").indices == (3566269415,)
