"""Models of real shapes with made-up weights: they cost what real ones cost, and need nothing but a config.

A model is built without memory first; then one layer after another gets its weights on the device, and is quantised
there if it is to be. So a model that fits in 4 bits only can be made where it fits.
"""

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, BitsAndBytesConfig, PreTrainedConfig

SEED = 0
SPREAD = 0.02
"""Standard deviation of made-up weights that are quantised."""


def make_random_model(model: str, dtype: torch.dtype, device: str, how: BitsAndBytesConfig | None) -> nn.Module:
    """Return a model with made-up weights, the same for the same arguments. The caller's random numbers stay.

    Args:
        model: A folder with a config.json, or such a file.
        dtype: What weights are kept in.
        device: Where they lie.
        how: How bitsandbytes keeps the weights of linear layers.

    Raises:
        OSError: there is no config.
        ValueError: it is none of a language model.
    """
    with torch.device("meta"):
        built: Any = AutoModelForCausalLM.from_config(read_config(model), dtype=dtype)  # type: ignore[no-untyped-call]
    if how is not None:
        _prepare_for(how, built)
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        for layer in built.modules():
            if _is_quantised(layer):
                _fill_quantised(layer, dtype, device)
            elif any(tensor.is_meta for tensor in [*layer.parameters(recurse=False), *layer.buffers(recurse=False)]):
                layer.to_empty(device=device, recurse=False)
                built._init_weights(layer)  # noqa: SLF001  what from_pretrained does with weights it lacks
    built.tie_weights()
    made: nn.Module = built
    return made


def read_config(model: str) -> PreTrainedConfig:
    """Return a model's config.

    Raises:
        OSError: there is none.
        ValueError: it is of no known model.
    """
    if Path(model).is_file():
        content = json.loads(Path(model).read_text(encoding="utf-8"))
        config: PreTrainedConfig = AutoConfig.for_model(**content)
        return config
    found: PreTrainedConfig = AutoConfig.from_pretrained(model, local_files_only=True)
    return found


def _prepare_for(how: BitsAndBytesConfig, model: Any) -> None:  # noqa: ANN401  typed loosely by transformers
    """Put the quantised kind of layer where a model has linear ones, and say of it what peft asks."""
    from transformers.integrations.bitsandbytes import replace_with_bnb_linear  # noqa: PLC0415  loads bitsandbytes

    head = next(name for name, layer in model.named_modules() if layer is model.get_output_embeddings())
    replace_with_bnb_linear(model, modules_to_not_convert=[head], quantization_config=how)
    model.config.quantization_config = how
    model.is_loaded_in_4bit, model.is_loaded_in_8bit = how.load_in_4bit, how.load_in_8bit
    model.is_quantized = True


def _is_quantised(layer: nn.Module) -> bool:
    return type(layer).__name__ in {"Linear4bit", "Linear8bitLt"}


def _fill_quantised(layer: Any, dtype: torch.dtype, device: str) -> None:  # noqa: ANN401  bitsandbytes' own
    weight = torch.randn(layer.weight.shape, dtype=dtype, device=device) * SPREAD
    if type(layer).__name__ == "Linear8bitLt":
        weight = weight.cpu()  # bitsandbytes packs 8-bit weights when they leave the processor's memory, and only then
    layer.weight = type(layer.weight)(weight, requires_grad=False, **layer.weight.__dict__).to(device)
    if layer.bias is not None:
        layer.bias = nn.Parameter(torch.zeros(layer.out_features, dtype=dtype, device=device), requires_grad=False)
