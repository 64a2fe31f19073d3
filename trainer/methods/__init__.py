"""Training methods by name. A new one is a module beside lora.py and a line here."""

from trainer.methods.base import Method
from trainer.methods.lora import Lora

METHODS: dict[str, Method] = {"lora": Lora()}

__all__ = ["METHODS", "Method"]
