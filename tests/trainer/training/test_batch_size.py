"""The batch size that fits is found, and finding it leaves no trace."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from connectors.train_settings import TrainSettings
from tests.trainer.learners import EXAMPLES, FP32, HELD_OUT, SETTINGS, silent, wrapped
from trainer.data.packing import Example
from trainer.training import loop
from trainer.training.batch_size import find_batch_size, largest
from trainer.training.hardware import Arithmetic
from trainer.training.objective import Replies
from trainer.training.workers import Weights, trained

AUTO = SETTINGS.model_copy(update={"batch_size": "auto", "epochs": 1})


class Cramped(Replies):
    """Runs out of memory when more than `room` tokens go through the model together."""

    def __init__(self, room: int, error: Callable[[], Exception] = MemoryError) -> None:
        super().__init__()
        self._room = room
        self._error = error
        self.tried: list[int] = []

    def loss(self, model: nn.Module, items: Sequence[Example], arithmetic: Arithmetic) -> torch.Tensor:
        """Return the loss, or fail where memory would."""
        self.tried.append(len(items))
        held = super().loss(model, items, arithmetic)
        if sum(self.length(item) for item in items) > self._room:
            raise self._error()
        return held


def prepare(model: nn.Module, objective: Replies, settings: TrainSettings = AUTO) -> loop.Training[Example]:
    """Put a training of 24 examples together."""
    return loop.prepare(model, objective, settings, arithmetic=FP32, total=3)


@given(st.integers(1, 200), st.integers(0, 250))
def test_the_largest_size_is_found_in_few_trials(limit: int, room: int) -> None:
    """Whatever fits: the answer is the largest that does, and none is tried twice or after it is known."""
    tried: list[int] = []

    def fits(size: int) -> bool:
        tried.append(size)
        return size <= room

    assert largest(limit, fits) == min(limit, room)
    assert len(set(tried)) == len(tried) <= 2 * limit.bit_length()
    assert all(1 <= size <= limit for size in tried)


ERRORS = {
    "gpu": lambda: torch.OutOfMemoryError("CUDA out of memory."),
    "python": MemoryError,
    "processor": lambda: RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_the_longest_examples_decide(tiny: Path, kind: str) -> None:
    """As many of the longest as fit are taken, whatever says that memory ran out: then all others fit too."""
    longest = max(len(example.tokens) for example in EXAMPLES)
    objective = Cramped(4 * longest, ERRORS[kind])
    assert find_batch_size(prepare(wrapped(tiny, AUTO), objective), EXAMPLES) == 4
    assert max(objective.tried) <= AUTO.step_size == 8


def test_a_step_is_cut_evenly(tiny: Path) -> None:
    """Where 5 of 8 fit, two batches of 4 serve better than one of 5 and one of 3."""
    objective = Cramped(5 * max(len(example.tokens) for example in EXAMPLES))
    assert find_batch_size(prepare(wrapped(tiny, AUTO), objective), EXAMPLES) == 4
    assert 5 in objective.tried


def test_an_estimate_is_asked_before_each_trial(tiny: Path) -> None:
    """What it rules out is never tried."""
    objective = Cramped(10**9)
    assert find_batch_size(prepare(wrapped(tiny, AUTO), objective), EXAMPLES, fits=lambda size: size <= 2) == 2
    assert max(objective.tried) == 2


def test_nothing_fits(tiny: Path) -> None:
    """Where not even one example fits the error is the one of memory."""
    with pytest.raises(MemoryError):
        find_batch_size(prepare(wrapped(tiny, AUTO), Cramped(3)), EXAMPLES)


def test_another_error_is_not_taken_for_a_want_of_memory(tiny: Path) -> None:
    """A defect comes out as it is."""
    training = prepare(wrapped(tiny, AUTO), Cramped(3, lambda: RuntimeError("shapes do not match")))
    with pytest.raises(RuntimeError, match="shapes"):
        find_batch_size(training, EXAMPLES)


@pytest.mark.parametrize("optimiser", ["adamw", "adamw_8bit"])
def test_a_trial_leaves_no_trace(tiny: Path, optimiser: str) -> None:
    """Weights, gradients, the optimiser's state, the schedule, the mode and random numbers are as before."""
    settings = AUTO.model_copy(update={"optimiser": optimiser, "weight_decay": 0.1})
    training = prepare(wrapped(tiny, settings), Cramped(60), settings)
    training.model.eval()
    before, numbers = training.workers.weights(training.model), torch.get_rng_state()
    find_batch_size(training, EXAMPLES)
    after = training.workers.weights(training.model)
    assert all(torch.equal(after[name], weight) for name, weight in before.items())
    assert all(weight.grad is None for weight in trained(training.model).values())
    assert torch.equal(torch.get_rng_state(), numbers)
    assert not training.optimiser.state
    assert training.schedule.last_epoch == 0
    assert not training.model.training


def test_what_is_learned_does_not_depend_on_it(tiny: Path, tmp_path: Path) -> None:
    """A run with the size that was found ends with the weights of one whose size was given."""
    ends: list[Weights] = []
    for name in ("given", "found"):
        settings = AUTO.model_copy(update={"dropout": 0.0, **({"batch_size": 8} if name == "given" else {})})
        training = prepare(wrapped(tiny, settings), Cramped(70 if name == "found" else 10**9), settings)
        if name == "found":
            training = replace(training, batch_size=find_batch_size(training, EXAMPLES))
            assert training.batch_size < 8
        (tmp_path / name).mkdir()
        loop.train(training, EXAMPLES, HELD_OUT, folder=tmp_path / name, report=silent)
        ends.append(training.workers.weights(training.model))
    for name, weight in ends[0].items():
        torch.testing.assert_close(ends[1][name], weight, atol=2e-5, rtol=1e-3)


CHILD = """
import json, resource, sys
from pathlib import Path
import torch
from tests.trainer.learners import FP32, SETTINGS, make, wrapped
from trainer.training import loop
from trainer.training.batch_size import find_batch_size
from trainer.training.objective import Replies
torch.set_num_threads(1)
settings = SETTINGS.model_copy(update={"batch_size": "auto", "accumulation": 64, "loss": "plain", "packing": False})
training = loop.prepare(wrapped(Path(sys.argv[1]), settings), Replies(is_packed=False, way="plain"), settings,
                        arithmetic=FP32, total=1)
examples = [make(600, start=index) for index in range(512)]
find_batch_size(training, examples, limit=1)
held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + 300_000_000,) * 2)
found = find_batch_size(training, examples)
print(json.dumps(found))
"""


@pytest.mark.process
def test_a_machine_that_is_really_full_is_survived(tiny: Path) -> None:
    """In a process that may take 300 MB more, some of 512 long examples fit and not all, and it lives to tell."""
    done = subprocess.run([sys.executable, "-c", CHILD, str(tiny)], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert 1 <= json.loads(done.stdout.splitlines()[-1]) < 128
