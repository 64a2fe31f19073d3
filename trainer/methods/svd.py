"""What a model learned by any method, as LoRA: of each layer's change, the part of a low rank that is nearest to it.

The rules this module keeps:
1. The change is that of the merged weight, in fp32: low-rank part, single numbers and lengths of rows together. By the
   theorem of Eckart and Young no other matrix of that rank is nearer to it.
2. Only layers that multiply have a change that LoRA can say: of full fine-tuning, what embeddings and norms learned is
   left out. Whoever asks for this form measures what it loses.
3. The same weights give the same factors: what is drawn at random for large layers is drawn from a seed of its own.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from torch import nn

from connectors.train_settings import TrainSettings
from trainer.methods import METHODS
from trainer.methods.merge import change_of, unwrapped
from trainer.methods.targets import ALL, find_layers, for_peft

EXACT_SIDE = 1024
"""Up to this many rows or columns a matrix is taken apart exactly; beyond, by random projection (arXiv 0909.4061)."""
OVERSAMPLING, ROUNDS = 16, 4

_PREFIX = "base_model.model."
"""What peft puts before the names of a base model's layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """A matrix as the product of two thin ones, `up @ down`: [out, rank] and [rank, in]."""

    down: torch.Tensor
    up: torch.Tensor
    kept: float
    """Sum of the squares that they say."""
    whole: float
    """Sum of the squares of the whole matrix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsLora:
    """A model that writes nearly as another, by LoRA alone."""

    model: PeftModel
    kept: float
    """Share of the layers' change that it says, by sums of squares."""


def as_lora(model: nn.Module, settings: TrainSettings, load: Callable[[], nn.Module]) -> AsLora:
    """Return the base model with LoRA of rank `settings.as_lora` beside it, nearest to what a model learned.

    A model that holds its base is used up.

    Args:
        model: The trained model, of any method.
        settings: What it was trained with.
        load: Loads the base model, unquantised.
    """
    base, factors = _taken_apart(model, settings, load)
    rank, targets = settings.as_lora, ALL if settings.method == "full" else settings.targets
    config = LoraConfig(task_type="CAUSAL_LM", r=rank, lora_alpha=rank, target_modules=for_peft(base, targets))
    wrapped = get_peft_model(base, config)
    for name, layer in _lora_layers(wrapped).items():
        layer.lora_A["default"].weight.data.copy_(factors[name].down)
        layer.lora_B["default"].weight.data.copy_(factors[name].up)
    whole = sum(each.whole for each in factors.values())
    kept = sum(each.kept for each in factors.values())
    return AsLora(model=wrapped.eval(), kept=kept / whole if whole else 1.0)


def take_apart(change: torch.Tensor, rank: int) -> Factors:
    """Return the factors nearest to a matrix; where it has fewer rows or columns than the rank, zeros fill them up."""
    change = change.float()
    if min(change.shape) <= max(EXACT_SIDE, rank):
        left, sizes, right = torch.linalg.svd(change, full_matrices=False)
    else:
        with torch.random.fork_rng(devices=[change.device] if change.is_cuda else []):
            torch.manual_seed(0)
            left, sizes, right = torch.svd_lowrank(change, q=min(rank + OVERSAMPLING, *change.shape), niter=ROUNDS)
        right = right.mT
    root = sizes[:rank].sqrt()
    down, up = change.new_zeros(rank, change.shape[1]), change.new_zeros(change.shape[0], rank)
    down[: len(root)] = root[:, None] * right[:rank]
    up[:, : len(root)] = left[:, :rank] * root
    return Factors(down=down, up=up, kept=sizes[:rank].square().sum().item(), whole=change.square().sum().item())


def _taken_apart(
    model: nn.Module, settings: TrainSettings, load: Callable[[], nn.Module]
) -> tuple[nn.Module, dict[str, Factors]]:
    """Return the base model, and each layer's factors by the layer's name in it."""
    rank = settings.as_lora
    if not isinstance(model, PeftModel):
        base = load()
        layers = find_layers(base, ALL)
        return base, {name: take_apart(_gap(model, name, layer), rank) for name, layer in layers.items()}
    if getattr(model, "is_quantized", False):
        model = _beside_plain(model, load)
    factors = {name: take_apart(change_of(layer), rank) for name, layer in _lora_layers(model).items()}
    return unwrapped(model), factors


def _gap(model: nn.Module, name: str, layer: nn.Linear) -> torch.Tensor:
    trained = model.get_submodule(name).weight
    assert isinstance(trained, torch.Tensor)
    return trained.detach().to(layer.weight.device).float() - layer.weight.detach().float()


def _beside_plain(model: PeftModel, load: Callable[[], nn.Module]) -> PeftModel:
    """Return what was learned beside quantised weights, beside the whole ones: those are what an engine serves."""
    with tempfile.TemporaryDirectory(prefix="cyrano-as-lora-") as folder:
        METHODS["lora"].save(model, Path(folder))
        plain = METHODS["lora"].load(load(), Path(folder))
    assert isinstance(plain, PeftModel)
    return plain


def _lora_layers(model: PeftModel) -> dict[str, LoraLayer]:
    """Return the layers that learned, by their names in the base model."""
    named = model.named_modules()
    return {name.removeprefix(_PREFIX): layer for name, layer in named if isinstance(layer, LoraLayer)}
