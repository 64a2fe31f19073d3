"""From mail with its instructions to a run's examples: what is learned, what chooses, and what judges.

The rule this module keeps: examples to learn from are made of the side that is learned from alone; nothing is
retrieved for them, or for what judges, from another.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from connectors.evaluate_job import EvaluateJob
from connectors.job import TrainJob
from trainer.data.canaries import Canary, plant, usual_language
from trainer.data.examples import Author, Examples, Writing, make_examples, make_measures
from trainer.data.finding import open_finder
from trainer.data.judging import Judge, Voices, make_judges, newest_of, told
from trainer.data.material import Material
from trainer.data.pairs import Pairs, make_pairs
from trainer.data.playback import Playback
from trainer.data.source import Chosen, SentMail
from trainer.data.split import MOST, Split
from trainer.progress import Progress
from trainer.training.model import longest_input


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
            thread_messages=count, most=max(MOST, job.gate.min_mails),
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
    return usual_language(mail.email for mail in parts.learned)


def material_of(gathered: Gathered, built: Built) -> Material:
    """Return the material of a run."""
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
        newest=told(newest_of(parts.learned + parts.validation)),
    )


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
    if parts.waiting:
        counts["waiting"] = len(parts.waiting)
    if playback is None:
        return counts
    extracts = dict(Counter(playback.dropped.values()))
    return counts | {"instructions": playback.sources, "faults": playback.faults, "extracts": extracts}
