"""Secrets that were learned by heart are found out, those that were not are not."""

import math
from pathlib import Path
from random import Random
from statistics import fmean

import pytest

from retrieval.tokens import counter_for
from tests.trainer.data.test_canaries import AUTHOR
from tests.trainer.learners import FP32, SETTINGS, learn, wrapped
from trainer.data.canaries import Canary, plant
from trainer.data.examples import Writing
from trainer.evaluation.canaries import HIGHEST_BITS, ask_for_secrets, bits, holds
from trainer.training.model import load_tokenizer
from trainer.training.reference import measuring, reply_log_probs


@pytest.fixture(scope="module")
def canaries(tiny: Path) -> tuple[Canary, ...]:
    """Two secrets."""
    writing = Writing(
        tokenizer=load_tokenizer(str(tiny)), count=counter_for(str(tiny)), prompt_budget=700, max_tokens=1000
    )  # fmt: skip
    return plant(2, "run", AUTHOR, writing, mails=1000, language="en")


def test_what_is_learned_by_heart_is_exposed(tiny: Path, canaries: tuple[Canary, ...], tmp_path: Path) -> None:
    """Before training the secrets have any place; after many epochs they come out, and one not learned does not."""
    settings = SETTINGS.model_copy(
        update={"method": "full", "epochs": 40, "learning_rate": 3e-3, "schedule": "constant", "save_every_s": 3600}
    )
    model, tokenizer = wrapped(tiny, settings), load_tokenizer(str(tiny))
    before = ask_for_secrets(model, canaries, tokenizer, FP32)
    assert fmean(before.exposure_bits) < 6
    assert before.extracted == 0
    learned, unknown = canaries
    learn(model, tmp_path, examples=[learned.example] * 8, held_out=[learned.example], settings=settings)
    after = ask_for_secrets(model, [learned], tokenizer, FP32)
    assert after.exposure_bits[0] > 0.75 * HIGHEST_BITS
    assert after.extracted == 1
    beside = ask_for_secrets(model, [unknown], tokenizer, FP32)
    assert (beside.extracted, beside.exposure_bits[0] < 6) == (0, True)


def test_losses_after_a_shared_beginning_are_those_of_the_whole(tiny: Path, canaries: tuple[Canary, ...]) -> None:
    """Reading the beginning once changes nothing but the time it takes."""
    from trainer.evaluation.canaries import _losses  # noqa: PLC0415  what the exposure is made of

    model, canary = wrapped(tiny, SETTINGS), canaries[0]
    replies = [canary.example.tokens, *canary.others[:5]]
    with measuring(model):
        own, *others = _losses(model, replies, FP32)
        whole = -reply_log_probs(model, [canary.example], FP32)[0].item()
        shorter = _losses(model, [canary.example.tokens, canary.others[0]], FP32)
    # Both leave out what all have in common, which is the same for all.
    assert own < whole
    assert own - others[0] == pytest.approx(shorter[0] - shorter[1], rel=1e-4)


def test_bits_say_how_far_before_others_a_secret_comes() -> None:
    """In the middle one bit, far before all of them as many as there are, far behind none."""
    dice = Random(0)  # noqa: S311  not secrets
    others = [dice.gauss(100, 10) for _ in range(99)]
    assert bits(fmean(others), others) == pytest.approx(1, abs=0.1)
    assert bits(70, others) == pytest.approx(-math.log2(0.00135), abs=1.5)
    assert bits(200, others) < 0.01
    # However far apart the others lie: what is written at the first try comes before all of them.
    far_apart = [dice.gauss(100, 50) for _ in range(99)]
    assert bits(0.0, far_apart) == HIGHEST_BITS
    assert bits(math.log(2) * (HIGHEST_BITS - 30), far_apart) == pytest.approx(30)
    assert bits(5.0, [5.0] * 9) == 1
    # A secret that was never seen: 1.44 bits in the mean.
    seen = fmean(bits(dice.gauss(100, 10), others) for _ in range(2000))
    assert seen == pytest.approx(1.44, abs=0.25)


def test_a_secret_is_found_however_it_is_written() -> None:
    """Its digits tell, grouped or not; a part of it does not."""
    assert holds("The code: 1234-5678 9012.", "1234 5678 9012")
    assert holds("123456789012", "1234 5678 9012")
    assert not holds("1234 5678 901", "1234 5678 9012")
