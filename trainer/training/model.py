"""Load a base model and its tokenizer from this machine; nothing is ever downloaded here."""

import logging
from typing import Any, Literal

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, PreTrainedTokenizerBase

from connectors.errors import ModelMissing
from trainer.training.random_model import make_random_model

HINT = "Set [engine] model to a model's folder, or fetch it once: hf download NAME."

Quantisation = Literal["none", "int8", "nf4"]


def load_tokenizer(model: str, *, needs_chat: bool = True) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a model; plain text can be learned without a form for chats.

    Raises:
        ModelMissing: there is none on this machine, or it has no chat template where one is needed.
    """
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(model, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelMissing(f"The model {model} is not on this machine.", hint=HINT) from error
    if needs_chat and (tokenizer.chat_template is None or tokenizer.eos_token_id is None):
        raise ModelMissing(f"The model {model} cannot chat.", hint="Choose an instruct model, with a chat template.")
    return tokenizer


def load_model(
    model: str,
    dtype: torch.dtype,
    device: str,
    *,
    quantisation: Quantisation = "none",
    attention: str = "sdpa",
    is_random: bool = False,
) -> nn.Module:
    """Return a base model, ready to be wrapped.

    Args:
        model: A folder or a name; where the weights are random, a folder with a config.json or such a file is enough.
        dtype: What weights are kept in, and what quantised ones are unpacked to for each product.
        device: Where the model lies.
        quantisation: How the weights of linear layers are kept, all but that of the one which makes the logits.
        attention: The implementation of attention, by transformers' name for it; made-up models have the usual one.
        is_random: Whether the weights are made up, always the same, to measure speed and memory by.

    Raises:
        ModelMissing: it is not on this machine.
    """
    how = quantised(quantisation, dtype)
    try:
        if is_random:
            loaded: Any = make_random_model(model, dtype, device, how)
        elif how is None:
            loaded = AutoModelForCausalLM.from_pretrained(
                model, local_files_only=True, dtype=dtype, attn_implementation=attention
            )
            loaded.to(device)
        else:
            loaded = AutoModelForCausalLM.from_pretrained(
                model,
                local_files_only=True,
                dtype=dtype,
                attn_implementation=attention,
                device_map={"": device},
                quantization_config=how,
            )
    except (OSError, ValueError) as error:
        raise ModelMissing(f"The model {model} is not on this machine.", hint=HINT) from error
    made: nn.Module = loaded if how is None else _trainable_beside(loaded)
    return made


def quantised(quantisation: Quantisation, dtype: torch.dtype) -> BitsAndBytesConfig | None:
    """Return how bitsandbytes is to keep the weights, or None where they stay as they are."""
    if quantisation == "none":
        return None
    # For each 8-bit product it warns that it casts to fp16, which is how they are made.
    logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
    by_name: dict[str, Any] = {
        "int8": {"load_in_8bit": True},
        "nf4": {
            "load_in_4bit": True,
            "bnb_4bit_quant_type": "nf4",
            "bnb_4bit_use_double_quant": True,
            "bnb_4bit_compute_dtype": dtype,
        },
    }
    return BitsAndBytesConfig(**by_name[quantisation])  # type: ignore[no-untyped-call]


def _trainable_beside(model: nn.Module) -> nn.Module:
    """Return a quantised model fit to have adapters trained beside its weights.

    Embeddings, norms and logits stay in the format they were loaded in: they are frozen, so fp32 would hold the same
    numbers in twice the memory, and norms calculate in fp32 whatever they are kept in.
    """
    for layer in model.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            # Once it has measured, bitsandbytes keeps 4-bit weights in a form whose product has no gradient, and from
            # then on the layers below would learn nothing, without an error.
            layer.support_avx512bf16_for_cpu = False  # type: ignore[assignment]
    return model.requires_grad_(requires_grad=False)


def longest_input(model: str) -> int:
    """Return how many tokens a model reads and writes together at most."""
    config = AutoConfig.from_pretrained(model, local_files_only=True)
    return int(getattr(config, "max_position_embeddings", None) or 2**31)
