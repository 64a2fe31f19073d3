"""How sure a mean over few mails is: 95 % intervals from mails drawn again and again, with replacement. Pure.

The rules this module keeps:
1. The same mails, numbers of draws and seed give the same interval to the last bit, and the same draws for every arm.
2. Arms are compared mail by mail: the interval is that of the difference, not the difference of intervals.
3. Of few mails, percentiles of the draws are too narrow. They are widened as Student's t is wider than the normal
   distribution, and for the variance of draws being (n - 1) / n of the true one (Hesterberg 2015, "expanded").
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from connectors.errors import TrainError
from connectors.evaluation import Interval
from trainer.evaluation.overlap import bleu_of

LEVEL = 0.95

Numbers = NDArray[np.float64]
_Statistic = Callable[[Numbers], Numbers]
"""From how often each mail was drawn (draws x mails) to a number for each draw."""


def mean_interval(
    values: Sequence[float], weights: Sequence[float] | None = None, *, resamples: int, seed: int
) -> Interval:
    """Return the mean over mails with its interval.

    With weights it is a ratio of sums: losses per byte weighed by bytes give the loss per byte of all mails together.

    Args:
        values: One of each mail.
        weights: How much each mail counts, more than 0; None where all count the same.
        resamples: How many draws.
        seed: Decides the draws.

    Raises:
        TrainError: a value is no number, as the loss of a model is whose training went out of bounds.
    """
    numbers = _finite(values)
    heavy = _weights(weights, len(numbers))
    return _interval(lambda drawn: drawn @ (heavy * numbers) / (drawn @ heavy), len(numbers), resamples, seed)


def paired_interval(
    one: Sequence[float],
    other: Sequence[float],
    weights: Sequence[float] | None = None,
    *,
    resamples: int,
    seed: int,
) -> Interval:
    """Return how much more one arm has than another on the same mails, with its interval.

    Raises:
        TrainError: a value is no number.
    """
    differences = [first - second for first, second in zip(one, other, strict=True)]
    return mean_interval(differences, weights, resamples=resamples, seed=seed)


def bleu_interval(counts: Sequence[NDArray[np.int64]], *, resamples: int, seed: int) -> Interval:
    """Return the BLEU of all drafts together with its interval, from the `bleu_counts` of each."""
    table = np.stack(counts)
    return _interval(lambda drawn: bleu_of(drawn @ table), len(table), resamples, seed)


def paired_bleu_interval(
    one: Sequence[NDArray[np.int64]], other: Sequence[NDArray[np.int64]], *, resamples: int, seed: int
) -> Interval:
    """Return how much more BLEU one arm has than another on the same mails, with its interval."""
    first, second = np.stack(one), np.stack(other)
    if first.shape != second.shape:
        raise ValueError("the two arms wrote drafts of different mails")
    return _interval(lambda drawn: bleu_of(drawn @ first) - bleu_of(drawn @ second), len(first), resamples, seed)


def _interval(statistic: _Statistic, mails: int, resamples: int, seed: int) -> Interval:
    if not mails:
        raise ValueError("there is no mean of no mails")
    value = float(statistic(np.ones((1, mails)))[0])
    tail = _tail(mails)
    low, high = np.quantile(statistic(_draw(mails, resamples, seed)), (tail, 1 - tail))
    return Interval(value=value, low=min(value, float(low)), high=max(value, float(high)))


@lru_cache(maxsize=2)  # all measures of a run ask for the draws of its mails, some hundred times
def _draw(mails: int, resamples: int, seed: int) -> Numbers:
    """Return how often each mail is drawn: draws x mails."""
    drawn = np.random.default_rng(seed).multinomial(mails, np.full(mails, 1 / mails), size=resamples).astype(np.float64)
    drawn.flags.writeable = False
    return drawn


def _tail(mails: int) -> float:
    """Return the share of draws that is cut off at either end. Of a single mail there is no interval to speak of."""
    if mails == 1:
        return 0.0
    return NormalDist().cdf(-math.sqrt(mails / (mails - 1)) * student(1 - (1 - LEVEL) / 2, mails - 1))


def student(probability: float, freedom: int) -> float:
    """Return a quantile of Student's t (Abramowitz and Stegun 26.7.5): within 0.2 % from 5 degrees of freedom on."""
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / float(freedom) ** power for power, term in enumerate(terms, start=1))


def _weights(weights: Sequence[float] | None, mails: int) -> Numbers:
    heavy = np.ones(mails) if weights is None else _finite(weights)
    if len(heavy) != mails or (heavy <= 0).any():
        raise ValueError("every mail needs a weight, and more than 0")
    return heavy


def _finite(values: Sequence[float]) -> Numbers:
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        hint = "Train again, with a lower learning rate: [train] learning_rate."
        raise TrainError("A measure of this adapter is no number: its training went out of bounds.", hint=hint)
    return numbers
