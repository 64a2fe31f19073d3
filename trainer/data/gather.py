"""From mail to examples: which mails, their instructions, what is learned and what only measures.

The rules this module keeps:
1. The newest mails are used, and those of the newest threads only measure.
2. What an earlier start of a run made is taken as it is only if nothing that it was made of has changed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.archive import Archive
from connectors.errors import TooFewMails
from connectors.job import TrainJob, too_few_mails
from retrieval.embedder import Embedder, EmbedderSettings
from retrieval.index import IndexSettings, open_index
from retrieval.rank import RetrievalSettings, Retriever
from trainer.data.carried import CarriedSource
from trainer.data.examples import Author, Examples, Finder, Writing, make_examples, make_measures
from trainer.data.material import FILE, Material, fingerprint, read_material, write_material
from trainer.data.pairs import Pairs, make_pairs
from trainer.data.playback import Playback, Writer, play_back
from trainer.data.source import MOST_MESSAGES, ArchiveSource, Chosen, MailSource, SentMail
from trainer.data.split import FEWEST, Split, split
from trainer.progress import Progress

Report = Callable[[int, int, str], None]

__all__ = ["FILE", "Built", "Gathered", "Material", "build", "gather", "open_source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The mails of a run with their instructions, before they become examples."""

    chosen: Chosen
    parts: Split
    author: Author
    playback: Playback
    others: tuple[tuple[Author, tuple[SentMail, ...]], ...]
    """The held-out mail of other accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The examples of a run, with what they were made of."""

    learned: Examples
    measures: Mapping[str, Examples]
    pairs: Pairs
    held_out_pairs: Pairs


@contextmanager
def open_source(job: TrainJob) -> Iterator[MailSource]:
    """Open where a job's mail comes from.

    Raises:
        UsageError: there is no such account, or the folder that was carried here is another's or cannot be read.
        StoreError: the archive cannot be opened.
    """
    if job.carried is not None:
        carried = CarriedSource(job.carried)
        carried.need(job.account)
        yield carried
        return
    with Archive.open(job.archive_url) as archive:
        most = max(MOST_MESSAGES, job.settings.thread_messages)
        yield ArchiveSource(archive, job.account, thread_messages=most)


def gather(
    source: MailSource, job: TrainJob, writing: Writing, folder: Path, *, writer: Writer | None, say: Progress
) -> Material:
    """Return the material of a run; what an earlier start made of the same mails and instructions is taken as it is.

    Raises:
        TooFewMails: there is not enough to learn from.
        EngineDown: the engine went away while it wrote instructions.
        StoreError: the disk is full.
    """
    chosen = source.choose(job.settings.window)
    need_enough(chosen, job)
    gathered = play_back_all(source, chosen, job, writer=writer, say=say)
    key = fingerprint([(gathered.author, gathered.chosen.mails), *gathered.others])
    if known := read_material(folder, key):
        return known
    material = _material(gathered, build(gathered, job, writing, folder, say=say))
    _check_usable(material, job, writing)
    write_material(folder, key, material)
    return material


def need_enough(chosen: Chosen, job: TrainJob) -> None:
    """See to it that there is something to learn from.

    Raises:
        TooFewMails: there is not.
    """
    usable = len(chosen.mails)
    if usable < job.settings.min_mails:
        total = usable + sum(chosen.left_out.values())
        raise too_few_mails(job.account, usable=usable, total=total, needed=job.settings.min_mails)
    if not split(chosen.mails, job.settings.holdout).learned:
        raise TooFewMails(
            f"All mail of {job.account} is one thread: nothing is left to learn from.",
            hint="Sync more mail: cyrano sync.",
        )


def play_back_all(
    source: MailSource, chosen: Chosen, job: TrainJob, *, writer: Writer | None, say: Progress
) -> Gathered:
    """Find or write the instruction of each mail, and look for mail of others to measure by."""
    playback = play_back_mails(source, chosen.mails, job, writer=writer, report=say.stage("playback"))
    return Gathered(
        chosen=chosen,
        parts=split(chosen.mails, job.settings.holdout),
        author=_author(source, playback),
        playback=playback,
        others=tuple(_others(source, job)),
    )


def play_back_mails(
    source: MailSource, mails: Sequence[SentMail], job: TrainJob, *, writer: Writer | None, report: Report
) -> Playback:
    """Find or write the instruction of each mail."""
    answered = {mail.email.message_id: mail.thread[-1] for mail in mails if mail.thread}
    return play_back(
        [mail.email for mail in mails], source, source.account, writer=writer, model=job.engine_model,
        concurrency=job.settings.playback_concurrency, report=report,
        answered=lambda email: answered.get(email.message_id),
    )  # fmt: skip


def build(gathered: Gathered, job: TrainJob, writing: Writing, folder: Path, *, say: Progress) -> Built:
    """Make the examples of a run; `folder` holds the index meanwhile."""
    count = job.settings.thread_messages
    author, parts = gathered.author, gathered.parts
    with _finder(job, author.account, folder, parts.learned) as finder:
        learned = make_examples(
            parts.learned, author, writing, job.settings, finder, report=say.stage("examples")
        )  # fmt: skip
    measured = [(author, parts.held_out), *gathered.others]
    return Built(
        learned=learned,
        measures={
            who.account: make_measures(held_out, who, writing, thread_messages=count) for who, held_out in measured
        },
        pairs=make_pairs(parts.learned, author, writing, thread_messages=count),
        held_out_pairs=make_pairs(parts.held_out, author, writing, thread_messages=count),
    )


def count_mails(chosen: Chosen, parts: Split, playback: Playback | None) -> dict[str, Any]:
    """Count what is known of the data before it becomes examples."""
    times = sorted(mail.email.sent_at for mail in chosen.mails if mail.email.sent_at)
    counts: dict[str, Any] = {
        "mails": len(chosen.mails),
        "learned": len(parts.learned),
        "held_out": len(parts.held_out),
        "oldest": times[0].isoformat() if times else "",
        "newest": times[-1].isoformat() if times else "",
        "left_out": dict(chosen.left_out),
    }
    if playback is None:
        return counts
    extracts = dict(Counter(playback.dropped.values()))
    return counts | {"instructions": playback.sources, "faults": playback.faults, "extracts": extracts}


def _material(gathered: Gathered, built: Built) -> Material:
    account = gathered.author.account
    pairs = (built.pairs, built.held_out_pairs)
    dropped = built.learned.dropped + built.measures[account].dropped + pairs[0].dropped + pairs[1].dropped
    return Material(
        learned=tuple(built.learned.examples),
        measures={name: tuple(made.examples) for name, made in built.measures.items() if made.examples},
        counts={
            **count_mails(gathered.chosen, gathered.parts, gathered.playback),
            "dropped": dict(dropped),
            "with_sources": built.learned.with_sources,
            "pairs": len(built.pairs.pairs),
        },
        pairs=tuple(built.pairs.pairs),
        held_out_pairs=tuple(built.held_out_pairs.pairs),
    )


def _check_usable(material: Material, job: TrainJob, writing: Writing) -> None:
    if len(material.learned) >= job.settings.min_mails // 2 and material.measures.get(job.account):
        return
    raise TooFewMails(
        f"Only {len(material.learned)} mails of {job.account} fit into {writing.max_tokens} tokens with their prompts.",
        hint="Raise [train] max_tokens, lower [prompt] budget_tokens, or choose a model that reads more.",
    )


def _author(source: MailSource, playback: Playback) -> Author:
    return Author(account=source.account, owner=source.owner, instructions=playback.instructions)


def _others(source: MailSource, job: TrainJob) -> Iterator[tuple[Author, tuple[SentMail, ...]]]:
    """Yield the other accounts with enough held-out mail; no engine is troubled for them."""
    for other in source.others():
        mails = other.choose(job.settings.window).mails
        held_out = split(mails, job.settings.holdout).held_out
        if len(mails) >= job.settings.min_mails and len(held_out) >= FEWEST:
            playback = play_back_mails(other, held_out, job, writer=None, report=_nobody)
            yield _author(other, playback), held_out


def _nobody(_done: int, _total: int, _note: str) -> None:
    """Report to nobody."""


@contextmanager
def _finder(job: TrainJob, account: str, folder: Path, mails: Iterable[SentMail]) -> Iterator[Finder]:
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
        retriever.add(account, [mail.email for mail in mails])
        yield retriever
    finally:
        retriever.close()


class _Nothing:
    """Finds nothing."""

    def find(self, *_: object, **__: object) -> tuple[()]:
        return ()
