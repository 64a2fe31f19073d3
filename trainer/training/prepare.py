"""The model of a run, from its folder to where the optimiser is made; the same in one process and in several."""

import torch
from torch import nn

from connectors.train_settings import TrainSettings
from trainer.methods import METHODS, count_trainable
from trainer.training.hardware import Arithmetic, choose_attention, look, should_checkpoint
from trainer.training.model import load_model


def prepare_model(
    name: str, settings: TrainSettings, arithmetic: Arithmetic, *, device: str | None = None, is_random: bool = False
) -> nn.Module:
    """Load a base model and wrap it as the settings' method wants. What an adapter starts from follows from the seed.

    Args:
        name: The base model's folder or name.
        settings: Method, quantisation, checkpointing and seed.
        arithmetic: The format the weights are kept in, and the device.
        device: Where the model lies at first, if not where it is calculated with.
        is_random: Whether the weights are made up, to measure by.

    Raises:
        ModelMissing: it is not on this machine.
        UsageError: a target names no layer of the model.
    """
    torch.manual_seed(settings.seed)
    model = load_model(
        name,
        # What is trained whole is not rounded before it begins.
        torch.float32 if settings.method == "full" else arithmetic.dtype,
        device or arithmetic.device,
        quantisation=settings.quantisation,
        attention=choose_attention(arithmetic, look()),
        is_random=is_random,
    )
    if should_checkpoint(settings.checkpointing, count_trainable(model)[1]):
        model.gradient_checkpointing_enable({"use_reentrant": False})  # type: ignore[operator]
    return METHODS[settings.method].wrap(model, settings)
