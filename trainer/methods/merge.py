"""Merge an adapter into its base model: what engines serve that add nothing to a model while it runs.

The rule this module keeps: every weight is computed in fp32, the low-rank part, the single numbers and DoRA's lengths
together, and rounded once, to the format of the base. In fp32 the merged model's logits are the adapter's within 1e-6
of the largest; in bf16 what a weight learned below its 256th part is rounded away.
"""

import json
from pathlib import Path

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


def merge(adapter: Path, folder: Path, *, base: str | None = None) -> None:
    """Write the model that an adapter makes of its base, as transformers and vLLM load it.

    Args:
        adapter: The adapter's folder: LoRA, DoRA or RoSA.
        folder: Where the model is written.
        base: The base model, if it is not where it was when the adapter was trained.

    Raises:
        ModelMissing: the base model is not on this machine.
    """
    base = base or base_of(adapter)
    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(base, local_files_only=True, dtype="auto")
    except (OSError, ValueError) as error:
        raise ModelMissing(f"The model {base} is not on this machine.", hint=HINT) from error
    wrapped = METHODS[method_of(adapter)].load(model, adapter)
    write_model(merged(wrapped), folder, base, model.dtype)


def merged(model: nn.Module) -> PreTrainedModel:
    """Put what a wrapped model has learned into its base model, and return this. The wrapped one is used up."""
    assert isinstance(model, PeftModel)
    for layer in model.modules():
        if isinstance(layer, LoraLayer):
            _merge_layer(layer)
    plain: PreTrainedModel = model.base_model.unload()
    for name, sparse in sparse_layers(plain).items():
        plain.set_submodule(name, sparse.plain())
    return plain


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


def _merge_layer(layer: LoraLayer) -> None:
    base = layer.get_base_layer()
    assert isinstance(base, nn.Linear)
    dtype = base.weight.dtype
    base.weight.data = base.weight.data.float()
    if isinstance(base, SparseLinear):
        base.settle()
    with torch.no_grad():
        layer.merge()
    base.weight.data = base.weight.data.to(dtype)
