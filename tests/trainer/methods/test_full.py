"""Full fine-tuning: small steps count, and the saved folder is a model like any other."""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.trainer.learners import EXAMPLES, FP32, HELD_OUT, SETTINGS, learn
from trainer.methods import METHODS, count_trainable
from trainer.training.hardware import Arithmetic
from trainer.training.loss import nats_per_byte
from trainer.training.model import load_model, load_tokenizer

FULL = SETTINGS.model_copy(update={"method": "full", "learning_rate": 1e-3})
BF16 = Arithmetic(device="cpu", dtype=torch.bfloat16)
METHOD = METHODS["full"]


def test_every_number_is_trained_in_fp32(tiny: Path) -> None:
    """Whatever format the base model was loaded in."""
    model = METHOD.wrap(load_model(str(tiny), torch.bfloat16, "cpu"), FULL)
    assert count_trainable(model) == (116_800, 116_800)
    assert {each.dtype for each in model.parameters()} == {torch.float32}


def test_steps_too_small_for_bf16_add_up(tiny: Path, tmp_path: Path) -> None:
    """With a learning rate of 1e-5 and bf16 arithmetic, nearly all weights move; kept in bf16, most would not."""
    slow = FULL.model_copy(update={"learning_rate": 1e-5, "epochs": 1, "warmup": 1.0, "schedule": "constant"})
    moved = {}
    for name in ("fp32", "bf16"):
        model = load_model(str(tiny), torch.bfloat16, "cpu")
        model = METHOD.wrap(model, slow) if name == "fp32" else model.requires_grad_()
        before = {key: each.detach().clone() for key, each in model.named_parameters() if "proj" in key}
        (tmp_path / name).mkdir()
        learn(model, tmp_path / name, settings=slow, arithmetic=BF16)
        after = dict(model.named_parameters())
        changes = torch.cat([(after[key] != each).flatten() for key, each in before.items()])
        moved[name] = changes.float().mean().item()
    assert moved["fp32"] > 0.99
    assert moved["bf16"] < 0.5


def test_the_saved_folder_is_a_model(tiny: Path, tmp_path: Path) -> None:
    """By itself it loads in bf16, with tokenizer and chat template; each weight is the trained one, rounded once."""
    model = METHOD.wrap(load_model(str(tiny), torch.float32, "cpu"), FULL)
    learn(model, tmp_path, settings=FULL)
    METHOD.save(model, tmp_path / "saved")
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "saved", dtype="auto")
    assert again.dtype == torch.bfloat16
    for name, weight in again.state_dict().items():
        assert torch.equal(weight, model.state_dict()[name].bfloat16())
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert tokenizer.chat_template == load_tokenizer(str(tiny)).chat_template
    assert tokenizer("hello thanks").input_ids == load_tokenizer(str(tiny))("hello thanks").input_ids
    # The model that goes on being used is not rounded.
    assert {each.dtype for each in model.parameters()} == {torch.float32}


def test_rounding_costs_little(tiny: Path, tmp_path: Path) -> None:
    """The held-out loss of the saved model is that of the trained one within a thousandth."""
    model = METHOD.wrap(load_model(str(tiny), torch.float32, "cpu"), FULL)
    learn(model, tmp_path, settings=FULL)
    METHOD.save(model, tmp_path / "saved")
    again = METHOD.load(load_model(str(tiny), torch.float32, "cpu"), tmp_path / "saved")
    trained, saved = (nats_per_byte(each, HELD_OUT, FP32, 4) for each in (model, again))
    assert abs(saved / trained - 1) < 1e-3
    assert saved != trained
    assert nats_per_byte(load_model(str(tiny), torch.float32, "cpu"), EXAMPLES, FP32, 8) > nats_per_byte(
        again, EXAMPLES, FP32, 8
    )
