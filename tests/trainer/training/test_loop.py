"""The loop: exact accumulation, numbers that stay numbers, and an end in time."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from connectors.errors import TrainError
from connectors.train_settings import TrainSettings
from tests.trainer.learners import EXAMPLES, FP32, HELD_OUT, SETTINGS, learn, replies, wrapped
from trainer.data.packing import collate
from trainer.memory.peak import measure_peak
from trainer.methods import METHODS
from trainer.training import loop
from trainer.training.hardware import Arithmetic
from trainer.training.loss import nats_per_byte, plain_nll
from trainer.training.model import load_model
from trainer.training.objective import Replies
from trainer.training.workers import trained

BF16 = Arithmetic(device="cpu", dtype=torch.bfloat16)
FP16 = Arithmetic(device="cpu", dtype=torch.float16)


def changed(**changes: object) -> TrainSettings:
    """Return settings without dropout, and with some changes."""
    return SETTINGS.model_copy(update={"dropout": 0.0, **changes})


def gradients(model: Path, settings: TrainSettings, arithmetic: Arithmetic) -> tuple[float, torch.Tensor]:
    """Return the loss of a step on eight examples, and its gradient as one vector."""
    learner = wrapped(model, settings)
    if settings.checkpointing == "on":
        learner.gradient_checkpointing_enable({"use_reentrant": False})  # type: ignore[operator]
    training = loop.prepare(learner, replies(settings), settings, arithmetic=arithmetic, total=1)
    loss = loop._add_gradients(training, EXAMPLES[:8])
    training.scaler.unscale_(training.optimiser)
    slopes = [each.grad.flatten() for each in trained(learner).values() if each.grad is not None]
    return loss.item(), torch.cat(slopes)


@pytest.mark.parametrize(
    ("changes", "arithmetic", "rtol"),
    [
        ({"loss": "plain"}, FP32, 1e-5),
        ({"loss": "chunked"}, FP32, 1e-5),
        ({"packing": False}, FP32, 1e-5),
        ({"checkpointing": "on"}, FP32, 1e-5),
        ({"method": "full", "learning_rate": 1e-4}, FP32, 1e-5),
        ({}, BF16, 2e-2),
        ({}, FP16, 2e-3),
    ],
    ids=["plain", "chunked", "padded", "checkpointed", "full", "bf16", "fp16"],
)
def test_accumulation_equals_the_big_batch(
    tiny: Path, changes: dict[str, object], arithmetic: Arithmetic, rtol: float
) -> None:
    """Eight examples, cut into batches of 8, 2 or 3 with unlike numbers of reply tokens, give one and the same step."""
    whole, *cut = (gradients(tiny, changed(**changes, batch_size=size), arithmetic) for size in (8, 2, 3))
    for loss, slope in cut:
        assert loss == pytest.approx(whole[0], rel=rtol)
        assert (slope - whole[1]).norm() <= rtol * whole[1].norm()


def test_packed_and_padded_rows_learn_the_same(tiny: Path) -> None:
    """Packing is a matter of speed alone: loss and gradient are those of padded rows within 1e-5."""
    (packed, slope), (padded, other) = (gradients(tiny, changed(packing=how), FP32) for how in (True, False))
    assert packed == pytest.approx(padded, rel=1e-5)
    assert (slope - other).norm() <= 1e-5 * slope.norm()


def test_checkpointing_holds_less_and_learns_the_same(tiny: Path) -> None:
    """Activations computed again give the same loss and gradient at a lower peak."""
    found = {}
    for switch in ("off", "on"):
        with measure_peak("cpu") as peak:
            loss, slope = gradients(tiny, changed(checkpointing=switch, batch_size=8), FP32)
        found[switch] = (loss, slope, peak.bytes)
    assert found["on"][0] == pytest.approx(found["off"][0], rel=1e-6)
    torch.testing.assert_close(found["on"][1], found["off"][1], rtol=1e-5, atol=1e-7)
    assert found["on"][2] < 0.8 * found["off"][2]


def test_training_lowers_the_held_out_loss_and_keeps_the_best_epoch(tiny: Path, tmp_path: Path) -> None:
    """The model ends with the weights of the epoch with the lowest held-out loss, which is lower than before."""
    model = wrapped(tiny, SETTINGS)
    progress = learn(model, tmp_path)
    assert len(progress.losses) == 1 + SETTINGS.epochs
    assert min(progress.losses[1:]) < progress.losses[0]
    assert nats_per_byte(model, HELD_OUT, FP32, 4) == pytest.approx(min(progress.losses[1:]), rel=1e-5)


@pytest.mark.parametrize("arithmetic", [BF16, FP16], ids=["bf16", "fp16"])
def test_half_precision_trains(tiny: Path, tmp_path: Path, arithmetic: Arithmetic) -> None:
    """The 16-bit formats train too; fp16 with loss scaling."""
    model = METHODS["lora"].wrap(load_model(str(tiny), arithmetic.dtype, "cpu"), SETTINGS)
    progress = learn(model, tmp_path, arithmetic=arithmetic)
    assert min(progress.losses[1:]) < progress.losses[0]


def step_scaled(model: Path, scale: float) -> tuple[loop.Training, nn.Module]:  # type: ignore[type-arg]
    """Take one fp16 step whose losses are scaled by `scale` at first."""
    learner = wrapped(model, changed(warmup=4))
    training = loop.prepare(learner, replies(SETTINGS), changed(warmup=4), arithmetic=FP16, total=10)
    training = replace(training, scaler=torch.amp.GradScaler("cpu", init_scale=scale))
    loop.step(training, EXAMPLES[:4])
    return training, learner


def test_an_overflow_in_fp16_costs_a_try_and_not_a_step(tiny: Path) -> None:
    """The step is taken with a smaller scale: the same weights, and the learning rate has moved by one step."""
    calm, expected = step_scaled(tiny, 2.0**10)
    training, learner = step_scaled(tiny, 2.0**30)
    assert calm.scaler.get_scale() == 2.0**10
    assert training.scaler.get_scale() < 2.0**30
    assert training.schedule.last_epoch == calm.schedule.last_epoch == 1
    assert training.optimiser.param_groups[0]["lr"] == calm.optimiser.param_groups[0]["lr"]
    for (name, weight), other in zip(trained(learner).items(), trained(expected).values(), strict=True):
        assert (weight - other).norm() <= 0.02 * other.norm() + 1e-3, name


@pytest.mark.parametrize("arithmetic", [FP32, FP16], ids=["fp32", "fp16"])
def test_a_gradient_that_is_no_number_changes_nothing(tiny: Path, arithmetic: Arithmetic) -> None:
    """The run ends with advice, and the weights are those of before the step."""
    learner = wrapped(tiny, SETTINGS)
    training = loop.prepare(learner, replies(SETTINGS), SETTINGS, arithmetic=arithmetic, total=1)
    next(each for name, each in learner.named_parameters() if "norm" in name).data.fill_(float("nan"))
    before = training.workers.weights(learner)
    with pytest.raises(TrainError) as caught:
        loop.step(training, EXAMPLES[:4])
    assert "learning_rate" in caught.value.hint
    for name, weight in training.workers.weights(learner).items():
        assert torch.equal(weight, before[name])


@pytest.mark.parametrize(
    ("losses", "patience", "is_stalled"),
    [
        ([2.0], 1, False),
        ([2.0, 3.0], 1, False),
        ([2.0, 1.5, 1.4], 1, False),
        ([2.0, 1.5, 1.6], 1, True),
        ([2.0, 1.5, 1.6], 2, False),
        ([2.0, 1.5, 1.6, 1.5], 2, True),
        ([2.0, 1.5, 1.6, 1.4], 2, False),
        ([2.0, 1.5, 1.6, 1.7, 1.8], 0, False),
    ],
)
def test_patience_is_counted_from_the_best_epoch(losses: list[float], patience: int, *, is_stalled: bool) -> None:
    """The loss before training does not count, an equal one is no better, and patience 0 never ends."""
    assert loop.has_stalled(losses, patience) == is_stalled


def test_a_run_without_progress_stops_early_and_stays_stopped(tiny: Path, tmp_path: Path) -> None:
    """Only new epochs without gain use up the patience; the best epoch is kept; started again it takes no step."""
    settings = SETTINGS.model_copy(update={"epochs": 12, "patience": 2, "learning_rate": 0.05, "schedule": "constant"})
    model = wrapped(tiny, settings)
    progress = learn(model, tmp_path, settings=settings)
    best = progress.losses.index(min(progress.losses[1:]))
    assert len(progress.losses) - 1 == best + 2 < 12
    assert nats_per_byte(model, HELD_OUT, FP32, 4) == pytest.approx(progress.losses[best], rel=1e-5)
    steps: list[int] = []
    again = wrapped(tiny, settings)
    learn(again, tmp_path, settings=settings, report=lambda done, _total, _note: steps.append(done))
    assert steps == []
    for name, weight in trained(again).items():
        assert torch.equal(weight, trained(model)[name])


def test_the_seed_decides_everything(tiny: Path, tmp_path: Path) -> None:
    """The same seed gives the same weights to the last bit; another one others."""
    ends = []
    for run, seed in enumerate((1, 1, 2)):
        folder = tmp_path / str(run)
        folder.mkdir()
        settings = SETTINGS.model_copy(update={"seed": seed, "epochs": 1})
        model = wrapped(tiny, settings)
        learn(model, folder, settings=settings)
        ends.append(torch.cat([each.detach().flatten() for each in trained(model).values()]))
    assert torch.equal(ends[0], ends[1])
    assert not torch.allclose(ends[0], ends[2], atol=1e-4)


def test_every_step_is_noted(tiny: Path, tmp_path: Path) -> None:
    """Loss, learning rate, gradient, tokens and seconds of each step, and the most memory in use."""
    training_tokens = sum(len(example.tokens) for example in EXAMPLES)
    total = SETTINGS.epochs * len(EXAMPLES) // 4
    progress = learn(wrapped(tiny, SETTINGS), tmp_path)
    assert [each.number for each in progress.steps] == list(range(1, total + 1))
    assert sum(each.tokens for each in progress.steps) == SETTINGS.epochs * training_tokens
    rates = [each.rate for each in progress.steps]
    assert max(rates) == pytest.approx(SETTINGS.learning_rate)
    assert all(later < earlier for earlier, later in itertools.pairwise(rates[1:]))
    assert all(each.loss > 0 and each.gradient > 0 and each.seconds > 0 for each in progress.steps)
    assert sum(each.loss for each in progress.steps[: total // 2]) == pytest.approx(
        progress.train_losses[0] * total / 2
    )
    assert progress.tokens_per_second > 0
    assert progress.peak_bytes > 10_000_000


def test_a_step_tells_its_loss_by_reply_token(tiny: Path) -> None:
    """What a step says, and what it descends by, is the sum over reply tokens divided by their number in the step."""
    settings = SETTINGS.model_copy(update={"dropout": 0.0})
    model = wrapped(tiny, settings)
    tokens = sum(example.reply_tokens for example in EXAMPLES[:5])
    expected = plain_nll(model, collate([EXAMPLES[:5]])).item() / tokens
    training = loop.prepare(model, Replies(), settings, arithmetic=FP32, total=1)
    assert loop.step(training, EXAMPLES[:5]).loss == pytest.approx(expected, rel=1e-5)
