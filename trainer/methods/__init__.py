"""Training methods by name. A new one is a module beside lora.py and a line here."""

from connectors.train_settings import TrainSettings
from trainer.methods.base import Method, count_trainable
from trainer.methods.full import Full
from trainer.methods.lora import Lora
from trainer.methods.rosa import Rosa

METHODS: dict[str, Method] = {"lora": Lora(), "rosa": Rosa(), "full": Full()}


def saved_by(settings: TrainSettings) -> Method:
    """Return the method that saves what was learned: LoRA's where it is published as LoRA (`trainer.methods.svd`)."""
    return METHODS["lora" if settings.as_lora else settings.method]


__all__ = ["METHODS", "Method", "count_trainable", "saved_by"]
