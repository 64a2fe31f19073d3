"""RoSA: LoRA, and a few of the model's own numbers beside it (arXiv 2401.04679).

What low rank cannot say, single numbers may. Which ones is chosen by gradient, before anything is learned.

A saved folder holds `rosa.json` and one file of tensors. It has no adapter_config.json, for an engine that found one
would load the low-rank half and never say so.
"""

import json
import random
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save, save_file
from torch import nn

from connectors.errors import UsageError
from connectors.train_settings import PANZA_BATCH, TrainSettings
from trainer.files import disk_errors, write_whole
from trainer.methods.base import Serving
from trainer.methods.lora import lora_config
from trainer.methods.masks import choose_positions
from trainer.methods.off import off
from trainer.methods.sparse import SparseLinear, sparse_layers
from trainer.methods.targets import find_layers
from trainer.training.hardware import Arithmetic
from trainer.training.objective import Objective

CONFIG = "rosa.json"
TENSORS = "adapter_model.safetensors"
MASKS = "masks.safetensors"
"""The choice, kept in a run's folder from before the first step until the run ends."""

VALUES, POSITIONS = ".values", ".positions"

Item = TypeVar("Item")


class Rosa:
    """peft's LoRA over layers that train some of their own numbers."""

    def wrap(self, model: nn.Module, settings: TrainSettings) -> nn.Module:
        """Freeze the model; give its linear layers LoRA, and the share `density` of their own numbers to train.

        Raises:
            UsageError: a target names no layer, or the model's layers are of a kind that only LoRA knows.
        """
        config = lora_config(model, settings)
        layers = find_layers(model, settings.targets)
        if not layers:
            raise UsageError("The model has no plain linear layers for rosa.", hint='Set [train] method to "lora".')
        for name, layer in layers.items():
            count = max(1, round(settings.density * layer.weight.numel()))
            model.set_submodule(name, SparseLinear(layer, count))
        wrapped: nn.Module = get_peft_model(model, config)
        for layer in sparse_layers(wrapped).values():
            layer.values.requires_grad_()
        return wrapped

    def choose(  # noqa: PLR0917  what a run consists of
        self,
        model: nn.Module,
        settings: TrainSettings,
        objective: Objective[Item],
        items: Sequence[Item],
        arithmetic: Arithmetic,
        folder: Path,
    ) -> None:
        """Choose the numbers by the gradients of `mask_batches` batches, or take those chosen before."""
        layers, kept = sparse_layers(model), folder / MASKS
        if not kept.exists():
            steps = _draw(items, settings)
            part = 1 if settings.batch_size == "auto" else settings.batch_size
            was_training = model.training
            # In training mode activations are computed again rather than kept, if the run does so.
            with _random_apart(settings.seed), off(model):
                choose_positions(model.train(), layers, objective, steps, arithmetic, part=part)
            model.train(was_training)
            chosen = {name: layer.positions.cpu() for name, layer in layers.items() if layer.positions is not None}
            write_whole(kept, lambda file: file.write(save(chosen)))
        with disk_errors(f"{kept} could not be read"):
            read = load_file(kept)
        for name, layer in layers.items():
            layer.take(read[name])

    def serving(self, settings: TrainSettings) -> Serving:
        """No engine adds single numbers to a base model that others use too; as LoRA it can be served so."""
        return "lora" if settings.as_lora else "merged"

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write rosa.json and adapter_model.safetensors."""
        assert isinstance(model, PeftModel)
        folder.mkdir(parents=True, exist_ok=True)
        tensors = get_peft_model_state_dict(model)
        for name, layer in sparse_layers(model).items():
            if layer.positions is None:
                raise RuntimeError("a model is saved after its numbers were chosen")
            tensors |= {f"{name}{VALUES}": layer.values.data, f"{name}{POSITIONS}": layer.positions}
        save_file({name: tensor.contiguous().cpu() for name, tensor in tensors.items()}, folder / TENSORS)
        (folder / CONFIG).write_text(json.dumps(_describe(model.peft_config["default"]), indent=2) + "\n", "utf-8")

    def load(self, model: nn.Module, folder: Path) -> nn.Module:
        """Put what was saved into the base model it was trained on."""
        tensors = load_file(folder / TENSORS)
        wrapped = get_peft_model(model, read_config(folder))
        put(wrapped, tensors, "default")
        loaded: nn.Module = wrapped.eval()
        return loaded


def read_config(folder: Path) -> LoraConfig:
    """Return the low-rank half's configuration."""
    content = json.loads((folder / CONFIG).read_text("utf-8"))
    del content["base_model_name_or_path"]  # peft notes that of the model at hand, which may have been moved
    return LoraConfig(task_type="CAUSAL_LM", **content)


def put(model: PeftModel, tensors: dict[str, torch.Tensor], adapter: str) -> dict[str, nn.Module]:
    """Give a wrapped model the tensors of a saved folder; return the layers that made place for others, by name."""
    sparse = {name: tensor for name, tensor in tensors.items() if name.endswith((VALUES, POSITIONS))}
    set_peft_model_state_dict(
        model, {name: tensor for name, tensor in tensors.items() if name not in sparse}, adapter_name=adapter
    )
    replaced = {}
    for name in (key.removesuffix(VALUES) for key in sparse if key.endswith(VALUES)):
        replaced[name] = model.get_submodule(name)
        model.set_submodule(name, _filled(replaced[name], sparse[name + VALUES], sparse[name + POSITIONS]))
    return replaced


def _filled(layer: nn.Module, values: torch.Tensor, positions: torch.Tensor) -> SparseLinear:
    assert isinstance(layer, nn.Linear)
    filled = SparseLinear(layer, len(values))
    filled.values.data.copy_(values)
    filled.take(positions)
    return filled


def _describe(config: LoraConfig) -> dict[str, object]:
    targets = config.target_modules
    return {
        "base_model_name_or_path": config.base_model_name_or_path,
        "r": config.r,
        "lora_alpha": config.lora_alpha,
        "lora_dropout": config.lora_dropout,
        "target_modules": targets if isinstance(targets, str) else sorted(targets or ()),
    }


def _draw(items: Sequence[Item], settings: TrainSettings) -> list[Sequence[Item]]:
    """Return the batches whose gradients choose: drawn from all items, for these lie in the order of their dates."""
    size = PANZA_BATCH if settings.batch_size == "auto" else settings.batch_size
    order = random.Random(f"{settings.seed} masks").sample(range(len(items)), len(items))  # noqa: S311  dice, not secrets
    drawn: list[Sequence[Item]] = [
        [items[index] for index in order[start : start + size]] for start in range(0, len(items), size)
    ]
    return drawn[: settings.mask_batches]


def _random_apart(seed: int) -> ExitStack:
    """Draw random numbers of its own within the block, always the same."""
    stack = ExitStack()
    stack.enter_context(torch.random.fork_rng())
    torch.manual_seed(seed)
    return stack
