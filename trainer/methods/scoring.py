"""A trained model as others would have it: without what it learned, or with what another adapter learned."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from peft import PeftModel
from safetensors.torch import load_file
from torch import nn

from trainer.methods import METHODS, rosa
from trainer.methods.merge import method_of
from trainer.methods.off import off, sparse_off

OTHER = "other"
"""What peft calls an adapter that is only measured."""


@contextmanager
def scored_with(model: nn.Module, folder: Path | None, load: Callable[[], nn.Module]) -> Iterator[nn.Module]:
    """Yield the model that a folder's content makes of the base model, or the base model where there is no folder.

    The trained model serves for it where it still holds its base; after full fine-tuning, or to hold single numbers of
    quantised weights, the base is loaded anew. The trained model is left as it was.

    Args:
        model: The trained model.
        folder: An adapter of any method, or a whole model.
        load: Loads the base model, unquantised.
    """
    if folder is not None and not can_hold(model, folder):
        yield METHODS[method_of(folder)].load(load(), folder)
    elif not isinstance(model, PeftModel):
        yield load()
    elif folder is None:
        with off(model):
            yield model
    elif method_of(folder) == "rosa":
        with _with_rosa(model, folder):
            yield model
    else:
        with _with_lora(model, folder):
            yield model


def can_hold(model: nn.Module, folder: Path) -> bool:
    """Tell whether a folder's content is measured within the trained model, or beside it, on weights loaded anew."""
    method, is_plain = method_of(folder), not getattr(model, "is_quantized", False)
    return isinstance(model, PeftModel) and method != "full" and (is_plain or method == "lora")


@contextmanager
def _with_lora(model: PeftModel, folder: Path) -> Iterator[None]:
    with sparse_off(model):
        model.load_adapter(str(folder), OTHER)
        with _active(model):
            yield


@contextmanager
def _with_rosa(model: PeftModel, folder: Path) -> Iterator[None]:
    model.add_adapter(OTHER, rosa.read_config(folder))
    with sparse_off(model):  # its own numbers, where the other has none
        replaced = rosa.put(model, load_file(folder / rosa.TENSORS), OTHER)
        try:
            with _active(model):
                yield
        finally:
            for name, layer in replaced.items():
                model.set_submodule(name, layer)


@contextmanager
def _active(model: PeftModel) -> Iterator[None]:
    """Let another adapter write within the block, and forget it then."""
    own = model.active_adapter
    model.set_adapter(OTHER)
    try:
        yield
    finally:
        model.set_adapter(own)
        model.delete_adapter(OTHER)
