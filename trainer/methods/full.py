"""Full fine-tuning: every number of the model is trained.

The weights are kept in fp32 while the products are computed in the arithmetic's format: bf16 tells 1 from 1.0078 and
nothing between, so weights kept in it would lose nearly every step of 1e-5. What is saved is rounded once, at the end.
"""

import copy
from pathlib import Path

import torch
from torch import nn
from transformers import PreTrainedModel

from connectors.train_settings import TrainSettings
from trainer.methods.base import ChoosesNothing, Serving
from trainer.training.model import load_model, load_tokenizer


class Full(ChoosesNothing):
    """The whole model. What it saves is a model's folder, as transformers and vLLM load it."""

    def wrap(self, model: nn.Module, settings: TrainSettings) -> nn.Module:  # noqa: ARG002  as all methods
        """Keep the weights in fp32 and train them all."""
        return model.float().requires_grad_()

    def serving(self, settings: TrainSettings) -> Serving:
        """It is a model of its own, unless it is published as LoRA."""
        return "lora" if settings.as_lora else "merged"

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write config, tokenizer and weights, these in bf16."""
        assert isinstance(model, PreTrainedModel)
        write_model(model, folder, str(model.name_or_path), torch.bfloat16)

    def load(self, model: nn.Module, folder: Path) -> nn.Module:
        """Return the saved model, in the format and on the device of the base model."""
        weight = next(model.parameters())
        return load_model(str(folder), weight.dtype, str(weight.device)).eval()


def write_model(model: PreTrainedModel, folder: Path, base: str, dtype: torch.dtype) -> None:
    """Write a whole model in a number format, with the tokenizer of its base; the model stays as it is."""
    rounded = {
        name: tensor.to("cpu", dtype) if tensor.is_floating_point() else tensor
        for name, tensor in model.state_dict().items()
    }
    model.save_pretrained(folder, state_dict=rounded)
    config = copy.deepcopy(model.config)
    config.dtype = dtype  # transformers writes the format of the model in memory
    config.save_pretrained(folder)
    load_tokenizer(base, needs_chat=False).save_pretrained(folder)
