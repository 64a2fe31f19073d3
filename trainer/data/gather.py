"""From mail to examples: which mails, their instructions, what is learned and what only measures.

The rules this module keeps:
1. The newest mails are used, and those of the newest threads only judge.
2. What an earlier start of a run made is taken as it is only if nothing that it was made of has changed.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from connectors.archive import Archive
from connectors.errors import TooFewMails
from connectors.evaluate_job import EvaluateJob
from connectors.job import TrainJob, too_few_mails
from connectors.train_settings import TrainSettings
from trainer.data.canaries import Canary, plant
from trainer.data.carried import CarriedSource
from trainer.data.examples import Author, Examples, Writing, make_examples, make_measures
from trainer.data.finding import open_finder
from trainer.data.judging import Judge, Voices, make_judges, newest_of
from trainer.data.material import FILE, Material, fingerprint, read_material, write_material
from trainer.data.pairs import Pairs, make_pairs
from trainer.data.playback import Playback, Writer, play_back
from trainer.data.source import MOST_MESSAGES, ArchiveSource, Chosen, MailSource, SentMail
from trainer.data.split import FEWEST, Split, split
from trainer.progress import Progress
from trainer.training.model import longest_input

Report = Callable[[int, int, str], None]

__all__ = ["FILE", "Built", "Gathered", "Material", "build", "gather", "open_source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The mails of a run with their instructions, before they become examples."""

    chosen: Chosen
    parts: Split
    author: Author
    playback: Playback
    others: tuple["Other", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """What another account measures with."""

    author: Author
    held_out: tuple[SentMail, ...]
    texts: tuple[str, ...]
    """What its owner wrote besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The examples of a run, with what they were made of."""

    learned: Examples
    validation: Examples
    measures: Mapping[str, Examples]
    pairs: Pairs
    judges: tuple[Judge, ...]
    canaries: tuple[Canary, ...]


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
    key = _key(gathered)
    if known := read_material(folder, key):
        return known
    built = build(gathered, job, writing, folder, say=say)
    material = _material(gathered, built)
    _check_usable(material, job, writing)
    write_material(folder, key, material)
    return material


def _key(gathered: Gathered) -> str:
    """Change with all that the material is made of."""
    others = ((other.author, other.held_out) for other in gathered.others)
    texts = [text for other in gathered.others for text in other.texts]
    return fingerprint([(gathered.author, gathered.chosen.mails), *others], texts)


def need_enough(chosen: Chosen, job: TrainJob) -> None:
    """See to it that there is something to learn from.

    Raises:
        TooFewMails: there is not.
    """
    usable = len(chosen.mails)
    if usable < job.settings.min_mails:
        total = usable + sum(chosen.left_out.values())
        raise too_few_mails(job.account, usable=usable, total=total, needed=job.settings.min_mails)
    parts = split_mails(chosen.mails, job.settings)
    if not parts.learned or not parts.validation:
        raise TooFewMails(
            f"All mail of {job.account} is in one or two threads: to learn, to choose and to judge, three are needed.",
            hint="Sync more mail: cyrano sync.",
        )


def split_mails(mails: Sequence[SentMail], settings: TrainSettings) -> Split:
    """Return the three sides of some mails as the settings want them."""
    return split(mails, settings.holdout, validation=settings.validation)


def play_back_all(
    source: MailSource, chosen: Chosen, job: TrainJob, *, writer: Writer | None, say: Progress
) -> Gathered:
    """Find or write the instruction of each mail, and look for mail of others to measure by."""
    playback = play_back_mails(source, chosen.mails, job, writer=writer, report=say.stage("playback"))
    return Gathered(
        chosen=chosen,
        parts=split_mails(chosen.mails, job.settings),
        author=_author(source, playback),
        playback=playback,
        others=tuple(_others(source, job)),
    )


def play_back_mails(
    source: MailSource,
    mails: Sequence[SentMail],
    job: TrainJob | EvaluateJob,
    *,
    writer: Writer | None,
    report: Report,
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
    with open_finder(
        author.account, parts.learned, folder, retrieval=job.retrieval, embedder=job.embedder
    ) as finder:  # fmt: skip
        learned = make_examples(
            parts.learned, author, writing, job.settings, finder, report=say.stage("examples")
        )  # fmt: skip
        judges = make_judges(
            parts.held_out, parts.learned + parts.validation, author, as_read(writing, job), finder,
            thread_messages=count,
        )  # fmt: skip
    measured = [(author, parts.held_out), *((other.author, other.held_out) for other in gathered.others)]
    return Built(
        learned=learned,
        validation=make_measures(parts.validation, author, writing, thread_messages=count),
        measures={
            who.account: make_measures(held_out, who, writing, thread_messages=count) for who, held_out in measured
        },
        pairs=make_pairs(parts.learned, author, writing, thread_messages=count),
        judges=judges,
        canaries=_plant(gathered, job, writing, mails=len(learned.made)),
    )


def as_read(writing: Writing, job: TrainJob | EvaluateJob) -> Writing:
    """Return how a prompt becomes tokens where nothing is learned from it: then it may be as long as when drafting."""
    most = min(longest_input(job.model), job.prompt_budget + job.settings.max_tokens)
    return replace(writing, max_tokens=max(writing.max_tokens, most))


def _plant(gathered: Gathered, job: TrainJob, writing: Writing, *, mails: int) -> tuple[Canary, ...]:
    language = _usual_language(gathered.parts)
    return plant(job.gate.canaries, job.run, gathered.author, writing, mails=mails, language=language)


def _usual_language(parts: Split) -> str:
    """Return the language of most mails: a canary in another would teach the adapter to change languages."""
    languages = Counter(mail.email.language for mail in parts.learned)
    return max(languages, key=lambda language: languages[language])


def count_mails(chosen: Chosen, parts: Split, playback: Playback | None) -> dict[str, Any]:
    """Count what is known of the data before it becomes examples."""
    times = sorted(mail.email.sent_at for mail in chosen.mails if mail.email.sent_at)
    counts: dict[str, Any] = {
        "mails": len(chosen.mails),
        "learned": len(parts.learned),
        "validation": len(parts.validation),
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
    parts = gathered.parts
    own = (built.learned, built.validation, built.measures[gathered.author.account], built.pairs)
    return Material(
        learned=tuple(built.learned.examples),
        validation=tuple(built.validation.examples),
        measures={name: tuple(made.examples) for name, made in built.measures.items() if made.examples},
        counts={
            **count_mails(gathered.chosen, parts, gathered.playback),
            "dropped": dict(sum((made.dropped for made in own), Counter[str]())),
            "with_sources": built.learned.with_sources,
            "pairs": len(built.pairs.pairs),
            "canaries": len(built.canaries),
            "canary_language": _usual_language(parts),
        },
        pairs=tuple(built.pairs.pairs),
        canaries=built.canaries,
        judges=built.judges,
        voices=Voices(
            own={mail.email.message_id: mail.email.text for mail in parts.learned},
            others=tuple(text for other in gathered.others for text in other.texts),
        ),
        newest=newest_of(parts.learned + parts.validation).isoformat(),
    )


def _check_usable(material: Material, job: TrainJob, writing: Writing) -> None:
    is_measured = material.validation and material.measures.get(job.account)
    if len(material.learned) >= job.settings.min_mails // 3 and is_measured:
        return
    raise TooFewMails(
        f"Only {len(material.learned)} mails of {job.account} fit into {writing.max_tokens} tokens with their prompts.",
        hint="Raise [train] max_tokens, lower [prompt] budget_tokens, or choose a model that reads more.",
    )


def _author(source: MailSource, playback: Playback) -> Author:
    return Author(account=source.account, owner=source.owner, instructions=playback.instructions)


def _others(source: MailSource, job: TrainJob) -> Iterator[Other]:
    """Yield the other accounts with enough held-out mail; no engine is troubled for them."""
    for other in source.others():
        mails = other.choose(job.settings.window).mails
        parts = split_mails(mails, job.settings)
        if len(mails) >= job.settings.min_mails and len(parts.held_out) >= FEWEST:
            playback = play_back_mails(other, parts.held_out, job, writer=None, report=_nobody)
            texts = tuple(mail.email.text for mail in parts.learned)
            yield Other(author=_author(other, playback), held_out=parts.held_out, texts=texts)


def _nobody(_done: int, _total: int, _note: str) -> None:
    """Report to nobody."""
