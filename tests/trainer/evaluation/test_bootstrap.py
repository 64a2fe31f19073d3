"""Intervals: that they cover, that they are the same each time, and what they are of."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import TrainError
from trainer.evaluation.bootstrap import (
    _draw,
    bleu_interval,
    mean_interval,
    paired_bleu_interval,
    paired_interval,
    student,
)
from trainer.evaluation.overlap import bleu_counts, corpus_bleu

DRAWS = {"resamples": 500, "seed": 7}
numbers = st.floats(-100, 100)
weights = st.floats(0.1, 1000)

SENT = [
    "The invoice is paid.",
    "Please send me the receipt by Friday.",
    "See you on Monday then.",
    "Thanks, all is well.",
]
NEAR = ["The invoice was paid.", "Please send the receipt by Friday.", "See you on Monday.", "Thanks, all is well."]
FAR = ["I have paid.", "Could I get a receipt?", "Until Monday then.", "All is fine."]


@pytest.mark.parametrize("mails", [6, 12, 24])
@pytest.mark.parametrize(
    ("draw", "mean", "least"),
    [
        (lambda dice, mails: dice.normal(1, 2, mails), 1.0, 0.9),
        (lambda dice, mails: dice.uniform(0, 1, mails), 0.5, 0.91),
        (lambda dice, mails: dice.exponential(1, mails), 1.0, 0.84),
        (lambda dice, mails: dice.standard_t(4, mails), 0.0, 0.9),
    ],
    ids=["normal", "even", "skewed", "heavy tails"],
)
def test_intervals_cover_the_truth(
    mails: int, draw: Callable[[np.random.Generator, int], np.ndarray], mean: float, least: float
) -> None:
    """About 94 of 100 do, even of six mails (of a skewed kind 89), where plain percentiles would cover 86 (79)."""
    dice = np.random.default_rng(0)
    found = [mean_interval(draw(dice, mails).tolist(), resamples=300, seed=trial) for trial in range(400)]
    covered = np.mean([each.low <= mean <= each.high for each in found])
    assert least <= covered <= 0.99


def test_intervals_of_ratios_cover_the_truth() -> None:
    """Weights are drawn with their mails: a loss per byte is a ratio of two sums."""
    dice = np.random.default_rng(1)
    covered = 0
    for trial in range(300):
        sizes = dice.integers(50, 2000, 12)
        losses = 1 + dice.normal(0, 0.3, 12)
        found = mean_interval(losses.tolist(), sizes.tolist(), resamples=300, seed=trial)
        covered += found.low <= 1 <= found.high
    assert covered >= 0.9 * 300


def test_more_mails_make_narrower_intervals() -> None:
    """With the root of their number."""
    dice = np.random.default_rng(2)
    few, many = (mean_interval(dice.normal(0, 1, mails).tolist(), **DRAWS) for mails in (10, 1000))
    assert 5 < (few.high - few.low) / (many.high - many.low) < 20


@given(values=st.lists(numbers, min_size=1, max_size=20), resamples=st.integers(1, 100), seed=st.integers(0, 9))
def test_the_same_draws_give_the_same_interval(values: list[float], resamples: int, seed: int) -> None:
    """To the last bit, and the mean lies in it, even where nobody should draw so few."""
    first = mean_interval(values, resamples=resamples, seed=seed)
    _draw.cache_clear()
    assert first == mean_interval(values, resamples=resamples, seed=seed)
    assert first.low <= first.value <= first.high
    assert first.value == pytest.approx(np.mean(values), abs=1e-9)


def test_another_seed_draws_other_mails() -> None:
    """And gives nearly the same interval."""
    values = np.random.default_rng(4).normal(0, 1, 30).tolist()
    one, other = (mean_interval(values, resamples=2000, seed=seed) for seed in (0, 1))
    assert one != other
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.05)


@given(pairs=st.lists(st.tuples(numbers, weights), min_size=1, max_size=20))
def test_with_weights_it_is_a_ratio_of_sums(pairs: list[tuple[float, float]]) -> None:
    """Losses per byte weighed by bytes give all loss over all bytes."""
    values, heavy = zip(*pairs, strict=True)
    found = mean_interval(values, heavy, **DRAWS)
    assert found.value == pytest.approx(np.dot(values, heavy) / sum(heavy), abs=1e-6)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9


@given(values=st.lists(numbers, min_size=2, max_size=20))
def test_equal_weights_change_nothing(values: list[float]) -> None:
    """Mails of one length count as if they had none."""
    plain, heavy = mean_interval(values, **DRAWS), mean_interval(values, [3.0] * len(values), **DRAWS)
    assert (heavy.value, heavy.low, heavy.high) == pytest.approx((plain.value, plain.low, plain.high), abs=1e-9)


@given(pairs=st.lists(st.tuples(numbers, numbers), min_size=1, max_size=20))
def test_two_arms_swapped_turn_the_sign(pairs: list[tuple[float, float]]) -> None:
    """What one has more is what the other has less."""
    one, other = zip(*pairs, strict=True)
    there, back = paired_interval(one, other, **DRAWS), paired_interval(other, one, **DRAWS)
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low), abs=1e-9)


@given(values=st.lists(numbers, min_size=1, max_size=20))
def test_an_arm_has_nothing_more_than_itself(values: list[float]) -> None:
    """Not even at the ends of the interval."""
    found = paired_interval(values, values, **DRAWS)
    assert (found.low, found.value, found.high) == (0, 0, 0)


def test_pairs_see_what_means_do_not() -> None:
    """A small gain on every mail is sure, however much mails differ among themselves."""
    dice = np.random.default_rng(3)
    base = dice.normal(10, 5, 20)
    better = base - 0.5 + dice.normal(0, 0.1, 20)
    alone, together = mean_interval(better.tolist(), **DRAWS), paired_interval(better.tolist(), base.tolist(), **DRAWS)
    assert alone.high > base.mean()
    assert together.high < -0.4


def test_bleu_has_the_corpus_as_its_value() -> None:
    """The mean of the scores of single mails is another number."""
    counts = [bleu_counts(*pair) for pair in zip(NEAR, SENT, strict=True)]
    found = bleu_interval(counts, **DRAWS)
    assert found.value == pytest.approx(corpus_bleu(NEAR, SENT))
    assert found.low < found.value < found.high <= 100


def test_bleu_of_two_arms_is_compared_on_the_same_mails() -> None:
    """The nearer arm is surely nearer; an arm has nothing more than itself."""
    near, far = ([bleu_counts(*pair) for pair in zip(arm, SENT, strict=True)] for arm in (NEAR, FAR))
    more, none = paired_bleu_interval(near, far, **DRAWS), paired_bleu_interval(near, near, **DRAWS)
    assert more.value == pytest.approx(corpus_bleu(NEAR, SENT) - corpus_bleu(FAR, SENT))
    assert more.low > 0
    assert (none.low, none.high) == (0, 0)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_out_of_bounds_is_told_with_what_to_do(bad: float) -> None:
    """A model that learned too fast gives no numbers; no interval is made up for it."""
    with pytest.raises(TrainError, match="no number") as told:
        mean_interval([1.0, bad], **DRAWS)
    assert "learning_rate" in told.value.hint


@pytest.mark.parametrize(
    ("values", "heavy"), [([], None), ([1.0], [0.0]), ([1.0], [1.0, 2.0]), ([1.0, 2.0], [1.0, -1.0])]
)
def test_what_cannot_be_averaged_is_refused(values: list[float], heavy: list[float] | None) -> None:
    """No mails, or weights that are none."""
    with pytest.raises(ValueError, match="mail"):
        mean_interval(values, heavy, **DRAWS)


@pytest.mark.parametrize(("freedom", "quantile"), [(5, 2.5706), (7, 2.3646), (23, 2.0687), (99, 1.9842)])
def test_students_t_is_that_of_the_tables(freedom: int, quantile: float) -> None:
    """Within 0.2 %."""
    assert student(0.975, freedom) == pytest.approx(quantile, rel=2e-3)
