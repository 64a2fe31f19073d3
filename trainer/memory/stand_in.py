"""A model as training has it (quantised, wrapped by its method), with tensors that have sizes but no memory.

It is built and wrapped by the real code on torch's meta device; then fake tensors take the place of its weights. On
those even autocast works, which it does not on meta tensors.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from connectors.train_settings import TrainSettings
from trainer.memory.shapes import build_skeleton
from trainer.methods import METHODS
from trainer.methods.sparse import sparse_layers
from trainer.training.model import quantised

NESTED_BLOCK = 256
"""Scales of a 4-bit weight that share a scale of their own (double quantisation)."""


def build_stand_in(
    config: PretrainedConfig,
    settings: TrainSettings,
    dtype: torch.dtype,
    *,
    layers: int,
    is_checkpointed: bool,
    is_pure: bool = False,
) -> nn.Module:
    """Build a wrapped model on the meta device; a pure one has everything in one format."""
    skeleton = build_skeleton(config, layers=layers).to(dtype)
    assert isinstance(skeleton, PreTrainedModel)
    if settings.quantisation != "none":
        _quantise(skeleton, settings, dtype)
        skeleton.requires_grad_(requires_grad=False)
    if is_checkpointed:
        skeleton.gradient_checkpointing_enable({"use_reentrant": False})
    with torch.device("meta"):
        wrapped = METHODS[settings.method].wrap(skeleton, settings)
    for layer in sparse_layers(wrapped).values():
        count = len(layer.values)
        stride = max(1, layer.weight.numel() // count)
        layer.take(torch.arange(0, count * stride, stride, dtype=torch.int32))
    return (wrapped.to(dtype) if is_pure else wrapped).train()


def fill(model: nn.Module) -> None:
    """Put fake tensors in the place of meta ones, within FakeTensorMode; what is shared stays shared."""
    made: dict[int, torch.Tensor] = {}

    def fake(tensor: torch.Tensor | None) -> Any:  # noqa: ANN401  a parameter, a tensor or nothing
        if tensor is None:
            return None
        if id(tensor) not in made:
            made[id(tensor)] = _fake(tensor)
        return made[id(tensor)]

    for module in model.modules():
        if pack := _PACKED.get(f"{type(module).__module__.partition('.')[0]}.{type(module).__name__}"):
            pack(module)
        for tensors in (module._parameters, module._buffers):  # noqa: SLF001  there is no public way to swap them
            for name, tensor in tensors.items():
                if tensor is None or tensor.is_meta:
                    tensors[name] = fake(tensor)


def _fake(tensor: torch.Tensor) -> torch.Tensor:
    empty = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="cpu")
    return nn.Parameter(empty, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else empty


def _quantise(model: Any, settings: TrainSettings, dtype: torch.dtype) -> None:  # noqa: ANN401  a PreTrainedModel, whose fields are not declared
    """Put bitsandbytes' layers in the place of linear ones, and say of it what peft asks."""
    from transformers.integrations import bitsandbytes  # noqa: PLC0415  slow to import

    how = quantised(settings.quantisation, dtype)
    assert how is not None
    head = next(name for name, layer in model.named_modules() if layer is model.get_output_embeddings())
    bitsandbytes.replace_with_bnb_linear(model, modules_to_not_convert=[head], quantization_config=how)
    model.config.quantization_config = how
    model.is_loaded_in_4bit, model.is_loaded_in_8bit = how.load_in_4bit, how.load_in_8bit
    model.is_quantized = True


def _pack_4bit(module: Any) -> None:  # noqa: ANN401  bitsandbytes' Linear4bit
    """Two numbers in a byte; 8 bits of scale for 64 of them, and 32 more for 256 scales."""
    from bitsandbytes.functional import QuantState  # noqa: PLC0415  slow to import, and only needed here

    numbers = module.in_features * module.out_features
    scales = -(-numbers // module.weight.blocksize)
    outer = QuantState(
        absmax=torch.empty(-(-scales // NESTED_BLOCK)),
        code=torch.empty(256),
        blocksize=NESTED_BLOCK,
        dtype=torch.float32,
    )
    state = QuantState(
        absmax=torch.empty(scales, dtype=torch.uint8),
        shape=torch.Size((module.out_features, module.in_features)),
        code=torch.empty(16),
        blocksize=module.weight.blocksize,
        quant_type="nf4",
        dtype=module.compute_dtype,
        offset=torch.empty(()),
        state2=outer,
    )
    module.weight = _with(torch.empty((numbers + 1) // 2, 1, dtype=torch.uint8), quant_state=state, bnb_quantized=True)
    module.quant_state = state


def _pack_8bit(module: Any) -> None:  # noqa: ANN401  bitsandbytes' Linear8bitLt
    """A byte for each number, and a scale for each row."""
    weight = torch.empty(module.out_features, module.in_features, dtype=torch.int8)
    module.state.CB, module.state.SCB = weight, torch.empty(module.out_features)
    module.weight = _with(weight, CB=None, SCB=None, has_fp16_weights=False)


def _with(tensor: torch.Tensor, **attributes: object) -> nn.Parameter:
    parameter = nn.Parameter(tensor, requires_grad=False)
    for name, value in attributes.items():
        setattr(parameter, name, value)
    return parameter


_PACKED: dict[str, Callable[[Any], None]] = {
    "bitsandbytes.Linear4bit": _pack_4bit,
    "bitsandbytes.Linear8bitLt": _pack_8bit,
}


def held(model: nn.Module) -> Iterator[tuple[torch.Tensor, str]]:
    """Yield all that a model holds, and for what: "parameters" of its own, or an "adapter" beside them."""
    is_whole = all(parameter.requires_grad for parameter in model.parameters())
    for parameter in model.parameters():
        yield parameter, "adapter" if parameter.requires_grad and not is_whole else "parameters"
    for module in model.modules():
        for name, buffer in module.named_buffers(recurse=False):
            yield buffer, "adapter" if name == "positions" else "parameters"
        if state := getattr(module, "quant_state", None):
            yield from ((each, "parameters") for each in (state.absmax, state.code, state.offset))
            yield from ((each, "parameters") for each in (state.state2.absmax, state.state2.code))
        if (state := getattr(module, "state", None)) is not None and getattr(state, "SCB", None) is not None:
            yield from ((each, "parameters") for each in (state.CB, state.SCB))
