"""Two processes that train one model: each has a part of it, and the result is that of one process."""

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.distributed.tensor import DTensor
from transformers import LlamaConfig, LlamaForCausalLM

from connectors.train_settings import TrainSettings
from tests.trainer.crew import in_two
from tests.trainer.learners import EXAMPLES, FP32, HELD_OUT, SETTINGS, replies, silent
from tests.trainer.training.test_preference import PAIRS, STAGE
from trainer.data.packing import Example
from trainer.memory.peak import measure_peak, tensor_bytes
from trainer.methods import METHODS
from trainer.training import checkpoint, loop
from trainer.training.hardware import Arithmetic
from trainer.training.objective import Replies
from trainer.training.preference import prefer
from trainer.training.prepare import prepare_model
from trainer.training.sharding import Sharded, in_turn, shard
from trainer.training.workers import Alone, Weights, Workers, trained

EXACT = SETTINGS.model_copy(update={"dropout": 0.0, "learning_rate": 1e-3, "batch_size": 3})
LEARNED = EXAMPLES[:23]
"""Eight steps of an epoch, the last with two items only: shares are unlike, and one may be empty."""
BF16 = Arithmetic(device="cpu", dtype=torch.bfloat16)


def training_of(
    model: Path, settings: TrainSettings, workers: Workers, folder: Path, arithmetic: Arithmetic = FP32
) -> loop.Training[Example]:
    """Return the training of a model, sharded if the workers are."""
    with in_turn() if isinstance(workers, Sharded) else nullcontext():
        wrapped = prepare_model(str(model), settings, arithmetic)
        METHODS[settings.method].choose(wrapped, settings, replies(settings), LEARNED, arithmetic, folder)
        if isinstance(workers, Sharded):
            shard(wrapped, arithmetic, is_offloaded=settings.offload)
    total = loop.steps_per_epoch(len(LEARNED), settings) * settings.epochs
    return loop.prepare(wrapped, replies(settings), settings, arithmetic=arithmetic, total=total, workers=workers)


def learn(
    workers: Workers,
    model: Path,
    settings: TrainSettings,
    folder: Path,
    *,
    arithmetic: Arithmetic = FP32,
    report: loop.Report = silent,
) -> tuple[list[float], dict[str, list[float]]]:
    """Train a model; return the held-out losses, and the weights as they are in the end."""
    training = training_of(model, settings, workers, folder, arithmetic)
    progress = loop.train(training, LEARNED, HELD_OUT, folder=folder, report=report)
    return progress.losses, plain(workers.weights(training.model))


def plain(weights: Weights) -> dict[str, list[float]]:
    """Return weights as lists: what one process sends another."""
    return {name: tensor.double().flatten().tolist() for name, tensor in weights.items()}


def assert_same(weights: dict[str, list[float]], others: dict[str, list[float]]) -> None:
    """Compare weights within the tolerance of fp32."""
    assert weights.keys() == others.keys()
    assert weights
    for name, values in weights.items():
        torch.testing.assert_close(torch.tensor(values), torch.tensor(others[name]), atol=1e-5, rtol=1e-4)


def folder_in(path: Path, name: str) -> Path:
    """Return a new folder."""
    (path / name).mkdir()
    return path / name


@pytest.mark.process
@pytest.mark.parametrize(
    "changes",
    [
        {"method": "lora"},
        {"method": "rosa", "checkpointing": "on"},
        {"method": "full", "checkpointing": "on", "accumulation": 2},
        {"method": "full", "offload": True, "loss": "plain"},
    ],
    ids=lambda changes: "-".join(map(str, changes.values())),
)
def test_two_learn_what_one_learns(tiny: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    """Held-out losses and weights are those of one process, whatever is trained and however unlike the shares."""
    settings = TrainSettings.model_validate(EXACT.model_dump() | {"epochs": 1} | changes)
    expected_losses, expected = learn(Alone(), tiny, settings, folder_in(tmp_path, "alone"))
    first, second = in_two(learn, tmp_path, tiny, settings, folder_in(tmp_path, "two"))
    assert first[0] == pytest.approx(expected_losses, rel=1e-5)
    assert_same(first[1], expected)
    assert second == (first[0], {})


@pytest.mark.process
@pytest.mark.parametrize(("precision", "method"), [("fp16", "lora"), ("bf16", "full")])
def test_two_learn_in_half_precision(tiny: Path, tmp_path: Path, precision: str, method: str) -> None:
    """In 16 bits the loss falls as it does in one process; trained weights stay in fp32."""
    arithmetic = Arithmetic(device="cpu", dtype={"bf16": torch.bfloat16, "fp16": torch.float16}[precision])
    settings = EXACT.model_copy(update={"epochs": 1, "method": method, "learning_rate": 5e-3})
    expected, _ = learn(Alone(), tiny, settings, folder_in(tmp_path, "alone"), arithmetic=arithmetic)
    (losses, _), _ = in_two(learn, tmp_path, tiny, settings, folder_in(tmp_path, "two"), arithmetic=arithmetic)
    assert losses[1] < losses[0] - 0.01
    assert losses == pytest.approx(expected, rel=0.01)
    kept = checkpoint.load(tmp_path / "two")
    assert kept is not None
    assert {weight.dtype for weight in kept[1].values()} == {torch.float32}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Bytes that one process holds after some steps, and at the peak of them."""

    parameters: int
    gradients: int
    optimiser: int
    peak: int


def hold(workers: Workers, model: Path, settings: TrainSettings, folder: Path) -> Held:
    """Take two steps, and add up gradients for a third."""
    training = training_of(model, settings, workers, folder)
    parameters = tensor_bytes([local(each) for each in training.model.parameters()])
    with measure_peak("cpu", already=parameters) as peak:
        for _ in range(2):
            loop.step(training, LEARNED[:2])
    loop._add_gradients(training, LEARNED[:2])
    gradients = [each.grad for each in trained(training.model).values() if each.grad is not None]
    states = [
        value for state in training.optimiser.state.values() for value in state.values() if isinstance(value, DTensor)
    ] or [value for state in training.optimiser.state.values() for value in state.values()]
    return Held(
        parameters=parameters,
        gradients=tensor_bytes([local(each) for each in gradients]),
        optimiser=tensor_bytes([local(each) for each in states]),
        peak=peak.bytes,
    )


def local(tensor: torch.Tensor) -> torch.Tensor:
    """Return what of a tensor lies in this process."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


@pytest.mark.process
def test_each_holds_half(tmp_path: Path) -> None:
    """Of weights, gradients and the optimiser's state each process holds half, and its peak is well below."""
    wide = make_wide_model(folder_in(tmp_path, "wide"))
    settings = EXACT.model_copy(update={"method": "full", "batch_size": 1, "accumulation": 2})
    alone = hold(Alone(), wide, settings, folder_in(tmp_path, "alone"))
    for held in in_two(hold, tmp_path, wide, settings, folder_in(tmp_path, "two")):
        for part in ("parameters", "gradients", "optimiser"):
            assert getattr(held, part) <= 0.51 * getattr(alone, part), part
        assert held.peak < 0.75 * alone.peak


def make_wide_model(folder: Path) -> Path:
    """Write a model whose weights take more than its activations, and share one matrix between its two ends."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=400, hidden_size=256, intermediate_size=512, num_hidden_layers=6, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


class Stop(Exception):
    """Ends a run in the middle."""


def begin(workers: Workers, model: Path, settings: TrainSettings, folder: Path) -> None:
    """Train until after the fifth step's checkpoint."""

    def stop(done: int, _total: int, _note: str) -> None:
        if done == 6:
            raise Stop

    with pytest.raises(Stop):
        learn(workers, model, settings, folder, report=stop)


@pytest.mark.process
def test_what_two_began_one_ends_and_the_other_way_round(tiny: Path, tmp_path: Path) -> None:
    """A checkpoint of two is one of one: run on by the other, the result is that of an unbroken run."""
    settings = EXACT.model_copy(update={"method": "full", "epochs": 1})
    expected = learn(Alone(), tiny, settings, folder_in(tmp_path, "unbroken"))
    by_two, by_one = folder_in(tmp_path, "two"), folder_in(tmp_path, "one")
    in_two(begin, tmp_path, tiny, settings, by_two)
    begin(Alone(), tiny, settings, by_one)
    ended_by_one = learn(Alone(), tiny, settings, by_two)
    ended_by_two = in_two(learn, folder_in(tmp_path, "again"), tiny, settings, by_one)[0]
    for losses, weights in (ended_by_one, ended_by_two):
        assert losses == pytest.approx(expected[0], rel=1e-5)
        assert_same(weights, expected[1])


class Overflowing(Replies):
    """Replies, one worker's first of which are beyond the format."""

    def __init__(self, *, is_bad: bool) -> None:
        super().__init__()
        self._is_bad = is_bad

    def loss(self, model: nn.Module, items: Sequence[Example], arithmetic: Arithmetic) -> torch.Tensor:
        """Return a loss whose gradient overflows the first time."""
        is_bad, self._is_bad = self._is_bad, False
        return super().loss(model, items, arithmetic) * (math.inf if is_bad else 1.0)


def overflow(workers: Sharded, model: Path, folder: Path) -> tuple[float, dict[str, list[float]]]:
    """Take a step in which the second worker's gradient overflows; return the scale after, and the weights."""
    arithmetic = Arithmetic(device="cpu", dtype=torch.float16)
    training = training_of(model, EXACT, workers, folder, arithmetic)
    poisoned = replace(training, objective=Overflowing(is_bad=not workers.is_first))
    loop.step(poisoned, LEARNED[:6])
    return training.scaler.get_scale(), plain(workers.weights(training.model))


@pytest.mark.process
def test_all_see_what_overflowed_for_one(tiny: Path, tmp_path: Path) -> None:
    """In fp16 all workers lower their scale together, and nothing that is no number gets into the weights."""
    (scale, weights), (other, _) = in_two(overflow, tmp_path, tiny, folder_in(tmp_path, "run"))
    assert scale == other <= 2.0**15
    assert all(math.isfinite(value) for values in weights.values() for value in values)


def learn_preferences(workers: Workers, model: Path, folder: Path) -> tuple[float, float, bool]:
    """Carry out the stage of preferences; return its margin and the held-out mail's loss in the end."""
    training = training_of(model, STAGE, workers, folder)
    outcome = prefer(
        training.model, PAIRS, STAGE, arithmetic=FP32, folder=folder, report=silent, mails=HELD_OUT, workers=workers
    )  # fmt: skip
    assert outcome.mails_after is not None
    return outcome.after.margin, outcome.mails_after, outcome.is_kept


@pytest.mark.process
def test_two_prefer_what_one_prefers(tiny: Path, tmp_path: Path) -> None:
    """The stage of preferences goes over several processes like the one before it."""
    expected = learn_preferences(Alone(), tiny, folder_in(tmp_path, "alone"))
    results = in_two(learn_preferences, tmp_path, tiny, folder_in(tmp_path, "two"))
    for margin, loss, is_kept in results:
        assert (margin, loss) == pytest.approx(expected[:2], rel=1e-4)
        assert is_kept == expected[2]


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("items", [0, 1, 2, 5, 6, 7, 24])
def test_all_go_as_many_rounds_and_every_item_counts_once(items: int, size: int, count: int) -> None:
    """However few the items, all workers call the model equally often, each with something; no item counts twice."""
    numbers = list(range(items))
    rounds = [
        list(Sharded(number=number, count=count, device="cpu").rounds(numbers, size)) for number in range(count)
    ]  # fmt: skip
    assert len({len(each) for each in rounds}) == 1
    assert all(0 < len(some) <= size for each in rounds for some, _ in each)
    counted = Counter(item for each in rounds for some, counts in each for item in some * counts)
    assert counted == Counter(numbers)
