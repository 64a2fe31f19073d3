"""A tiny random Llama with its tokenizer, made in a second: what the tests and the tiny forms of recipes train."""

import shutil
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from connectors.job import TINY
from trainer.files import disk_errors

SPECIAL = ["<s>", "</s>", "<pad>", "<|user|>", "<|assistant|>", "<|system|>"]
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
FOLDER = "tiny-model"
"""Where a run makes it."""
TEXT = "hello thanks for the update please find attached the invoice meeting tomorrow kind regards best Ana Ben\n"


def resolve(model: str, folder: Path) -> str:
    """Return the path of the tiny model where a job names it, made in the run's folder; any other name as it is.

    Raises:
        StoreError: the disk is full or not writable.
    """
    if model != TINY:
        return model
    made, fresh = folder / FOLDER, folder / f"{FOLDER}.new"
    if not made.exists():
        with disk_errors("The tiny model could not be written"):
            shutil.rmtree(fresh, ignore_errors=True)
            make_tiny_model(fresh).rename(made)
    return str(made)


def make_tiny_model(folder: Path, *, seed: int = 0) -> Path:
    """Write a random model with some 100,000 parameters and return its folder."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    bos, eos, pad, *_ = SPECIAL
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, bos_token=bos, eos_token=eos, pad_token=pad, model_max_length=1024
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=1024,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
        tie_word_embeddings=False,
    )
    LlamaForCausalLM(config).save_pretrained(folder)  # type: ignore[no-untyped-call]
    return folder
