"""What a model is made of, read from its config.json alone: no weights are needed.

Numbers of parameters are not reckoned by a formula: the model is built without memory (torch's meta device) and
counted, so that they are right for every architecture that transformers knows.
"""

import copy
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    MODEL_FOR_MASKED_LM_MAPPING,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    PretrainedConfig,
)

from connectors.errors import ModelMissing

CONFIGS = Path(__file__).with_name("configs")
"""Configurations of well-known models, so that one can plan without having them."""

_VARIANT = re.compile(r"(-(instruct|chat|hf|it|base|4k|v0\.3))*$")
"""What a name may end in without another shape."""

_OTHER = "Plan with the configuration of another model."


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """A causal language model's architecture."""

    name: str
    kind: str
    """transformers' name of the architecture, such as "llama"."""
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    longest: int
    """Tokens it reads and writes together at most."""
    is_tied: bool
    """Whether input and output embeddings are one matrix."""
    has_biases: bool
    is_gated: bool
    """Whether the feed-forward part multiplies two projections (SwiGLU and its kin)."""
    norm: str
    """The class of its norms, such as "LlamaRMSNorm"."""
    experts: int
    """Feed-forward parts of a layer, of which a token goes through `active_experts`; 1 of 1 for dense models."""
    active_experts: int
    parameters: int
    """Exact, tied ones counted once."""
    config: PretrainedConfig = field(repr=False, compare=False)


def read_shapes(model: str | Path) -> Shapes:
    """Read a model's shapes.

    Args:
        model: a folder, a config.json, a name that has been downloaded, or the name of a well-known model.

    Raises:
        ModelMissing: there is no such configuration on this machine, or it is no language model's.
    """
    name, config = _read(str(model))
    if _is_encoder(config):
        message = (
            f"{name} reads texts but writes none: it is an encoder ({config.model_type}), no causal language model."
        )
        raise ModelMissing(message, hint=_OTHER)
    try:
        return describe(name, config, build_skeleton(config))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        message = f"{name} is not a causal language model that transformers can build and the planner knows: {error}"
        raise ModelMissing(message, hint=_OTHER) from error


def known_models() -> tuple[str, ...]:
    """Return the names of the models whose configurations come along."""
    return tuple(sorted(path.stem for path in CONFIGS.glob("*.json")))


def build_skeleton(config: PretrainedConfig, *, layers: int | None = None) -> nn.Module:
    """Build a model that has shapes but no memory, with fewer layers when told."""
    config = copy.deepcopy(config)
    if layers is not None:
        config.num_hidden_layers = layers
        if kinds := getattr(config, "layer_types", None):
            config.layer_types = kinds[:layers]
    with torch.device("meta"):
        skeleton: nn.Module = AutoModelForCausalLM.from_config(config, dtype=torch.float32)  # type: ignore[no-untyped-call]
    return skeleton


def describe(name: str, config: PretrainedConfig, skeleton: nn.Module) -> Shapes:
    """Return the shapes of a model built from a configuration."""
    heads = int(config.num_attention_heads)
    hidden = int(config.hidden_size)
    experts = int(_first(config, "num_local_experts", "num_experts", "n_routed_experts") or 1)
    modules = dict(skeleton.named_modules())
    inner = _widest(modules.items(), hidden, int(config.vocab_size))
    return Shapes(
        name=name,
        kind=str(config.model_type),
        hidden=hidden,
        layers=int(config.num_hidden_layers),
        heads=heads,
        kv_heads=_kv_heads(config, heads),
        head_dim=int(_first(config, "head_dim") or hidden // heads),
        intermediate=int(_first(config, "intermediate_size", "ffn_dim", "n_inner") or inner),
        vocabulary=int(config.vocab_size),
        longest=int(_first(config, "max_position_embeddings", "n_positions") or 2**31),
        is_tied=bool(config.tie_word_embeddings),
        has_biases=any(name.endswith("bias") and "norm" not in name for name, _ in skeleton.named_parameters()),
        is_gated=any("gate_proj" in name or "gate_up_proj" in name for name, _ in skeleton.named_parameters()),
        norm=next((type(each).__name__ for each in modules.values() if "Norm" in type(each).__name__), ""),
        experts=experts,
        active_experts=int(_first(config, "num_experts_per_tok") or 1) if experts > 1 else 1,
        parameters=sum(parameter.numel() for parameter in skeleton.parameters()),
        config=config,
    )


def _is_encoder(config: PretrainedConfig) -> bool:
    """Tell whether a model guesses words within a text (BERT) or translates it (BART), unless it is set up to go on."""
    return type(config) in (*MODEL_FOR_MASKED_LM_MAPPING, *MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING) and not getattr(
        config, "is_decoder", False
    )


def _read(model: str) -> tuple[str, PretrainedConfig]:
    path = Path(model)
    if path.is_dir():
        path /= "config.json"
    if path.suffix != ".json" and (known := _known(model)) is not None and not _is_cached(model):
        path = known
    try:
        if path.is_file():
            return _name(path), _parse(path)
        return model, _text(AutoConfig.from_pretrained(model, local_files_only=True))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelMissing(
            f"There is no configuration of {model} on this machine.",
            hint=f"Give a folder or a config.json, or one of: {', '.join(known_models())}.",
        ) from error


def _parse(path: Path) -> PretrainedConfig:
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return _text(AutoConfig.for_model(**values))


def _text(config: PretrainedConfig) -> PretrainedConfig:
    text: PretrainedConfig = config.get_text_config()
    return text


def _name(path: Path) -> str:
    return path.parent.name if path.name == "config.json" else path.stem


def _known(model: str) -> Path | None:
    """Return the configuration that comes along for a name, whoever publishes it and for whatever it was tuned."""
    wanted = _plain(model)
    return next((path for path in CONFIGS.glob("*.json") if _plain(path.stem) == wanted), None)


def _plain(name: str) -> str:
    last = name.rsplit("/", 1)[-1].lower().removeprefix("meta-")
    return _VARIANT.sub("", last).replace("-", "")


def _is_cached(model: str) -> bool:
    try:
        AutoConfig.from_pretrained(model, local_files_only=True)
    except (OSError, ValueError):
        return False
    return True


def _first(config: PretrainedConfig, *names: str) -> Any:  # noqa: ANN401  whatever the architecture calls it
    return next((value for name in names if (value := getattr(config, name, None)) is not None), None)


def _kv_heads(config: PretrainedConfig, heads: int) -> int:
    if getattr(config, "multi_query", False) and not getattr(config, "new_decoder_architecture", False):
        return 1
    return int(_first(config, "num_key_value_heads", "num_kv_heads") or heads)


def _widest(modules: Iterable[tuple[str, nn.Module]], hidden: int, vocabulary: int) -> int:
    """Return the longest side of any matrix inside the layers."""
    sides = (side for _, each in modules for weight in each.parameters(recurse=False) for side in weight.shape)
    return max((side for side in sides if side < vocabulary), default=hidden)
