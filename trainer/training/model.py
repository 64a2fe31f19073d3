"""Load a base model and its tokenizer from this machine; nothing is ever downloaded here."""

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from connectors.errors import ModelMissing

HINT = "Set [engine] model to a model's folder, or fetch it once: hf download NAME."


def load_tokenizer(model: str) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a model.

    Raises:
        ModelMissing: there is none on this machine, or it has no chat template.
    """
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(model, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelMissing(f"The model {model} is not on this machine.", hint=HINT) from error
    if tokenizer.chat_template is None or tokenizer.eos_token_id is None:
        raise ModelMissing(f"The model {model} cannot chat.", hint="Choose an instruct model, with a chat template.")
    return tokenizer


def load_model(model: str, dtype: torch.dtype, device: str) -> nn.Module:
    """Return a base model, ready to be wrapped.

    Raises:
        ModelMissing: it is not on this machine.
    """
    try:
        loaded: nn.Module = AutoModelForCausalLM.from_pretrained(model, local_files_only=True, dtype=dtype)
    except (OSError, ValueError) as error:
        raise ModelMissing(f"The model {model} is not on this machine.", hint=HINT) from error
    return loaded.to(device)


def longest_input(model: str) -> int:
    """Return how many tokens a model reads and writes together at most."""
    config = AutoConfig.from_pretrained(model, local_files_only=True)
    return int(getattr(config, "max_position_embeddings", None) or 2**31)
