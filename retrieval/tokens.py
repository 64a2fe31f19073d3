"""How many tokens a text has, by the tokenizer of the model that will read it; a careful guess where there is none."""

import functools
import logging
from collections.abc import Callable
from pathlib import Path

from huggingface_hub import try_to_load_from_cache
from huggingface_hub.errors import HFValidationError
from tokenizers import Tokenizer

logger = logging.getLogger(__name__)

_BYTES_PER_TOKEN = 2.5
"""Vocabularies of 32,000 and more make 3 to 5 of European prose: the guess errs towards a shorter prompt."""


@functools.cache
def counter_for(model: str) -> Callable[[str], int]:
    """Return a function that counts the tokens of a text, without special tokens, as `model` reads it.

    `model` is a folder with a `tokenizer.json`, or the name of a model in the local Hugging Face cache. For any other
    the count is estimated from the bytes. Nothing is downloaded. The function may be shared between threads.
    """
    path = _tokenizer_file(model)
    if path is None:
        logger.info("No tokenizer of %s on this machine: token counts are estimates", model)
        return estimate
    tokenizer = Tokenizer.from_file(str(path))
    # Some files cut or pad what they read, which would hide the length.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def estimate(text: str) -> int:
    """Guess how many tokens a text has, rather too many than too few."""
    return int(len(text.encode(errors="replace")) / _BYTES_PER_TOKEN + 1) if text else 0


def _tokenizer_file(model: str) -> Path | None:
    local = Path(model).expanduser() / "tokenizer.json"
    if local.is_file():
        return local
    try:
        cached = try_to_load_from_cache(model, "tokenizer.json")
    except HFValidationError:
        return None
    return Path(cached) if isinstance(cached, str) else None
