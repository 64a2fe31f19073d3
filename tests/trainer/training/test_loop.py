"""The loop: exact accumulation, and a run that goes on after a kill as if nothing had happened."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.trainer.learners import EXAMPLES, FP32, HELD_OUT, SETTINGS, learn, wrapped
from trainer.data.packing import collate
from trainer.methods import METHODS
from trainer.training import loop
from trainer.training.hardware import Arithmetic
from trainer.training.loss import nats_per_byte, reply_nll
from trainer.training.model import load_model
from trainer.training.objective import Replies
from trainer.training.workers import Alone


@pytest.mark.parametrize("checkpointing", [False, True])
def test_accumulation_equals_the_big_batch(tiny: Path, *, checkpointing: bool) -> None:
    """Eight examples, cut into batches of 8, 2 or 3 with unlike numbers of reply tokens, give one and the same step."""
    after = []
    for size in (8, 2, 3):
        settings = SETTINGS.model_copy(update={"batch_size": size, "dropout": 0.0})
        model = wrapped(tiny, settings)
        if checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})  # type: ignore[operator]
        training = loop.prepare(model, Replies(), settings, arithmetic=FP32, total=1)
        loss = loop.step(training, EXAMPLES[:8])
        after.append((loss, training.workers.weights(model)))
    for loss, weights in after[1:]:
        assert loss == pytest.approx(after[0][0], rel=1e-5)
        for name, weight in weights.items():
            torch.testing.assert_close(weight, after[0][1][name], atol=1e-5, rtol=1e-4)


def test_the_loss_is_on_the_reply_only(tiny: Path) -> None:
    """The loss equals a plain sum over the reply's tokens, computed without packing."""
    model = wrapped(tiny, SETTINGS).eval()
    expected = 0.0
    with torch.no_grad():
        for example in EXAMPLES[:3]:
            scores = model(input_ids=torch.tensor([example.tokens])).logits[0].log_softmax(-1)
            reply = range(example.prompt_tokens, len(example.tokens))
            expected -= sum(scores[at - 1, example.tokens[at]].item() for at in reply)
        loss = reply_nll(model, collate([EXAMPLES[:2], EXAMPLES[2:3]])).item()
    assert loss == pytest.approx(expected, rel=1e-4)


def test_training_lowers_the_held_out_loss_and_keeps_the_best_epoch(tiny: Path, tmp_path: Path) -> None:
    """The model ends with the weights of the epoch with the lowest held-out loss, which is lower than before."""
    model = wrapped(tiny, SETTINGS)
    progress = learn(model, tmp_path)
    assert len(progress.losses) == 1 + SETTINGS.epochs
    assert min(progress.losses[1:]) < progress.losses[0]
    assert nats_per_byte(model, HELD_OUT, FP32, 4) == pytest.approx(min(progress.losses[1:]), rel=1e-5)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_trains(tiny: Path, tmp_path: Path, precision: str) -> None:
    """The 16-bit formats train too; fp16 with loss scaling."""
    arithmetic = Arithmetic(device="cpu", dtype={"bf16": torch.bfloat16, "fp16": torch.float16}[precision])
    model = METHODS["lora"].wrap(load_model(str(tiny), arithmetic.dtype, "cpu"), SETTINGS)
    progress = learn(model, tmp_path, arithmetic=arithmetic)
    assert min(progress.losses[1:]) < progress.losses[0]


def die_in_child(model: Path, folder: Path, after_steps: int) -> int:
    """Train in a process of its own that kills itself with SIGKILL after some steps; return how it ended."""
    code = f"""
import os, signal
from pathlib import Path
from tests.trainer.learners import SETTINGS, learn, wrapped
def report(done, total, note):
    if done == {after_steps}:
        os.kill(os.getpid(), signal.SIGKILL)
model, folder = wrapped(Path({str(model)!r}), SETTINGS), Path({str(folder)!r})
learn(model, folder, report=report)
"""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode


@pytest.mark.process
def test_a_killed_run_ends_like_an_unbroken_one(tiny: Path, tmp_path: Path) -> None:
    """Killed in the middle of an epoch and started again, the run ends with the very same weights and losses."""
    ends = []
    for name in ("unbroken", "broken"):
        folder = tmp_path / name
        folder.mkdir()
        if name == "broken":
            assert die_in_child(tiny, folder, after_steps=9) == -signal.SIGKILL
        model = wrapped(tiny, SETTINGS)
        done = learn(model, folder)
        ends.append((Alone().weights(model), done.losses))
    (weights, losses), (again, losses_again) = ends
    assert losses_again == losses
    for name, weight in weights.items():
        assert torch.equal(again[name], weight), name


def test_a_finished_run_is_not_trained_again(tiny: Path, tmp_path: Path) -> None:
    """Started again after its end, a run takes no step."""
    learn(wrapped(tiny, SETTINGS), tmp_path)
    steps: list[int] = []
    learn(wrapped(tiny, SETTINGS), tmp_path, report=lambda done, _total, _note: steps.append(done))
    assert steps == []
