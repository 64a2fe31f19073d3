"""Training side by side: packed rows against the padded ones of TRL's SFTTrainer, as a Markdown table.

Run it from the root: `OMP_NUM_THREADS=1 python -m tests.bench.packing [rounds]`. Everybody trains the same LoRA adapter
of the same random Llama (5M parameters) on the same examples in the same batches, in fp32 with AdamW. Lengths are
drawn like those of mail: many short, few long. First it checks that each row has the same loss with everybody.
Time is the processor's, of all threads together: on a machine with other work the clock on the wall tells little.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch import nn
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, TrainerCallback
from trl import SFTConfig, SFTTrainer

from connectors.train_settings import TrainSettings
from trainer.data.packing import Example, pack
from trainer.methods import METHODS
from trainer.tiny import make_tiny_model
from trainer.training.hardware import Arithmetic
from trainer.training.loop import prepare, step
from trainer.training.objective import Replies

VOCABULARY = 4_000
BATCH = 8
STEPS = 5
"""Those that are timed; one more goes before."""
CLOSE = 1e-5
FP32 = Arithmetic(device="cpu", dtype=torch.float32)
SETTINGS = TrainSettings(rank=16, dropout=0.0, learning_rate=1e-4, schedule="constant", batch_size=BATCH)

Ways = dict[str, Callable[[], float]]


def main(rounds: int) -> None:
    """Compare the losses, time every way in turn, and print the table."""
    examples = make_examples(BATCH * (STEPS + 1))
    real = sum(len(example.tokens) for example in examples[BATCH:])
    fill = real / padded_tokens(examples[BATCH:])
    with tempfile.TemporaryDirectory() as folder:
        print(f"{len(examples)} examples, {fill:.1%} of padded rows are tokens, {torch.get_num_threads()} thread(s)")
        print(f"largest difference of a row's loss: {compare(examples, Path(folder)):.1e} nats per token")
        ways: Ways = {
            "TRL 1.16, padded": lambda: time_trl(examples, Path(folder)),
            "TRL 1.16, padded, sorted by length": lambda: time_trl(by_length(examples), Path(folder)),
            "`trainer`, padded": lambda: time_own(examples, is_packed=False),
            "`trainer`, packed": lambda: time_own(examples, is_packed=True),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds):
            for name in list(ways)[:: 1 if number % 2 else -1]:
                times[name].append(ways[name]())
                print(f"{name}: {times[name][-1]:.1f} s", file=sys.stderr, flush=True)
    show({name: statistics.median(each) for name, each in times.items()}, real, fill)


def show(seconds: dict[str, float], real: int, fill: float) -> None:
    """Print tokens per second, and the ratio to the first way beside the one that is to be reached."""
    first = next(iter(seconds.values()))
    print("| way | tokens per processor second | ratio |\n| --- | ---: | ---: |")
    for name, each in seconds.items():
        print(f"| {name} | {real / each:,.0f} | {first / each:.2f} |")
    print(f"\nTo be reached, 0.95 / fill: {0.95 / fill:.2f}")


def make_examples(count: int) -> list[Example]:
    """Return examples as long as mails with their prompts: log-normal, 240 tokens at the middle, 1,024 at most."""
    dice = random.Random(0)  # noqa: S311  made-up mail is no secret
    examples = []
    for index in range(count):
        length = min(1024, max(40, round(dice.lognormvariate(5.5, 0.6))))
        tokens = tuple(dice.randrange(6, VOCABULARY) for _ in range(length))
        prompt = round(length * dice.uniform(0.5, 0.85))
        examples.append(Example(message_id=str(index), tokens=tokens, prompt_tokens=prompt, reply_bytes=length))
    return examples


def by_length(examples: Sequence[Example]) -> list[Example]:
    """Return the examples with those of like length side by side, after the batch that is not timed."""
    return [*examples[:BATCH], *sorted(examples[BATCH:], key=lambda each: len(each.tokens))]


def padded_tokens(examples: Sequence[Example]) -> int:
    """Return how many places padded rows have."""
    batches = [examples[start : start + BATCH] for start in range(0, len(examples), BATCH)]
    return sum(len(some) * max(len(example.tokens) for example in some) for some in batches)


def make_model() -> nn.Module:
    """Return the model with its adapter, always the same."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=256, intermediate_size=704, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=4, max_position_embeddings=1024, pad_token_id=2, tie_word_embeddings=False,
    )  # fmt: skip
    return METHODS["lora"].wrap(LlamaForCausalLM(config), SETTINGS)


def compare(examples: Sequence[Example], folder: Path) -> float:
    """Return the largest difference between a packed row's mean loss by what is timed, and by TRL of its examples.

    Raises:
        ValueError: they are not the same loss.
    """
    model = make_model().eval()
    trainer = make_trl(model, examples, folder, steps=1)

    def by_trl(example: Example) -> float:
        inputs = trainer.data_collator([trainer.train_dataset[int(example.message_id)]])
        return trainer.compute_loss(model, inputs).item() * example.reply_tokens

    worst = 0.0
    for row in pack(examples[:BATCH]):
        own = Replies(is_packed=True).loss(model, row, FP32).item()
        tokens = sum(example.reply_tokens for example in row)
        worst = max(worst, abs(own - sum(map(by_trl, row))) / tokens)
    if worst > CLOSE:
        raise ValueError(f"the losses differ by {worst}")
    return worst


def time_own(examples: Sequence[Example], *, is_packed: bool) -> float:
    """Return the processor seconds of the timed steps."""
    objective = Replies(is_packed=is_packed)
    training = prepare(make_model().train(), objective, SETTINGS, arithmetic=FP32, total=STEPS + 1)
    began = 0.0
    for number in range(STEPS + 1):
        if number == 1:
            began = time.process_time()
        step(training, examples[number * BATCH : (number + 1) * BATCH])
    return time.process_time() - began


class Timer(TrainerCallback):
    """Notes when each step has ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """Note the time."""
        self.ends.append(time.process_time())


def time_trl(examples: Sequence[Example], folder: Path) -> float:
    """Return the processor seconds of the timed steps."""
    timer = Timer()
    trainer = make_trl(make_model(), examples, folder, steps=STEPS + 1)
    trainer.add_callback(timer)
    trainer.train()
    return timer.ends[-1] - timer.ends[0]


def make_trl(model: nn.Module, examples: Sequence[Example], folder: Path, *, steps: int) -> SFTTrainer:
    """Return TRL's trainer with the same settings: no packing, checkpointing or logging, loss on the reply alone."""
    rows = [
        {
            "input_ids": list(each.tokens),
            "completion_mask": [int(at >= each.prompt_tokens) for at in range(len(each.tokens))],
        }
        for each in examples
    ]
    config = SFTConfig(
        output_dir=str(folder / "trl"), per_device_train_batch_size=BATCH, max_steps=steps, learning_rate=1e-4,
        lr_scheduler_type="constant", optim="adamw_torch_fused", adam_beta2=0.99, use_cpu=True, bf16=False,
        gradient_checkpointing=False, packing=False, max_length=None, completion_only_loss=True,
        train_sampling_strategy="sequential", logging_strategy="no", save_strategy="no", report_to="none",
        disable_tqdm=True, dataloader_pin_memory=False,
    )  # fmt: skip
    tokenizer = AutoTokenizer.from_pretrained(make_tiny_model(folder / "tokenizer"))
    return SFTTrainer(model=model, args=config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or ["5"]))
