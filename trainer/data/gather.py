"""From the archive to examples: which mails, their instructions, what is learned and what only measures."""

import hashlib
import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from connectors.archive import Archive, Instruction
from connectors.errors import TooFewMails
from connectors.job import TrainJob, too_few_mails
from connectors.message import Email
from retrieval.embedder import Embedder, EmbedderSettings
from retrieval.index import IndexSettings, open_index
from retrieval.rank import RetrievalSettings, Retriever
from trainer.data.examples import Author, Finder, Writing, make_examples, make_measures
from trainer.data.packing import Example
from trainer.data.playback import Playback, Writer, play_back
from trainer.data.split import FEWEST, Split, split
from trainer.files import write_whole
from trainer.progress import Progress
from trainer.training import checkpoint

FILE = "examples.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that training and measuring need, apart from the model."""

    learned: tuple[Example, ...]
    measures: Mapping[str, tuple[Example, ...]]
    """Held-out examples of each author; those of the account itself first."""
    counts: dict[str, Any]
    """What the card tells of the data."""


def choose_mails(archive: Archive, account: str, window: int) -> list[Email]:
    """Return the newest mails that are learned from, oldest first."""
    learned = (archived.email for archived in archive.mails(account, kept=True))
    return list(deque((email for email in learned if email.text), maxlen=window))


def gather(
    archive: Archive, job: TrainJob, writing: Writing, folder: Path, *, writer: Writer | None, say: Progress
) -> Material:
    """Return the material of a run; what an earlier start made of the same mails and instructions is taken as it is.

    Raises:
        TooFewMails: there is not enough to learn from.
        EngineDown: the engine went away while it wrote instructions.
        StoreError: the disk is full.
    """
    mails = choose_mails(archive, job.account, job.settings.window)
    _check_enough(archive, job, len(mails))
    parts = split(mails, job.settings.holdout)
    if not parts.learned:
        raise TooFewMails(
            f"All mail of {job.account} is one thread: nothing is left to learn from.",
            hint="Sync more mail: cyrano sync.",
        )
    playback = play_back(
        mails, archive, job.account, writer=writer, model=job.engine_model,
        concurrency=job.settings.playback_concurrency, report=say.stage("playback"),
    )  # fmt: skip
    author = _author(archive, job.account, playback.instructions)
    others = list(_other_authors(archive, job))
    key = _fingerprint([(author, mails), *((other, held_out) for other, held_out in others)])
    if known := _read(folder, key):
        return known

    with _finder(job, folder, parts.learned) as finder:
        learned = make_examples(
            parts.learned, author, writing, job.settings, finder, report=say.stage("examples")
        )  # fmt: skip
    measures = {
        who.account: make_measures(held_out, who, writing) for who, held_out in [(author, parts.held_out), *others]
    }
    material = Material(
        learned=tuple(learned.examples),
        measures={name: tuple(made.examples) for name, made in measures.items() if made.examples},
        counts=_counts(parts, playback, learned.dropped + measures[job.account].dropped, learned.with_sources),
    )
    _check_usable(material, job, writing)
    _write(folder, key, material)
    return material


def _check_enough(archive: Archive, job: TrainJob, usable: int) -> None:
    if usable >= job.settings.min_mails:
        return
    total = archive.count(job.account).total
    raise too_few_mails(job.account, usable=usable, total=total, needed=job.settings.min_mails)


def _check_usable(material: Material, job: TrainJob, writing: Writing) -> None:
    if len(material.learned) >= job.settings.min_mails // 2 and material.measures.get(job.account):
        return
    raise TooFewMails(
        f"Only {len(material.learned)} mails of {job.account} fit into {writing.max_tokens} tokens with their prompts.",
        hint="Raise [train] max_tokens, lower [prompt] budget_tokens, or choose a model that reads more.",
    )


def _author(archive: Archive, account: str, instructions: Mapping[str, Instruction]) -> Author:
    parents = {mail.email.message_id: mail.email for mail in archive.received(account)}
    owner = archive.account(account).owner
    return Author(account=account, owner=owner, instructions=instructions, parents=parents)


def _other_authors(archive: Archive, job: TrainJob) -> Iterator[tuple[Author, tuple[Email, ...]]]:
    """Yield the other accounts with enough held-out mail; no engine is troubled for them."""
    for record in archive.accounts():
        if record.name == job.account:
            continue
        mails = choose_mails(archive, record.name, job.settings.window)
        held_out = split(mails, job.settings.holdout).held_out
        if len(mails) >= job.settings.min_mails and len(held_out) >= FEWEST:
            playback = play_back(
                held_out, archive, record.name, writer=None, model=job.engine_model, concurrency=1,
                report=lambda _done, _total, _note: None,
            )  # fmt: skip
            yield _author(archive, record.name, playback.instructions), held_out


@contextmanager
def _finder(job: TrainJob, folder: Path, emails: Iterable[Email]) -> Iterator[Finder]:
    """Index the mails learned from in the run's own folder: the live index belongs to the service."""
    settings = RetrievalSettings.model_validate(job.retrieval)
    if job.settings.retrieval_probability == 0 or job.settings.retrieval_count == 0 or settings.count == 0:
        yield _Nothing()
        return
    embedder = Embedder(EmbedderSettings.model_validate(job.embedder))
    index = open_index(
        IndexSettings(), home=folder, dimension=embedder.dimension, model=embedder.model, fresh=True
    )  # fmt: skip
    retriever = Retriever(index, embedder, settings)
    try:
        retriever.add(job.account, list(emails))
        yield retriever
    finally:
        retriever.close()


class _Nothing:
    """Finds nothing."""

    def find(self, *_: object, **__: object) -> tuple[()]:
        return ()


def _counts(parts: Split, playback: Playback, dropped: Counter[str], with_sources: int) -> dict[str, Any]:
    mails = parts.learned + parts.held_out
    times = sorted(email.sent_at for email in mails if email.sent_at)
    return {
        "mails": len(mails),
        "learned": len(parts.learned),
        "held_out": len(parts.held_out),
        "oldest": times[0].isoformat() if times else "",
        "newest": times[-1].isoformat() if times else "",
        "instructions": playback.sources,
        "faults": playback.faults,
        "dropped": dict(dropped),
        "with_sources": with_sources,
    }


def _fingerprint(authors: Iterable[tuple[Author, Iterable[Email]]]) -> str:
    """Change with any mail, instruction or mail answered: what was taken out since must not be learned from."""
    digest = hashlib.sha256()
    for author, emails in authors:
        for email in emails:
            answered = author.answered(email)
            line = (
                author.account, email.message_id, email.text, author.instructions[email.message_id].text,
                answered.text if answered else "",
            )  # fmt: skip
            digest.update(json.dumps(line).encode())
    return digest.hexdigest()


def _read(folder: Path, key: str) -> Material | None:
    try:
        content = json.loads((folder / FILE).read_bytes())
    except (OSError, ValueError):
        return None
    if content["key"] != key:
        return None
    return Material(
        learned=_examples(content["learned"]),
        measures={name: _examples(each) for name, each in content["measures"].items()},
        counts=content["counts"],
    )


def _examples(rows: list[dict[str, Any]]) -> tuple[Example, ...]:
    return tuple(Example(**{**row, "tokens": tuple(row["tokens"])}) for row in rows)


def _write(folder: Path, key: str, material: Material) -> None:
    # A checkpoint of other examples is worth nothing.
    (folder / checkpoint.FILE).unlink(missing_ok=True)
    content = json.dumps({"key": key, **asdict(material)})
    write_whole(folder / FILE, lambda file: file.write(content.encode()))
