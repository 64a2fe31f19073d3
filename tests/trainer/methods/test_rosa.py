"""RoSA: what is trained, what a saved folder holds, and a run that is started again."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel

from connectors.errors import UsageError
from tests.trainer.learners import EXAMPLES, FP32, SETTINGS, learn, wrapped
from trainer.methods import METHODS, count_trainable
from trainer.methods.off import off
from trainer.methods.rosa import MASKS, TENSORS
from trainer.methods.sparse import sparse_layers
from trainer.training.hardware import Arithmetic
from trainer.training.model import load_model
from trainer.training.objective import Replies

ROSA = SETTINGS.model_copy(update={"method": "rosa", "density": 0.02})
METHOD = METHODS["rosa"]


def chosen(model: Path, folder: Path) -> nn.Module:
    """Return a model wrapped and ready to be trained."""
    learner = wrapped(model, ROSA)
    METHOD.choose(learner, ROSA, Replies(), EXAMPLES, FP32, folder)
    return learner


def logits(model: nn.Module) -> torch.Tensor:
    """Return what a model says to an example."""
    with torch.no_grad():
        said: torch.Tensor = model.eval()(input_ids=torch.tensor([EXAMPLES[0].tokens])).logits
    return said


def test_low_rank_and_single_numbers_are_trained(tiny: Path, tmp_path: Path) -> None:
    """Of each layer the share that was asked for, beside LoRA; both change, the model's own weights do not."""
    learner = chosen(tiny, tmp_path)
    weights = {name: layer.weight.detach().clone() for name, layer in sparse_layers(learner).items()}
    low_rank = count_trainable(wrapped(tiny, SETTINGS))[0]
    single = sum(round(0.02 * weight.numel()) for weight in weights.values())
    assert count_trainable(learner) == (low_rank + single, 116_800 + low_rank + single)
    progress = learn(learner, tmp_path, settings=ROSA)
    assert min(progress.losses[1:]) < progress.losses[0]
    for name, layer in sparse_layers(learner).items():
        assert torch.equal(layer.weight, weights[name])
        assert layer.values.count_nonzero() > 0.9 * len(layer.values)


def test_it_starts_as_the_base_model_and_can_be_switched_off(tiny: Path, tmp_path: Path) -> None:
    """To the last bit, before the first step and after the last."""
    learner, base = chosen(tiny, tmp_path), logits(load_model(str(tiny), torch.float32, "cpu"))
    assert torch.equal(logits(learner), base)
    learn(learner, tmp_path, settings=ROSA)
    assert not torch.allclose(logits(learner), base, atol=1e-3)
    with off(learner):
        assert torch.equal(logits(learner), base)


def test_a_saved_folder_says_the_same(tiny: Path, tmp_path: Path) -> None:
    """Loaded beside the base model it gives the trained model's logits to the last bit; the places are in it."""
    learner = chosen(tiny, tmp_path)
    learn(learner, tmp_path, settings=ROSA)
    METHOD.save(learner, tmp_path / "saved")
    again = METHOD.load(load_model(str(tiny), torch.float32, "cpu"), tmp_path / "saved")
    assert torch.equal(logits(again), logits(learner))
    names = load_file(tmp_path / "saved" / TENSORS)
    assert sum(name.endswith(".positions") for name in names) == len(sparse_layers(learner))


def test_no_engine_takes_it_for_lora(tiny: Path, tmp_path: Path) -> None:
    """The folder has no file by which an engine would serve the low-rank half alone."""
    METHOD.save(chosen(tiny, tmp_path), tmp_path / "saved")
    assert sorted(path.name for path in (tmp_path / "saved").iterdir()) == ["adapter_model.safetensors", "rosa.json"]
    assert METHOD.serving(ROSA) == "merged"


def test_layers_of_another_kind_are_an_error() -> None:
    """GPT-2 keeps its weights the other way round: nothing would be trained but LoRA."""
    config = GPT2Config(vocab_size=50, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0)
    with pytest.raises(UsageError) as caught:
        METHOD.wrap(GPT2LMHeadModel(config), ROSA)
    assert "lora" in caught.value.hint


def test_what_was_not_chosen_is_not_saved(tiny: Path, tmp_path: Path) -> None:
    """A forgotten choice is an error and not a bad adapter."""
    with pytest.raises(RuntimeError, match="chosen"):
        METHOD.save(wrapped(tiny, ROSA), tmp_path)


def test_a_run_that_is_started_again_keeps_its_choice(tiny: Path, tmp_path: Path) -> None:
    """Even where it would choose otherwise today."""
    first = {name: layer.positions for name, layer in sparse_layers(chosen(tiny, tmp_path)).items()}
    learner = wrapped(tiny, ROSA)
    METHOD.choose(learner, ROSA, Replies(), EXAMPLES[:4], FP32, tmp_path)
    second = {name: layer.positions for name, layer in sparse_layers(learner).items()}
    other = wrapped(tiny, ROSA)
    (tmp_path / "other").mkdir()
    METHOD.choose(other, ROSA, Replies(), EXAMPLES[:4], FP32, tmp_path / "other")
    for name, places in first.items():
        assert places is not None
        assert torch.equal(places, second[name])
    assert any(not torch.equal(layer.positions, first[name]) for name, layer in sparse_layers(other).items())


def test_choosing_uses_up_no_random_numbers(tiny: Path, tmp_path: Path) -> None:
    """So that a run which finds its choice made goes on as the one that made it."""
    learner = wrapped(tiny, ROSA)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    METHOD.choose(learner, ROSA, Replies(), EXAMPLES, FP32, tmp_path)
    assert torch.equal(torch.rand(1), expected)
    assert learner.training == wrapped(tiny, ROSA).training


def test_checkpointing_changes_neither_choice_nor_gradients(tiny: Path, tmp_path: Path) -> None:
    """Activations that are computed again give the same numbers."""
    found = []
    for number in range(2):
        learner = wrapped(tiny, ROSA.model_copy(update={"dropout": 0.0}))
        if number:
            learner.gradient_checkpointing_enable({"use_reentrant": False})  # type: ignore[operator]
        (tmp_path / str(number)).mkdir()
        METHOD.choose(learner, ROSA, Replies(), EXAMPLES, FP32, tmp_path / str(number))
        Replies().loss(learner.train(), EXAMPLES[:4], FP32).backward()  # type: ignore[no-untyped-call]
        found.append({name: (layer.positions, layer.values.grad) for name, layer in sparse_layers(learner).items()})
    for name, (places, gradient) in found[0].items():
        assert places is not None
        assert torch.equal(places, found[1][name][0])  # type: ignore[arg-type]
        torch.testing.assert_close(gradient, found[1][name][1])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_trains(tiny: Path, tmp_path: Path, dtype: torch.dtype) -> None:
    """The base in 16 bits, the trained numbers in fp32; fp16 with loss scaling."""
    arithmetic = Arithmetic(device="cpu", dtype=dtype)
    learner = METHOD.wrap(load_model(str(tiny), dtype, "cpu"), ROSA)
    METHOD.choose(learner, ROSA, Replies(), EXAMPLES, arithmetic, tmp_path)
    assert {each.dtype for each in learner.parameters() if each.requires_grad} == {torch.float32}
    progress = learn(learner, tmp_path, settings=ROSA, arithmetic=arithmetic)
    assert min(progress.losses[1:]) < progress.losses[0]


@pytest.mark.process
def test_a_killed_run_goes_on_as_if_it_had_not_been(tiny: Path, tmp_path: Path) -> None:
    """Killed after some steps and started again, it ends with the bits of a run that was not."""
    code = f"""
import os, signal, sys, torch
from pathlib import Path
from tests.trainer.learners import EXAMPLES, FP32, learn
from tests.trainer.methods.test_rosa import METHOD, ROSA, chosen
folder, stop = Path(sys.argv[1]), int(sys.argv[2])
def report(done, total, note):
    if done == stop:
        os.kill(os.getpid(), signal.SIGKILL)
model = chosen(Path({str(tiny)!r}), folder)
learn(model, folder, settings=ROSA, report=report)
METHOD.save(model, folder / "saved")
"""

    def run(folder: Path, stop: int) -> int:
        folder.mkdir(exist_ok=True)
        return subprocess.run([sys.executable, "-c", code, str(folder), str(stop)], check=False).returncode

    assert run(tmp_path / "whole", 0) == 0
    assert run(tmp_path / "killed", 4) == -signal.SIGKILL
    assert (tmp_path / "killed" / MASKS).exists()
    assert run(tmp_path / "killed", 0) == 0
    whole, killed = (load_file(tmp_path / name / "saved" / TENSORS) for name in ("whole", "killed"))
    assert all(torch.equal(whole[name], killed[name]) for name in whole)
