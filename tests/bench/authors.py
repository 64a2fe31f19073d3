"""Whose voice an adapter has: held-out mail of each author, measured with the adapters of all, for each method.

Run it from the root: `python -m tests.bench.authors [--real PATH]`. The authors are the demo's senders and, with
`--real`, one more, from lines of JSON with "email" and "subject", the last of which are held out. LoRA's rank is such
that it trains as many numbers as RoSA; full fine-tuning trains all.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import torch

from connectors.archive import Archive
from connectors.cleaning.language import detect
from connectors.instruction import Instruction
from connectors.message import Address, Email
from connectors.train_settings import TrainSettings
from trainer.data.examples import Author, Writing, make_examples, make_measures
from trainer.data.instruction import extract
from trainer.data.packing import Example
from trainer.data.source import ArchiveSource, SentMail
from trainer.data.split import split
from trainer.methods import METHODS, count_trainable
from trainer.methods.scoring import scored_with
from trainer.training.hardware import Arithmetic
from trainer.training.loop import prepare, steps_per_epoch, train
from trainer.training.loss import nats_per_byte
from trainer.training.model import load_model, load_tokenizer
from trainer.training.objective import Replies

DEMO = Path("deploy/demo")
MODEL = DEMO / "model"
ARITHMETIC = Arithmetic(device="cpu", dtype=torch.bfloat16)
START = datetime(2026, 1, 1, tzinfo=UTC)
COMMON = {"epochs": 3, "batch_size": 8, "retrieval_probability": 0.0, "holdout": 0.15, "save_every_s": 3600}
SETTINGS = {
    "lora": TrainSettings.model_validate({**COMMON, "rank": 16, "alpha": 32, "learning_rate": 3e-3}),
    # As many numbers as LoRA of rank 16 on this model: rank 8 is half of them, the single numbers the other half.
    "rosa": TrainSettings.model_validate(
        {**COMMON, "method": "rosa", "rank": 8, "alpha": 16, "density": 0.052083, "learning_rate": 3e-3}
    ),
    "full": TrainSettings.model_validate({**COMMON, "method": "full", "learning_rate": 1e-3}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An author's mail as examples."""

    learned: Sequence[Example]
    held_out: Sequence[Example]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What training one adapter took, and what all authors' held-out mail says to it, in nats per byte."""

    numbers: int
    seconds: float
    losses: Mapping[str, float]


def main() -> int:
    """Train an adapter for each author and method, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, help="lines of JSON with email and subject")
    parser.add_argument("--methods", nargs="*", default=list(SETTINGS))
    parser.add_argument("--set", nargs="*", default=[], help="settings in place of these, as KEY=JSON")
    options = parser.parse_args()
    changes = {key: json.loads(value) for key, _, value in (each.partition("=") for each in options.set)}
    with tempfile.TemporaryDirectory() as folder:
        parts = read_demo(Path(folder))
        if options.real:
            parts["real"] = make_part(Author(account="real", owner=_nobody(), instructions={}), read_real(options.real))
        for author, part in parts.items():
            print(f"{author}: {len(part.learned)} mails learned from, {len(part.held_out)} held out")
        base = measure_all(None, parts)
        results = {
            method: {
                author: train_one(SETTINGS[method].model_copy(update=changes), author, parts, Path(folder))
                for author in parts
            }
            for method in options.methods
        }
    show(base, results)
    return 0


def train_one(settings: TrainSettings, author: str, parts: Mapping[str, Part], root: Path) -> Trained:
    """Train on one author's mail, save, and measure what was saved."""
    folder = root / settings.method / author
    folder.mkdir(parents=True)
    torch.manual_seed(settings.seed)
    method, objective, learned = METHODS[settings.method], Replies(), parts[author].learned
    model = method.wrap(load_model(str(MODEL), ARITHMETIC.dtype, "cpu"), settings)
    started = time.monotonic()
    method.choose(model, settings, objective, learned, ARITHMETIC, folder)
    total = steps_per_epoch(len(learned), settings) * settings.epochs
    training = prepare(model, objective, settings, arithmetic=ARITHMETIC, total=total)
    train(training, learned, parts[author].held_out, folder=folder, report=lambda *_: None)
    seconds = time.monotonic() - started
    method.save(model, folder / "saved")
    done = Trained(numbers=count_trainable(model)[0], seconds=seconds, losses=measure_all(folder / "saved", parts))
    print(f"{settings.method}, {author}: {seconds:.0f} s, {done.losses[author]:.4f}", file=sys.stderr, flush=True)
    return done


def measure_all(saved: Path | None, parts: Mapping[str, Part]) -> dict[str, float]:
    """Measure every author's held-out mail with what was saved, or with the base model."""
    base = load_model(str(MODEL), ARITHMETIC.dtype, "cpu")
    with scored_with(base, saved, lambda: load_model(str(MODEL), ARITHMETIC.dtype, "cpu")) as model:
        return {author: nats_per_byte(model, part.held_out, ARITHMETIC, 16) for author, part in parts.items()}


def show(base: Mapping[str, float], results: Mapping[str, Mapping[str, Trained]]) -> None:
    """Print a table for each method, and one that has all side by side."""
    for method, by_author in results.items():
        print(f"\n| {method}: held-out mail of | nobody's | " + " | ".join(f"{name}'s" for name in by_author) + " |")
        print("| --- |" + " ---: |" * (1 + len(by_author)))
        for author, alone in base.items():
            losses = [alone, *(trained.losses[author] for trained in by_author.values())]
            cells = [f"**{loss:.3f}**" if loss == min(losses) else f"{loss:.3f}" for loss in losses]
            print(f"| {author} | " + " | ".join(cells) + " |")
        wins = sum(min(by_author, key=lambda name: by_author[name].losses[author]) == author for author in by_author)
        print(f"\nThe own adapter is nearest for {wins} of {len(by_author)} authors.")
    print("\n| method | numbers trained | share | seconds each | " + " | ".join(base) + " |")
    print("| --- |" + " ---: |" * (3 + len(base)))
    whole = count_trainable(load_model(str(MODEL), ARITHMETIC.dtype, "cpu"))[1]
    print("| none | 0 | 0% | |" + "".join(f" {loss:.3f} |" for loss in base.values()))
    for method, by_author in results.items():
        numbers = next(iter(by_author.values())).numbers
        seconds = sum(each.seconds for each in by_author.values()) / len(by_author)
        cells = "".join(f" {trained.losses[author]:.3f} |" for author, trained in by_author.items())
        print(f"| {method} | {numbers:,} | {numbers / whole:.1%} | {seconds:.0f} |{cells}")


def read_demo(folder: Path) -> dict[str, Part]:
    """Bring in the demo's mailboxes as a person would, and return their senders' mail."""
    home = folder / "home"
    home.mkdir()
    settings = (DEMO / "cyrano.toml").read_text(encoding="utf-8").replace("@MODEL@", str(MODEL.resolve()))
    (home / "cyrano.toml").write_text(settings, encoding="utf-8")
    for name in ("ana", "ben"):
        _cyrano(home, "account", "add", "mbox", "--path", DEMO / "mailbox" / f"{name}.mbox",
                "--address", f"{name}@example.org", "--owner", name.title())  # fmt: skip
    _cyrano(home, "sync")
    parts = {}
    with Archive.open(f"sqlite:///{home / 'cyrano.db'}") as archive:
        for name in ("ana", "ben"):
            rows = map(json.loads, (DEMO / "playback" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())
            given = {row["message_id"]: row["instruction"] for row in rows}
            source = ArchiveSource(archive, name)
            parts[name] = make_part(_author(name, source.owner, given), source.choose(1000).mails)
    return parts


def read_real(path: Path) -> list[SentMail]:
    """Read an author's mail, oldest first; each is a thread of its own."""
    mails = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        text = row["email"].replace("\r\n", "\n").strip()
        email = Email(
            message_id=f"{number}@real", in_reply_to="", references=(), sender=_nobody(), to=(),
            sent_at=START + timedelta(hours=number), subject=row["subject"], text=text, language=detect(text),
        )  # fmt: skip
        mails.append(SentMail(email=email, conversation=email.message_id))
    return mails


def make_part(author: Author, mails: Sequence[SentMail]) -> Part:
    """Make the examples of an author; a mail without an instruction gets one from its subject and opening."""
    given = {
        mail.email.message_id: author.instructions.get(mail.email.message_id)
        or Instruction(message_id=mail.email.message_id, text=extract(mail.email), source="extracted")
        for mail in mails
    }
    author = Author(account=author.account, owner=author.owner, instructions=given)
    tokenizer = load_tokenizer(str(MODEL))
    writing = Writing(
        tokenizer=tokenizer, count=lambda text: len(tokenizer.encode(text)), prompt_budget=1200, max_tokens=1500
    )
    settings = SETTINGS["lora"]
    parts = split(mails, settings.holdout, validation=settings.validation)
    made = make_examples(parts.learned, author, writing, settings, _Nothing(), report=lambda *_: None)
    measures = make_measures(parts.held_out, author, writing, thread_messages=settings.thread_messages)
    return Part(learned=made.examples, held_out=measures.examples)


class _Nothing:
    """Finds no mail."""

    def find(self, request: object, *, before: object = None, exclude: object = ()) -> tuple[()]:  # noqa: ARG002  the shape of a finder
        """Return nothing."""
        return ()


def _author(name: str, owner: Address, given: Mapping[str, str]) -> Author:
    instructions = {key: Instruction(message_id=key, text=text, source="given") for key, text in given.items()}
    return Author(account=name, owner=owner, instructions=instructions)


def _nobody() -> Address:
    return Address(addr="author@example.net", name="")


def _cyrano(home: Path, *arguments: str | Path) -> None:
    command = [Path(sys.executable).with_name("cyrano"), *arguments]
    subprocess.run(command, env={**os.environ, "CYRANO_HOME": str(home)}, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
