"""Configurations for the planner's tests: real kinds of architecture, very small."""

from pathlib import Path

from transformers import AutoConfig, LlamaConfig, PretrainedConfig

COMMON = {"vocab_size": 320, "hidden_size": 64, "num_hidden_layers": 5, "num_attention_heads": 4}
KINDS: dict[str, dict[str, object]] = {
    "llama": {"intermediate_size": 176, "num_key_value_heads": 2},
    "mistral": {"intermediate_size": 176, "num_key_value_heads": 2},
    "qwen2": {"intermediate_size": 176, "num_key_value_heads": 2},
    "qwen3": {"intermediate_size": 176, "num_key_value_heads": 2, "head_dim": 16},
    "gemma2": {"intermediate_size": 176, "num_key_value_heads": 2, "head_dim": 16, "sliding_window": 8},
    "gemma3_text": {"intermediate_size": 176, "num_key_value_heads": 2, "head_dim": 16},
    "phi3": {"intermediate_size": 176, "num_key_value_heads": 2, "pad_token_id": 0},
    "gpt2": {},
    "gpt_neox": {"intermediate_size": 256},
    "opt": {"ffn_dim": 256, "word_embed_proj_dim": 64},
    "falcon": {"new_decoder_architecture": False},
}


def small(kind: str = "llama") -> PretrainedConfig:
    """Return a small configuration of an architecture."""
    return AutoConfig.for_model(kind, **COMMON, **KINDS[kind])


def write_small(folder: Path, **changes: object) -> Path:
    """Write the configuration of a small Llama and return the folder."""
    values = {**COMMON, **KINDS["llama"], "max_position_embeddings": 512, "tie_word_embeddings": False, **changes}
    LlamaConfig(**values).save_pretrained(folder)
    return folder
