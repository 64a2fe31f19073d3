"""Merge an adapter into its base model: what engines serve that add nothing to a model while it runs.

The rules this module keeps:
1. Every weight is computed in fp32, the low-rank part, the single numbers and DoRA's lengths together, and rounded
   once, to the format that is written: that of the base, unless another is asked for. In fp32 the merged model's
   logits are the adapter's within 1e-6 of the largest; in bf16 what a weight learned below its 256th part is rounded
   away.
2. Weights that two layers of the base share are parted where one of them learned: the other had no part in it.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedModel

from connectors.errors import ModelMissing
from trainer.methods import METHODS
from trainer.methods.full import write_model
from trainer.methods.rosa import CONFIG
from trainer.methods.sparse import SparseLinear, sparse_layers
from trainer.training.model import HINT

PEFT_CONFIG = "adapter_config.json"


OnLayer = Callable[[int, int], None]
"""Told after each layer how many are done, of how many."""


def merge(
    adapter: Path,
    folder: Path,
    *,
    base: str | None = None,
    dtype: torch.dtype | None = None,
    on_layer: OnLayer = lambda _done, _total: None,
) -> None:
    """Write the model that an adapter makes of its base, as transformers and vLLM load it.

    Args:
        adapter: The adapter's folder: LoRA, DoRA or RoSA.
        folder: Where the model is written.
        base: The base model, if it is not where it was when the adapter was trained.
        dtype: The number format to write, if it is not that of the base.
        on_layer: Hears how far it is.

    Raises:
        ModelMissing: the base model is not on this machine.
    """
    base = base or base_of(adapter)
    model = load_base(base)
    dtype = dtype or model.dtype
    wrapped = METHODS[method_of(adapter)].load(model, adapter)
    write_model(merged(wrapped, dtype, on_layer), folder, base, dtype)


def load_base(base: str) -> PreTrainedModel:
    """Return a base model in the format that it is kept in.

    Raises:
        ModelMissing: it is not on this machine.
    """
    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(base, local_files_only=True, dtype="auto")
    except (OSError, ValueError) as error:
        raise ModelMissing(f"The model {base} is not on this machine.", hint=HINT) from error
    return model


def merged(
    model: nn.Module, dtype: torch.dtype | None = None, on_layer: OnLayer = lambda _done, _total: None
) -> PreTrainedModel:
    """Put what a wrapped model has learned into its base model, and return this. The wrapped one is used up.

    Args:
        model: The wrapped model.
        dtype: The format of the weights that change, if it is not that which they are in.
        on_layer: Hears how far it is.
    """
    assert isinstance(model, PeftModel)
    _part(model)
    layers = [layer for layer in model.modules() if isinstance(layer, LoraLayer)]
    for done, layer in enumerate(layers, start=1):
        _merge_layer(layer, dtype)
        on_layer(done, len(layers))
    return unwrapped(model)


def unwrapped(model: PeftModel) -> PreTrainedModel:
    """Return the base model of a wrapped one, with plain layers. The wrapped one is used up."""
    base: Any = model.base_model
    plain: PreTrainedModel = base.unload()
    for name, sparse in sparse_layers(plain).items():
        plain.set_submodule(name, sparse.plain())
    return plain


@torch.no_grad()
def change_of(layer: LoraLayer) -> torch.Tensor:
    """Return what merging would add to a layer's weight, [out, in] in fp32; the layer stays as it is."""
    base = layer.get_base_layer()
    assert isinstance(base, nn.Linear)
    before = base.weight.data
    try:
        _merge_layer(layer, torch.float32)
        return base.weight.data - before.float()
    finally:
        base.weight.data = before
        layer.merged_adapters.clear()
        if isinstance(base, SparseLinear):
            base.is_off = False


def method_of(folder: Path) -> str:
    """Return the method by which the content of a folder was trained."""
    if (folder / CONFIG).exists():
        return "rosa"
    return "lora" if (folder / PEFT_CONFIG).exists() else "full"


def base_of(adapter: Path) -> str:
    """Return the base model that an adapter names."""
    config = adapter / (CONFIG if method_of(adapter) == "rosa" else PEFT_CONFIG)
    named: str = json.loads(config.read_text("utf-8"))["base_model_name_or_path"]
    return named


def _part(model: PeftModel) -> None:
    """Give the layer that makes the logits a weight of its own, if it learned and shares that of the embeddings."""
    plain = model.get_base_model()
    head, words = plain.get_output_embeddings(), plain.get_input_embeddings()
    if isinstance(head, LoraLayer) and head.get_base_layer().weight is words.weight:
        base = head.get_base_layer()
        base.weight = nn.Parameter(base.weight.detach().clone(), requires_grad=False)
        plain.config.tie_word_embeddings = False


def _merge_layer(layer: LoraLayer, dtype: torch.dtype | None) -> None:
    base = layer.get_base_layer()
    assert isinstance(base, nn.Linear)
    dtype = dtype or base.weight.dtype
    base.weight.data = base.weight.data.float().clone()  # also where it is fp32: a copy is changed, not the base
    if isinstance(base, SparseLinear):
        base.settle()
    with torch.no_grad():
        layer.merge()
    base.weight.data = base.weight.data.to(dtype)
