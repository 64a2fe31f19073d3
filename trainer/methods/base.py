"""What every training method can do."""

from pathlib import Path
from typing import Protocol

from torch import nn

from connectors.train_settings import TrainSettings


class Method(Protocol):
    """A way to make a model learn. Parameters that require a gradient after `wrap` are what is trained and kept."""

    def wrap(self, model: nn.Module, settings: TrainSettings) -> nn.Module:
        """Make a base model trainable. It takes the settings' dropout from torch's own random numbers."""

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write what was learned to a folder, in the form in which the engine loads it."""
