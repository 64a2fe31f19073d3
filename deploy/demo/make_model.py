"""Make the demo model: a tokenizer and a small Llama, trained from nothing on text written for this project.

Run from the repository's root: `python -m deploy.demo.make_model`. The same seed and thread count give the same model.
"""

import argparse
import math
import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn import functional
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from deploy.demo.corpus import Chat, chats, mail_texts

MODEL = Path(__file__).parent / "model"
VOCABULARY = 3072
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + eos_token }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How long, how fast and from what the model learns."""

    steps: int
    seed: int
    learning_rate: float
    prompt_weight: float
    """How much a token of the prompt counts in the loss; a token of the reply counts 1."""
    batch_tokens: int = 4096
    warm_up_steps: int = 40

    def rate(self, step: int) -> float:
        """Give the learning rate of a step: up in a line, down in half a cosine."""
        if step < self.warm_up_steps:
            return self.learning_rate * (step + 1) / self.warm_up_steps
        done = (step - self.warm_up_steps) / max(1, self.steps - self.warm_up_steps)
        return self.learning_rate * (0.02 + 0.98 * (1 + math.cos(math.pi * done)) / 2)


STAGES = (
    Stage(steps=750, seed=8, learning_rate=4e-3, prompt_weight=0.1),
    Stage(steps=1600, seed=9, learning_rate=3e-3, prompt_weight=0.0),
)
"""First words and their order, from all text; then to answer well, from the replies alone."""
TOKENIZER_SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Token ids [rows, length], padded at the right, and how much each counts as a target."""

    ids: torch.Tensor
    weights: torch.Tensor


def make_tokenizer(seed: int) -> PreTrainedTokenizerFast:
    """Learn byte-level BPE on a sample of the corpus. Digits stand alone, so that numbers are copied one by one."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    core.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>", "<pad>", "<|system|>", "<|user|>", "<|assistant|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    core.train_from_iterator(mail_texts(list(islice(chats(random.Random(seed)), 20_000))), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token="<s>",  # noqa: S106  not a password
        eos_token="</s>",  # noqa: S106
        pad_token="<pad>",  # noqa: S106
        chat_template=TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=2048,
    )


def make_model() -> LlamaForCausalLM:
    """Build the untrained model. A head is 32 wide, the least that vLLM's CPU build serves."""
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=640,
        num_hidden_layers=4,
        num_attention_heads=8,
        num_key_value_heads=4,
        head_dim=32,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
    )
    return LlamaForCausalLM(config)


def batches(tokenizer: PreTrainedTokenizerFast, stage: Stage) -> Iterator[Batch]:
    """Yield batches for ever: examples of like length together, the batches themselves in any order."""
    rng = random.Random(stage.seed)
    stream = chats(rng)
    while True:
        rows = sorted((encode(tokenizer, chat) for chat in islice(stream, 1024)), key=lambda row: len(row[0]))
        groups: list[list[tuple[list[int], int]]] = [[]]
        for row in rows:
            if (len(groups[-1]) + 1) * len(row[0]) > stage.batch_tokens:
                groups.append([])
            groups[-1].append(row)
        rng.shuffle(groups)
        yield from (_pad(group, stage.prompt_weight) for group in groups)


def encode(tokenizer: PreTrainedTokenizerFast, chat: Chat) -> tuple[list[int], int]:
    """Give an example's token ids, and how many of them are the prompt."""
    prompt = tokenizer.apply_chat_template(list(chat.messages), tokenize=False, add_generation_prompt=True)
    head = tokenizer.encode(prompt, add_special_tokens=False)
    tail = tokenizer.encode(chat.reply, add_special_tokens=False)
    return [*head, *tail, tokenizer.eos_token_id], len(head)


def _pad(rows: list[tuple[list[int], int]], prompt_weight: float) -> Batch:
    length = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), length), 2)
    weights = torch.zeros(len(rows), length)
    for index, (row, head) in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row)
        weights[index, :head] = prompt_weight
        weights[index, head : len(row)] = 1.0
    return Batch(ids=ids, weights=weights)


def train(model: LlamaForCausalLM, stream: Iterator[Batch], stage: Stage, *, checkpoint: Callable[[], None]) -> None:
    """Train in place: Muon for the matrices inside, AdamW for the rest. `checkpoint` is called now and then."""
    inside = [weight for name, weight in model.named_parameters() if weight.ndim == 2 and "layers" in name]
    rest = [weight for name, weight in model.named_parameters() if weight.ndim != 2 or "layers" not in name]
    optimizers = (
        torch.optim.Muon(inside, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, betas=(0.9, 0.95), weight_decay=0.0),
    )
    started, seen, average = time.monotonic(), 0, 0.0
    model.train()
    for step, batch in enumerate(islice(stream, stage.steps)):
        loss, reply_loss = _losses(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = stage.rate(step)
            optimizer.step()
            optimizer.zero_grad()
        seen += batch.ids.numel()
        average = reply_loss if step == 0 else 0.95 * average + 0.05 * reply_loss
        if step % 25 == 0:
            spent = time.monotonic() - started
            print(
                f"step {step}/{stage.steps}  reply loss {average:.3f}  {seen / 1e6:.2f} M tokens  "
                f"{seen / spent:.0f} tokens/s  {spent / 60:.1f} min",
                flush=True,
            )
        if step % 150 == 149:
            checkpoint()


def _losses(model: LlamaForCausalLM, batch: Batch) -> tuple[torch.Tensor, float]:
    """Give the weighted loss, and that of the replies alone. Where nothing counts, no logits are made."""
    weights, targets = batch.weights[:, 1:], batch.ids[:, 1:]
    counts = weights > 0
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model.model(input_ids=batch.ids[:, :-1]).last_hidden_state
        logits = model.lm_head(hidden[counts])
    losses = functional.cross_entropy(logits.float(), targets[counts], reduction="none")
    reply_loss = losses[weights[counts] == 1.0].mean().item()
    return (losses * weights[counts]).sum() / weights.sum(), reply_loss


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write everything beside `folder`, then put it in its place."""
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    half = LlamaForCausalLM(model.config)
    half.load_state_dict(model.state_dict())
    half.to(torch.bfloat16).save_pretrained(fresh)
    tokenizer.save_pretrained(fresh)
    GenerationConfig(bos_token_id=0, eos_token_id=1, pad_token_id=2).save_pretrained(fresh)
    (fresh / "model.safetensors").chmod(0o644)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def main() -> None:
    """Make the model, stage by stage, and say how it goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=MODEL)
    parser.add_argument("--go-on", action="store_true", help="start with the last stage, from the model that is there")
    arguments = parser.parse_args()
    torch.manual_seed(TOKENIZER_SEED)
    torch.set_num_threads(2)
    if arguments.go_on:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(arguments.out)
        model = LlamaForCausalLM.from_pretrained(arguments.out, dtype=torch.float32)
    else:
        tokenizer, model = make_tokenizer(TOKENIZER_SEED), make_model()
    print(f"{sum(weight.numel() for weight in model.parameters()) / 1e6:.2f} M parameters")

    def keep() -> None:
        save(model, tokenizer, arguments.out)

    for stage in STAGES[-1:] if arguments.go_on else STAGES:
        train(model, batches(tokenizer, stage), stage, checkpoint=keep)
        keep()


if __name__ == "__main__":
    main()
