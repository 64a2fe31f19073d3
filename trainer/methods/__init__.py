"""Training methods by name. A new one is a module beside lora.py and a line here."""

from trainer.methods.base import Method, count_trainable
from trainer.methods.full import Full
from trainer.methods.lora import Lora
from trainer.methods.rosa import Rosa

METHODS: dict[str, Method] = {"lora": Lora(), "rosa": Rosa(), "full": Full()}

__all__ = ["METHODS", "Method", "count_trainable"]
