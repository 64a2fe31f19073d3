"""Adapters that can be told apart by what they write: each has learned a sentence of its own."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoTokenizer, LlamaForCausalLM

from connectors.adapter import AdapterCard, publish
from retrieval.prompt import PROMPT_VERSION

RANK = 8
SHARPER = 20.0
STEPS = 400
LEARNING_RATE = 1e-2
SURE = 0.002
"""Nats per token at which a sentence is known by heart: no rounding in a larger batch changes a word of it."""


def sharpen(model: Path) -> Path:
    """Let a tiny random model be sure of a word: its last layer is so weak that no training could make it so."""
    learner = LlamaForCausalLM.from_pretrained(model)
    learner.lm_head.weight.data *= SHARPER
    learner.save_pretrained(model)
    return model


def teach(model: Path, chats: Sequence[Sequence[Mapping[str, object]]], says: Mapping[int, str], folder: Path) -> None:
    """Train an adapter for each version to answer some chats with a sentence, into folders by its number."""
    tokenizer = AutoTokenizer.from_pretrained(model)
    prompts = [tokenizer.apply_chat_template(list(chat), add_generation_prompt=True, tokenize=False) for chat in chats]
    for version, sentence in says.items():
        torch.manual_seed(version)
        config = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear")
        learner = get_peft_model(LlamaForCausalLM.from_pretrained(model), config)
        _learn(learner, [_example(tokenizer, prompt, sentence) for prompt in prompts])
        learner.save_pretrained(folder / str(version))


def publish_copy(root: Path, account: str, model: Path, taught: Path) -> AdapterCard:
    """Publish a taught adapter as the trainer would."""
    built = root.parent / "built"
    shutil.copytree(taught, built)
    card = AdapterCard(
        account=account, base_model=str(model), prompt_version=PROMPT_VERSION, method="lora", created_at="",
        is_approved=True, verdict="",
    )  # fmt: skip
    return publish(root, built, card)


def _example(tokenizer: Any, prompt: str, answer: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the tokens of a chat with its answer, and which of them are the answer's."""
    before = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    after = [*tokenizer(answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    return torch.tensor([before + after]), torch.tensor([[-100] * len(before) + after])


def _learn(learner: torch.nn.Module, examples: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> None:
    optimiser = torch.optim.AdamW([p for p in learner.parameters() if p.requires_grad], lr=LEARNING_RATE)
    for step in range(STEPS * len(examples)):
        tokens, labels = examples[step % len(examples)]
        loss = learner(input_ids=tokens, labels=labels).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        if step >= len(examples) and loss.item() < SURE:
            return
    raise RuntimeError(f"The sentence was not learned by heart: {loss.item():.4f} nats per token.")
