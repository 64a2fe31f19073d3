"""What a cell measures, in this process. The planner traces a step for each kind of cell, which takes seconds."""

from pathlib import Path

import pytest
import torch

from connectors.profile_job import Matrix, ProfileJob
from connectors.train_settings import TrainSettings
from tests.trainer.learners import make
from trainer.data.packing import Example
from trainer.profiling.cell import check
from trainer.profiling.effects import arrow, find_effects
from trainer.profiling.flops import step_flops
from trainer.profiling.generate import measure_generation
from trainer.profiling.learn import perplexity
from trainer.profiling.material import Material, Prompt
from trainer.profiling.measure import measure_training, sum_up
from trainer.profiling.plan import Measured, plan_cells
from trainer.profiling.records import Order, Outcome, Training
from trainer.profiling.start import start
from trainer.training.hardware import Arithmetic
from trainer.training.model import load_model

MATERIAL = Material(
    name="tests",
    learned=tuple(make(20, start=index, prompt=8) for index in range(8)),
    held_out=tuple(make(20, start=50 + index, prompt=8) for index in range(2)),
    prompts=(Prompt(tokens=(6, 7), text="hello"),),
)


def order(model: Path, **settings: object) -> Order:
    """Return an order of two steps."""
    common = {"batch_size": 4, "rank": 4, "precision": "fp32", "dropout": 0.0}
    return Order(
        task="train", model=str(model), settings=TrainSettings(**{**common, **settings}), steps=2, warmup_steps=1
    )


def train(model: Path, folder: Path, **settings: object) -> Training:
    """Carry out such an order here."""
    found = measure_training(order(model, **settings), MATERIAL, folder).training
    assert found is not None
    return found


@pytest.mark.process
def test_memory_is_split_to_the_byte(tiny: Path, tmp_path: Path) -> None:
    """In fp32, weights and gradients take 4 bytes a number, AdamW 8 and a count for each of its tensors."""
    found = train(tiny, tmp_path, method="full")
    tensors = len(list(load_model(str(tiny), torch.float32, "cpu").parameters()))
    assert found.trained == found.parameters
    assert found.memory.gradients == 4 * found.parameters
    assert found.memory.optimiser == 8 * found.parameters + 4 * tensors
    assert 0 <= found.memory.parameters - 4 * found.parameters < 1000  # and the buffers of rotary embeddings
    assert found.memory.peak > found.memory.parameters + found.memory.gradients + found.memory.optimiser
    assert found.memory.activations > 0


@pytest.mark.process
def test_an_adapter_is_told_from_the_model(tiny: Path, tmp_path: Path) -> None:
    """What lies beside the model's own weights is counted apart, for RoSA with its positions."""
    lora, rosa = train(tiny, tmp_path, method="lora"), train(tiny, tmp_path, method="rosa")
    assert lora.memory.adapter == 4 * lora.trained
    assert rosa.memory.adapter > 4 * rosa.trained
    assert lora.memory.parameters == rosa.memory.parameters


@pytest.mark.process
def test_the_plan_is_near_what_was_measured(tiny: Path, tmp_path: Path) -> None:
    """The planner is asked about the very batch that was measured."""
    found = train(tiny, tmp_path)
    assert found.memory.planned == pytest.approx(found.memory.peak, rel=0.1)


@pytest.mark.process
def test_accumulation_takes_less_for_activations(tiny: Path, tmp_path: Path) -> None:
    """A step of the same examples in four parts keeps a fourth of them at a time."""
    whole, parts = train(tiny, tmp_path), train(tiny, tmp_path, batch_size=1, accumulation=4)
    assert parts.memory.activations < whole.memory.activations / 2
    assert parts.speed.step_tokens == whole.speed.step_tokens == 80
    assert parts.loss_after == pytest.approx(whole.loss_after, rel=1e-4)


@pytest.mark.process
def test_the_techniques_change_activations_though_gradients_dominate(tiny: Path, tmp_path: Path) -> None:
    """Of short examples, less is held on the way forward by accumulation and by checkpointing, and gradients stay."""
    short = MATERIAL.model_copy(update={"learned": tuple(make(3, start=index) for index in range(8))})
    axes = {"checkpointing": ("off", "on"), "accumulation": (1, 8)}
    matrix = Matrix(name="M", axes=axes)  # type: ignore[arg-type]  a dict of narrower values
    base = order(tiny, method="full", batch_size=8)
    plan = plan_cells(ProfileJob(model=str(tiny), matrices=(matrix,), settings=base.settings, steps=1), str(tiny), "")
    outcomes = {cell.order.key: measure_training(cell.order, short, tmp_path) for cell in plan.cells}
    effects = {
        effect.technique.split(":")[0]: effect.changes
        for effect in find_effects(Measured(plan=plan, outcomes=outcomes))
    }
    found = outcomes[plan.cells[0].order.key].training
    assert found
    assert found.memory.gradients > found.memory.activations
    assert arrow(effects["accumulation"]["activations"]).startswith("↓")
    assert arrow(effects["checkpointing"]["activations"]).startswith("↓")
    assert [arrow(effect["gradients"]) for effect in effects.values()] == ["=", "="]


def test_speed_is_of_the_steps_that_were_timed(tiny: Path, tmp_path: Path) -> None:
    """Steps of unlike length count with their own tokens and their own seconds, whatever the median is."""
    training = start(order(tiny), MATERIAL.learned, tmp_path)
    timed = [[make(10)], [make(20)], [make(60)]]
    speed = sum_up(training, timed, [1.0, 2.0, 6.0])
    assert (speed.step_s, speed.timed_s, speed.tokens_per_s) == (2.0, 9.0, 10.0)
    flops = sum(step_flops(training.model, items, is_full=False) for items in timed)
    assert speed.flops_per_s == pytest.approx(flops / 9)


def test_operations_are_those_of_the_products(tiny: Path) -> None:
    """Full fine-tuning of one token costs six operations for each weight it is multiplied with, and attention."""
    model = load_model(str(tiny), torch.float32, "cpu")
    example = Example(message_id="m", tokens=(6, 7), prompt_tokens=1, reply_bytes=1)
    layers = sum(each.numel() for name, each in model.named_parameters() if "_proj" in name)
    head, attention = 64 * 400, 2**2 * 6 * 2 * 64
    vocabulary = model.get_output_embeddings().weight.shape[0]  # type: ignore[operator]
    expected = 2 * 6 * layers + 6 * head * vocabulary / 400 + attention
    assert step_flops(model, [example], is_full=True) == expected
    assert step_flops(model, [example], is_full=False) < expected


def test_perplexity_is_that_of_the_replies_tokens(tiny: Path) -> None:
    """An untrained model is about as undecided as its vocabulary is large."""
    model = load_model(str(tiny), torch.float32, "cpu")
    found = perplexity(model, MATERIAL.held_out, Arithmetic(device="cpu", dtype=torch.float32))
    assert 200 < found < 800


def test_both_ways_of_writing_write_the_same(tiny: Path) -> None:
    """With the cache and without, greedy writing gives the same text; both were timed."""
    found = measure_generation(order(tiny).model_copy(update={"generation_tokens": 6}), MATERIAL).generation
    assert found is not None
    assert found.is_same
    assert (found.tokens, found.prompt_tokens) == (6, 8)
    assert min(found.cached_per_s, found.uncached_per_s) > 0


@pytest.mark.process
def test_more_than_the_limit_is_out_of_memory(tiny: Path, tmp_path: Path) -> None:
    """The tensors' peak decides, however much else the process takes."""
    outcome = Outcome(training=train(tiny, tmp_path))
    assert check(outcome, 1.0) is outcome
    refused = check(outcome, 1e-4)
    assert refused.status == "out of memory"
    assert refused.training is None
