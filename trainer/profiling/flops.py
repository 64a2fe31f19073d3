"""How many operations training needs, to tell how much of the device's speed it uses.

A product of a weight with a token takes 2 operations forward, 2 backward to the layer before, and 2 more for the
weight's gradient where it is trained. The output layer sees the reply alone. Attention adds products of tokens with
those before them. Embeddings are looked up, which takes none.
"""

from collections.abc import Sequence
from typing import Any

from torch import nn

from trainer.data.packing import Example


def step_flops(model: nn.Module, items: Sequence[Example], *, is_full: bool) -> float:
    """Return the operations that the items' tokens need to be learned from."""
    config: Any = model.config
    config = config.get_text_config()
    width = config.hidden_size
    head = width * config.vocab_size
    frozen, learned = _products(model, is_full=is_full)
    tokens = sum(len(item.tokens) for item in items)
    replies = sum(item.reply_tokens for item in items)
    dense = tokens * (4 * frozen + 6 * learned) + replies * head * (6 if is_full else 4)
    heads = config.num_attention_heads * (getattr(config, "head_dim", None) or width // config.num_attention_heads)
    # Queries with keys and weights with values, 2 operations each, half of them masked; twice that backward.
    attention = sum(len(item.tokens) ** 2 for item in items) * 6 * config.num_hidden_layers * heads
    return float(dense + attention)


def _products(model: nn.Module, *, is_full: bool) -> tuple[int, int]:
    """Return how many weights a token is multiplied with in the layers, apart: those that stay and those that learn."""
    frozen = learned = 0
    for name, parameter in model.named_parameters():
        # Flat ones are norms and biases, and RoSA's few numbers, which sit in a product that is counted already.
        if "embed" in name or "lm_head" in name or (parameter.dim() == 1 and not hasattr(parameter, "quant_state")):
            continue
        state = getattr(parameter, "quant_state", None)
        count = parameter.numel() if state is None else state.shape.numel()
        if is_full or parameter.requires_grad:
            learned += count
        else:
            frozen += count
    return frozen, learned
