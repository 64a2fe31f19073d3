"""Switch off what a wrapped model has learned, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from peft import PeftModel
from torch import nn

from trainer.methods.sparse import sparse_layers


@contextmanager
def off(model: nn.Module) -> Iterator[None]:
    """Make a wrapped model its base model within the block."""
    assert isinstance(model, PeftModel)
    with sparse_off(model), model.disable_adapter():
        yield


@contextmanager
def sparse_off(model: nn.Module) -> Iterator[None]:
    """Leave out within the block what single numbers learned."""
    layers = sparse_layers(model).values()
    for layer in layers:
        layer.is_off = True
    try:
        yield
    finally:
        for layer in layers:
            layer.is_off = False
