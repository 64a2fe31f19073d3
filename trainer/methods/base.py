"""What every training method can do."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from torch import nn

from connectors.train_settings import TrainSettings
from trainer.training.hardware import Arithmetic
from trainer.training.objective import Objective

Serving = Literal["lora", "merged"]
"""How an engine serves what was learned: beside the base model, or merged into a model of its own."""

Item = TypeVar("Item")


class Method(Protocol):
    """A way to make a model learn. Parameters that require a gradient after `wrap` are what is trained and kept."""

    def wrap(self, model: nn.Module, settings: TrainSettings) -> nn.Module:
        """Make a base model trainable. It takes the settings' dropout from torch's own random numbers.

        Raises:
            UsageError: a target names no layer of the model.
        """

    def choose(  # noqa: PLR0917  what a run consists of
        self,
        model: nn.Module,
        settings: TrainSettings,
        objective: Objective[Item],
        items: Sequence[Item],
        arithmetic: Arithmetic,
        folder: Path,
    ) -> None:
        """Choose by the items that a run will learn from which numbers of a wrapped model it trains.

        It comes between `wrap` and the first step; a method with nothing to choose does nothing. `folder` keeps the
        choice, and a run that is started again takes it from there.

        Raises:
            StoreError: the choice could not be written or read.
        """

    def serving(self, settings: TrainSettings) -> Serving:
        """Tell how an engine serves what is saved."""

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write what was learned to a folder: an adapter, or a whole model."""

    def load(self, model: nn.Module, folder: Path) -> nn.Module:
        """Return what writes as the model saved in `folder` did; `model` is a base model, and may be changed."""


class ChoosesNothing:
    """A method that trains the same parameters whatever it is to learn."""

    def choose(self, *_: object, **__: object) -> None:
        """There is nothing to choose."""


def count_trainable(model: nn.Module) -> tuple[int, int]:
    """Return how many numbers are trained, and how many the model has in all, these included.

    Weights in 4 bits lie two in a byte and are counted one by one; what is needed to read them back is not counted.
    """
    trained = whole = 0
    for parameter in model.parameters():
        state = getattr(parameter, "quant_state", None)
        count = parameter.numel() if state is None else state.shape.numel()
        whole += count
        trained += count if parameter.requires_grad else 0
    return trained, whole
