"""The examples that all cells of a profile share, made once and kept in a file until the report is written."""

import hashlib
import io
import random
import tempfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from transformers import PreTrainedTokenizerBase

from connectors.carried import carried_account
from connectors.errors import ModelMissing
from connectors.job import TrainJob
from connectors.profile_job import ProfileJob, Synthetic
from retrieval.tokens import counter_for
from trainer.corpora.base import read_corpus
from trainer.data.examples import Writing
from trainer.data.gather import gather, open_source
from trainer.data.packing import Example
from trainer.files import write_whole
from trainer.profiling.records import MATERIAL
from trainer.progress import Progress
from trainer.training.model import HINT, load_tokenizer, longest_input
from trainer.training.random_model import read_config

SAMPLES = 2
"""Held-out examples that the methods write a reply to, where no prompts are given."""
MEASURED = 32
"""Held-out examples that a loss is measured on."""


class Prompt(BaseModel):
    """What a model is asked to write to, and what a person wrote there."""

    model_config = ConfigDict(frozen=True)

    tokens: tuple[int, ...]
    text: str
    answer: str = ""


class Material(BaseModel):
    """Examples as the model reads them."""

    model_config = ConfigDict(frozen=True)

    name: str
    """What they are, in a few words for the report."""
    learned: tuple[Example, ...]
    held_out: tuple[Example, ...]
    prompts: tuple[Prompt, ...] = ()


def make_material(job: ProfileJob, folder: Path) -> str:
    """Write the job's examples into a folder, unless they are there already, and return their digest.

    Raises:
        ModelMissing: the model, or what is needed of it, is not on this machine.
        UsageError: the corpus cannot be read.
        TrainError: there is too little to learn from.
        StoreError: the disk is full or not writable.
    """
    path = folder / MATERIAL
    if not path.exists():
        made = _make(job).model_dump_json().encode()
        write_whole(path, lambda file: file.write(made))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_material(folder: Path) -> Material:
    """Return what `make_material` wrote."""
    return Material.model_validate_json((folder / MATERIAL).read_bytes())


def _make(job: ProfileJob) -> Material:
    if job.corpus is None and job.carried is None:
        return _random(job)
    tokenizer = load_tokenizer(job.model)
    max_tokens = min(job.settings.max_tokens, longest_input(job.model))
    if job.carried is not None:
        name, (learned, held_out) = "mail", _mail(job, job.carried, tokenizer, max_tokens)
    else:
        assert job.corpus is not None
        name = f"{job.corpus.kind}, {job.corpus.path.name}"
        found = read_corpus(job.corpus, tokenizer, job.settings, max_tokens=max_tokens, samples=job.samples)
        learned, held_out = found.learned, found.held_out
    return Material(
        name=name,
        learned=learned[: job.samples],
        held_out=held_out[:MEASURED],
        prompts=_prompts(job, tokenizer, held_out),
    )


def _mail(
    job: ProfileJob, carried: Path, tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Make examples of carried mail as a run does, with the instructions it brings along, and nothing left behind."""
    writing = Writing(
        tokenizer=tokenizer,
        count=counter_for(job.model),
        prompt_budget=min(job.prompt_budget, max_tokens * 2 // 3),
        max_tokens=max_tokens,
    )
    with tempfile.TemporaryDirectory() as folder:
        run = TrainJob(
            run="profile", account=carried_account(carried), home=Path(folder), carried=carried, model=job.model,
            prompt_budget=writing.prompt_budget, settings=job.settings, embedder=job.embedder,
            retrieval=job.retrieval, adapters=Path(folder),
        )  # fmt: skip
        with open_source(run) as source:
            found = gather(source, run, writing, Path(folder), writer=None, say=Progress(io.StringIO()))
    return found.learned, found.measures[run.account]


def _random(job: ProfileJob) -> Material:
    """Make examples of random tokens, for which no tokenizer is needed."""
    dice, wanted = random.Random(job.settings.seed), job.synthetic  # noqa: S311  dice, not secrets
    size = _vocabulary(job.model)
    count = job.samples or wanted.examples
    made = [_example(index, wanted, size, dice) for index in range(count + min(MEASURED, max(1, count // 8)))]
    return Material(
        name=f"random tokens, {count} examples of {wanted.tokens}",
        learned=tuple(made[:count]),
        held_out=tuple(made[count:]),
        prompts=_prompts(job, load_tokenizer(job.model), ()) if job.prompts else (),
    )


def _example(index: int, wanted: Synthetic, size: int, dice: random.Random) -> Example:
    return Example(
        message_id=f"random {index}",
        tokens=tuple(dice.randrange(size) for _ in range(wanted.tokens)),
        prompt_tokens=max(1, round(wanted.tokens * wanted.prompt_share)),
        reply_bytes=wanted.tokens - max(1, round(wanted.tokens * wanted.prompt_share)),
    )


def _vocabulary(model: str) -> int:
    try:
        config: Any = read_config(model)
    except (OSError, ValueError) as error:
        raise ModelMissing(f"The model {model} is not on this machine.", hint=HINT) from error
    return int(config.get_text_config().vocab_size)


def _prompts(job: ProfileJob, tokenizer: PreTrainedTokenizerBase, held_out: tuple[Example, ...]) -> tuple[Prompt, ...]:
    if job.prompts:
        return tuple(Prompt(tokens=_asked(text, tokenizer), text=text) for text in job.prompts)
    return tuple(
        Prompt(
            tokens=example.tokens[: example.prompt_tokens],
            text=_decode(tokenizer, example.tokens[: example.prompt_tokens]),
            answer=_decode(tokenizer, example.tokens[example.prompt_tokens :]),
        )
        for example in held_out[:SAMPLES]
    )


def _asked(text: str, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    messages = [{"role": "user", "content": text}]
    asked = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    return tuple(tokenizer(str(asked), add_special_tokens=False)["input_ids"])


def _decode(tokenizer: PreTrainedTokenizerBase, tokens: tuple[int, ...]) -> str:
    return str(tokenizer.decode(list(tokens), skip_special_tokens=True)).strip()
