"""Tells whether a text was written by an author: runs of characters, weighed by what others do not write. Pure.

The rules this module keeps:
1. What a mail is about does not count: names, numbers and addresses are hidden, and only runs of characters that many
   mails hold are looked at.
2. Scores are calibrated on mails the model did not see (leave-one-out, in closed form), so 0.5 is the border and 0.9
   means nine in ten.
3. The same texts give the same scores. With too few texts nobody is told from anybody: every score is 0.5.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.frame import part

FEWEST = 8
"""Texts on either side below which nothing can be told."""
UNDECIDED = 0.5

_SIZES = (1, 2, 3)
_MOST_FEATURES = 4_000
_MOST_TEXTS = 500
"""Of more texts on a side, so many are taken, spread evenly."""
_FEWEST_TEXTS = 3
"""A run of characters in fewer texts than this is a matter, and no manner."""
_MOST_CHARACTERS = 4_000
_SMOOTHING = 1.0
"""How strongly weights are held small, where vectors have the length 1."""
_STEPS, _LONGEST_STEP, _HOLD = 50, 2.0, 1e-3
"""Of Newton's method: steps, how far each goes at most, and what holds the scale where no text is told wrongly."""

Numbers = NDArray[np.float64]

_HIDDEN = (
    (re.compile(r"\S*(?:@|://|www\.)\S*"), "@"),
    (re.compile(r"\d+(?:[.,:/]\d+)*"), "0"),
)
"""Addresses and numbers."""
_INSIDE = re.compile(r"(?<=[^\s.!?:\u2026] )[^\W\d_]{2,}")
"""A word inside a sentence; with a capital it names something."""
_NAME = "N"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Knows an author by their texts."""

    features: dict[str, int]
    rarity: Numbers
    weights: Numbers
    border: float
    scale: float
    separation: float
    """How well it tells texts it did not see: the chance that one of the author's scores above one of the others'.
    1 is perfect, 0.5 a guess: then scores say nothing."""

    @classmethod
    def fit(cls, own: Sequence[str], others: Sequence[str]) -> "Verifier":
        """Learn to tell an author from others.

        Args:
            own: Texts by the author.
            others: Texts by other people, or for want of them drafts of a model that never saw the author's.
        """
        own, others = _spread(own), _spread(others)
        if min(len(own), len(others)) < FEWEST:
            return _UNDECIDED
        hidden = [_hide(text) for text in (*own, *others)]
        runs = [Counter(_runs(text)) for text in hidden]
        features = _choose(runs)
        counts = np.stack([_count(each, features) for each in runs])
        rarity = np.log((1 + len(hidden)) / (1 + (counts > 0).sum(axis=0))) + 1
        vectors = _scaled(counts, rarity)
        is_own = np.arange(len(hidden)) < len(own)
        weights, unseen = _ridge(vectors, is_own)
        scale, border = _calibrate(unseen, is_own)
        return cls(
            features=features,
            rarity=rarity,
            weights=weights,
            border=border,
            scale=scale,
            separation=separation(unseen[is_own], unseen[~is_own]),
        )

    def score(self, text: str) -> float:
        """Return how probable it is, 0 to 1, that the author wrote a text, when half of all texts are theirs."""
        if not self.features:
            return UNDECIDED
        vector = _scaled(_count(Counter(_runs(_hide(text))), self.features)[None], self.rarity)[0]
        return _probability(self.scale * float(vector @ self.weights) + self.border)


def separation(own: Sequence[float] | Numbers, others: Sequence[float] | Numbers) -> float:
    """Return the chance that one of the first scores higher than one of the second: the area under the ROC curve."""
    first, second = np.asarray(own, dtype=np.float64), np.sort(np.asarray(others, dtype=np.float64))
    below, upto = np.searchsorted(second, first, side="left"), np.searchsorted(second, first, side="right")
    return float((below + upto).sum() / (2 * len(first) * len(second)))


def _spread(texts: Sequence[str]) -> list[str]:
    """Take as many texts as are looked at, from all of them alike; empty ones say nothing."""
    told = [text for text in texts if text.strip()]
    step = max(1.0, len(told) / _MOST_TEXTS)
    return [told[int(at * step)] for at in range(min(len(told), _MOST_TEXTS))]


def _hide(text: str) -> str:
    """Hide what a text is about: addresses, numbers, and whom it names."""
    text = text[:_MOST_CHARACTERS]
    for pattern, sign in _HIDDEN:
        text = pattern.sub(sign, text)
    for name in part(text).signed:
        text = re.sub(rf"\b{re.escape(name)}\b", _NAME, text)
    return _INSIDE.sub(lambda word: _NAME if word[0].istitle() else word[0], text)


def _runs(text: str) -> Iterator[str]:
    bordered = f"\n{text}\n"
    for size in _SIZES:
        yield from (bordered[at : at + size] for at in range(len(bordered) - size + 1))


def _choose(texts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Return the runs that most texts hold, and the place of each."""
    holders = Counter(run for text in texts for run in text)
    common = sorted(
        (run for run, count in holders.items() if count >= _FEWEST_TEXTS), key=lambda run: (-holders[run], run)
    )
    return {run: place for place, run in enumerate(common[:_MOST_FEATURES])}


def _count(runs: Mapping[str, int], features: Mapping[str, int]) -> Numbers:
    counts = np.zeros(len(features))
    for run, count in runs.items():
        if (place := features.get(run)) is not None:
            counts[place] = count
    return counts


def _scaled(counts: Numbers, rarity: Numbers) -> Numbers:
    """Damp what stands in a text many times, raise what stands in few, and make all texts alike long.

    The 1 at the end of each is for what all texts have in common.
    """
    vectors = np.log1p(counts) * rarity
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.hstack([vectors / np.maximum(lengths, 1e-12), np.ones_like(lengths)])


def _ridge(vectors: Numbers, is_own: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Fit a ridge regression to 1 for the author and -1 for others, both sides of equal weight in all.

    Returns:
        The weights, and what they would say of each text had it not been seen.
    """
    goal = np.where(is_own, 1.0, -1.0)
    of_side = np.where(is_own, is_own.sum(), (~is_own).sum())
    inverse = np.linalg.inv(vectors @ vectors.T + np.diag(_SMOOTHING * 2 * of_side / len(goal)))
    alpha = inverse @ goal
    return vectors.T @ alpha, goal - alpha / np.diag(inverse)


def _calibrate(unseen: Numbers, is_own: NDArray[np.bool_]) -> tuple[float, float]:
    """Return scale and offset that make probabilities of scores (Platt 1999), by Newton's method."""
    own, others = int(is_own.sum()), int((~is_own).sum())
    goal = np.where(is_own, (own + 1) / (own + 2), 1 / (others + 2))
    weight = np.where(is_own, 0.5 / own, 0.5 / others)
    terms, found = np.stack([unseen, np.ones_like(unseen)], axis=1), np.zeros(2)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-terms @ found))
        slope = terms.T @ (weight * (goal - chance)) - _HOLD * found
        bend = terms.T @ (terms * (weight * chance * (1 - chance))[:, None]) + _HOLD * np.eye(2)
        found = found + np.clip(np.linalg.solve(bend, slope), -_LONGEST_STEP, _LONGEST_STEP)
    return (float(found[0]), float(found[1])) if found[0] > 0 else (0.0, 0.0)


def _probability(score: float) -> float:
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, score))))


_UNDECIDED = Verifier(features={}, rarity=np.zeros(0), weights=np.zeros(0), border=0.0, scale=0.0, separation=UNDECIDED)
