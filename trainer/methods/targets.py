"""Which layers of a model are trained: all linear ones, or those with certain names."""

from torch import nn
from transformers import PreTrainedModel

from connectors.errors import UsageError

ALL = "all-linear"

Targets = str | tuple[str, ...]


def find_layers(model: nn.Module, targets: Targets) -> dict[str, nn.Linear]:
    """Return the layers meant by `targets` by their full names, in the model's order.

    "all-linear" leaves out the layer that makes the logits, as peft does.

    Raises:
        UsageError: a name matches no linear layer.
    """
    linear = {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear)}
    if targets == ALL:
        head = model.get_output_embeddings() if isinstance(model, PreTrainedModel) else None  # type: ignore[no-untyped-call]
        return {name: layer for name, layer in linear.items() if layer is not head}
    found = {target: [name for name in linear if f".{name}".endswith(f".{target}")] for target in _names(targets)}
    missing = [target for target, names in found.items() if not names]
    if missing or not found:
        known = ", ".join(sorted({name.rpartition(".")[2] for name in linear}))
        raise UsageError(
            f"The model has no linear layer called {', '.join(missing)}." if missing else "No layer is to be trained.",
            hint=f"Its layers are {known}: set [train] targets.",
        )
    meant = {name for names in found.values() for name in names}
    return {name: layer for name, layer in linear.items() if name in meant}


def for_peft(model: nn.Module, targets: Targets) -> str | list[str]:
    """Return `targets` in peft's form, once it is sure that each of them is there.

    Raises:
        UsageError: a name matches no linear layer.
    """
    find_layers(model, targets)
    return ALL if targets == ALL else list(_names(targets))


def _names(targets: Targets) -> tuple[str, ...]:
    return (targets,) if isinstance(targets, str) else targets
