"""Compiling: the model's layers as fewer and faster kernels, after a slow start.

The rules this module keeps:
1. Layers are compiled in place, so weights keep their names and checkpointing, sharding and saving see no difference.
2. Sizes are variables of what is compiled: packing makes a new shape at almost every step. What is still compiled
   apart are the first layer (nothing before it is learned), batches of one row, and rows of one example.
3. Measuring is not compiled: it would take as many compilations again, for a few batches an epoch.
"""

import shutil
from contextlib import AbstractContextManager
from importlib.util import find_spec

import torch
from torch import nn

from connectors.errors import UsageError
from connectors.train_settings import Switch

LONG_RUN = 300
"""Steps from which on a GPU the faster steps make up for the slow start of about a minute."""
FORMS = 16
"""How many forms of a layer may be compiled, see rule 2."""


def should_compile(switch: Switch, device: str, steps: int) -> bool:
    """Tell whether to compile.

    Raises:
        UsageError: it shall be, and this machine lacks what it takes.
    """
    missing = _missing(device)
    if switch == "on" and missing:
        raise UsageError(
            f"The model cannot be compiled: {missing} is missing.", hint='Install it, or set [train] compile = "off".'
        )
    return switch == "on" or (switch == "auto" and device == "cuda" and steps >= LONG_RUN and not missing)


def compile_layers(model: nn.Module) -> None:
    """Compile each of the decoder's layers, when it is first called."""
    # Eight forms are all that torch keeps of a function by itself; then it would go on uncompiled and say nothing.
    torch._dynamo.config.recompile_limit = max(FORMS, torch._dynamo.config.recompile_limit)  # noqa: SLF001
    for layer in decoder_layers(model):
        layer.compile(dynamic=True)


def uncompiled() -> AbstractContextManager[object]:
    """Call layers as they were before they were compiled, within the block."""
    return torch.compiler.set_stance("force_eager")  # type: ignore[no-untyped-call,no-any-return,unused-ignore]


def decoder_layers(model: nn.Module) -> list[nn.Module]:
    """Return the decoder's layers: the outermost list of modules."""
    return list(next((module for module in model.modules() if isinstance(module, nn.ModuleList)), ()))


def _missing(device: str) -> str:
    """Return what this machine lacks to compile, or nothing."""
    if device == "cuda" and find_spec("triton") is None:
        return "the package triton"
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++", "gcc")):
        return "a C++ compiler"
    return ""
