"""Merged models: what they say is what the adapter said."""

from pathlib import Path

import pytest
import torch
from peft.tuners.lora import LoraLayer
from torch import nn
from transformers import AutoModelForCausalLM

from connectors.errors import ModelMissing
from connectors.train_settings import TrainSettings
from tests.trainer.learners import EXAMPLES, FP32, SETTINGS, learn, wrapped
from trainer.methods import METHODS
from trainer.methods.merge import change_of, merge
from trainer.methods.sparse import SparseLinear
from trainer.training.model import load_model, load_tokenizer
from trainer.training.objective import Replies

ONCE = SETTINGS.model_copy(update={"epochs": 1})
KINDS = [("lora", "plain"), ("lora", "rslora"), ("lora", "dora"), ("rosa", "plain")]


def trained(model: Path, folder: Path, settings: TrainSettings) -> nn.Module:
    """Return a trained model, its adapter saved."""
    folder.mkdir(exist_ok=True)
    learner = wrapped(model, settings)
    METHODS[settings.method].choose(learner, settings, Replies(), EXAMPLES, FP32, folder)
    learn(learner, folder, settings=settings)
    METHODS[settings.method].save(learner, folder / "adapter")
    return learner


def logits(model: nn.Module) -> torch.Tensor:
    """Return what a model says to an example, in fp32."""
    with torch.no_grad():
        said: torch.Tensor = model.eval().float()(input_ids=torch.tensor([EXAMPLES[0].tokens])).logits
    return said


@pytest.mark.parametrize(("method", "variant"), KINDS)
def test_the_merged_model_says_what_the_adapter_says(tiny: Path, tmp_path: Path, method: str, variant: str) -> None:
    """In fp32 within 1e-6 of the largest logit; the folder is a whole model without a trace of the adapter."""
    learner = trained(tiny, tmp_path, ONCE.model_copy(update={"method": method, "variant": variant}))
    merge(tmp_path / "adapter", tmp_path / "merged")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "merged", dtype="auto")
    said, base = logits(model), logits(load_model(str(tiny), torch.float32, "cpu"))
    gap = (said - logits(learner)).abs().max() / said.abs().max()
    assert gap < 1e-6
    assert (said - base).abs().max() / said.abs().max() > 1e-2
    assert {name.split(".")[-2] for name in model.state_dict()}.isdisjoint({"base_layer", "lora_A", "default"})
    assert not any(isinstance(layer, SparseLinear) for layer in model.modules())
    assert load_tokenizer(str(tmp_path / "merged")).chat_template


@pytest.mark.parametrize(("method", "variant"), KINDS)
def test_weights_are_rounded_once(tiny: Path, tmp_path: Path, method: str, variant: str) -> None:
    """Into a bf16 base, the merged weights are those of an exact merge, rounded: not a bit is lost on the way."""
    base = load_model(str(tiny), torch.bfloat16, "cpu")
    base.save_pretrained(tmp_path / "bf16")  # type: ignore[operator]
    load_tokenizer(str(tiny)).save_pretrained(tmp_path / "bf16")
    base.float().save_pretrained(tmp_path / "fp32")  # type: ignore[operator]
    load_tokenizer(str(tiny)).save_pretrained(tmp_path / "fp32")
    trained(tiny, tmp_path, ONCE.model_copy(update={"method": method, "variant": variant}))
    for name in ("bf16", "fp32"):
        merge(tmp_path / "adapter", tmp_path / "of" / name, base=str(tmp_path / name))
    rounded, exact = (
        AutoModelForCausalLM.from_pretrained(tmp_path / "of" / name, dtype="auto").state_dict()
        for name in ("bf16", "fp32")
    )
    assert {weight.dtype for weight in rounded.values()} == {torch.bfloat16}
    for name, weight in exact.items():
        assert torch.equal(rounded[name], weight.bfloat16()), name


def test_what_is_written_in_bf16_is_rounded_once(tiny: Path, tmp_path: Path) -> None:
    """Into bf16 whatever the base is in: from fp32 and from fp16, each weight is the exact one rounded."""
    trained(tiny, tmp_path, ONCE)
    for dtype in (torch.float32, torch.float16):
        base = load_model(str(tiny), dtype, "cpu")
        for name, kept in (("base", base), ("exact", base.float())):
            kept.save_pretrained(tmp_path / name)  # type: ignore[operator]
            load_tokenizer(str(tiny)).save_pretrained(tmp_path / name)
        merge(tmp_path / "adapter", tmp_path / "merged", base=str(tmp_path / "base"), dtype=torch.bfloat16)
        merge(tmp_path / "adapter", tmp_path / "whole", base=str(tmp_path / "exact"))
        rounded, exact = (
            AutoModelForCausalLM.from_pretrained(tmp_path / name, dtype="auto").state_dict()
            for name in ("merged", "whole")
        )
        assert all(torch.equal(rounded[name], weight.bfloat16()) for name, weight in exact.items())


def test_shared_weights_are_parted_where_one_of_them_learned(tiny: Path, tmp_path: Path) -> None:
    """An adapter of the layer that makes the logits changes no embedding, though both had the same weight."""
    base = AutoModelForCausalLM.from_pretrained(tiny)
    base.config.tie_word_embeddings = True
    base.tie_weights()
    base.save_pretrained(tmp_path / "tied")
    load_tokenizer(str(tiny)).save_pretrained(tmp_path / "tied")
    learner = trained(tmp_path / "tied", tmp_path, ONCE.model_copy(update={"targets": ("lm_head", "q_proj")}))
    merge(tmp_path / "adapter", tmp_path / "merged")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "merged", dtype="auto")
    said = logits(model)
    words = base.get_parameter("model.embed_tokens.weight")
    assert torch.equal(model.get_parameter("model.embed_tokens.weight"), words)
    assert not torch.equal(model.get_parameter("lm_head.weight"), words)
    assert (said - logits(learner)).abs().max() / said.abs().max() < 1e-6


def test_a_change_can_be_looked_at_without_being_made(tiny: Path, tmp_path: Path) -> None:
    """Of each kind, the change is what merging adds, and the model writes as before."""
    for method, variant in KINDS:
        folder = tmp_path / f"{method}-{variant}"
        learner = trained(tiny, folder, ONCE.model_copy(update={"method": method, "variant": variant}))
        before = logits(learner)
        layers = {name: layer for name, layer in learner.named_modules() if isinstance(layer, LoraLayer)}
        changes = {name.removeprefix("base_model.model."): change_of(layer) for name, layer in layers.items()}
        assert torch.equal(logits(learner), before)
        base = load_model(str(tiny), torch.float32, "cpu")
        with torch.no_grad():
            for name, change in changes.items():
                base.get_parameter(f"{name}.weight").add_(change)
        assert (logits(base) - before).abs().max() / before.abs().max() < 1e-6


def test_a_missing_base_is_an_error(tiny: Path, tmp_path: Path) -> None:
    """It says which model is missing, and what to do."""
    METHODS["lora"].save(wrapped(tiny, SETTINGS), tmp_path / "adapter")
    with pytest.raises(ModelMissing) as caught:
        merge(tmp_path / "adapter", tmp_path / "merged", base="/nowhere")
    assert "/nowhere" in str(caught.value)
    assert caught.value.hint
