"""An evaluation: every writer asked the same, what it measures, and what the gate says to it.

The rules this module keeps:
1. Mail that judges is newer than all that was learned from or chosen by, and was learned from by neither adapter.
2. The trained model is left as it was.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from torch import nn

from connectors.adapter.marks import digest
from connectors.evaluation import (
    ADAPTER,
    ADAPTER_RAG,
    BASE,
    BASE_RAG,
    FILE,
    INCUMBENT,
    INCUMBENT_RAG,
    Canaries,
    Evaluation,
)
from connectors.gate_settings import GateSettings
from retrieval.prompt import PROMPT_VERSION
from trainer.data.judging import Voices
from trainer.evaluation import table
from trainer.evaluation.arms import STEPS, Answers, Arm, Exam
from trainer.evaluation.bootstrap import mean_interval
from trainer.evaluation.canaries import HIGHEST_BITS, Known
from trainer.evaluation.gate import judge
from trainer.evaluation.measures import measure_all
from trainer.evaluation.page import write_evaluation_page
from trainer.evaluation.rivals import Rival
from trainer.files import write_whole
from trainer.methods.scoring import can_hold, scored_with

Report = Callable[[int, int, str], None]

NAMES = {BASE: BASE_RAG, ADAPTER: ADAPTER_RAG, INCUMBENT: INCUMBENT_RAG}
"""What an arm is called when its prompts show retrieved mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is evaluated, and beside what."""

    account: str
    name: str
    """Of the adapter, or of its run while it has none."""
    base_model: str
    model: nn.Module
    """It writes as the adapter; without it as the base model."""
    load: Callable[[], nn.Module]
    """Loads the base model, for what the trained one cannot show of it."""
    incumbent: Rival | None
    others: Mapping[str, Path] = field(default_factory=dict)
    """Adapters of other accounts, for the table."""
    newest_learned: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What all writers said."""

    scores: table.Scores
    arms: Mapping[str, Arm]
    known: Mapping[str, Known]
    """What each writer knows of planted secrets; nothing where there are none."""


def ask_all(subject: Subject, exam: Exam, report: Report) -> Answered:
    """Ask the base model, the adapter and the one in service all there is, and others' adapters for the table."""
    writers = _writers(subject)
    asked = 3 if subject.incumbent else 2
    steps = len(exam.authors) * len(writers) + (asked * STEPS if exam.judges else 0)
    done = 0

    def say(note: str) -> None:
        nonlocal done
        done += 1
        report(done, steps, note)

    rows: dict[str, dict[str, float]] = {}
    answers: dict[str, Answers] = {}
    for column, (arm, path) in writers.items():
        with _writer(subject, arm, path) as model:
            rows[column] = exam.row(model, column, say)
            if arm and exam.judges:
                answers[arm] = exam.ask(model, column, say)
    # What another account's adapter makes of this mail is told, no more: one that overflows on it stops no run.
    told = [column for column, (arm, _) in writers.items() if arm or all(map(math.isfinite, rows[column].values()))]
    return Answered(
        scores={author: {column: rows[column][author] for column in told} for author in exam.authors},
        arms={name: arm for each, said in answers.items() for name, arm in _arms(each, said)},
        known={arm: said.known for arm, said in answers.items() if said.known is not None},
    )


def conclude(
    subject: Subject, exam: Exam, answered: Answered, voices: Voices, settings: GateSettings, *, now: datetime
) -> Evaluation:
    """Return what follows from all that was said."""
    is_astray = _is_astray(answered, subject.account)
    measures = () if is_astray else measure_all(answered.arms, exam.judges, voices, settings)
    canaries = _canaries(answered.known, len(exam.canaries), settings)
    incumbent = subject.incumbent.card.name if subject.incumbent else None
    checks, is_approved, reason = judge(
        measures, canaries, has_incumbent=incumbent is not None, judged=len(exam.judges), settings=settings,
        table=answered.scores, account=subject.account, is_astray=is_astray, aside=_aside(subject),
    )  # fmt: skip
    return Evaluation(
        account=subject.account,
        adapter=subject.name,
        incumbent=incumbent,
        base_model=subject.base_model,
        prompt_version=PROMPT_VERSION,
        created_at=now.isoformat(timespec="seconds"),
        judged=tuple(digest(each.message_id) for each in exam.judges),
        drafted=exam.drafted,
        newest_learned=subject.newest_learned,
        table=answered.scores,
        measures=measures,
        canaries=canaries,
        checks=checks,
        is_approved=is_approved,
        reason=reason,
    )


def write_evaluation(folder: Path, evaluation: Evaluation) -> None:
    """Write evaluation.json, and the page that shows it, into a folder that is there.

    Raises:
        StoreError: the disk is full or not writable.
    """
    content = evaluation.model_dump_json(indent=1).encode()
    write_whole(folder / FILE, lambda file: file.write(content + b"\n"))
    write_evaluation_page(folder, evaluation)


def _writers(subject: Subject) -> dict[str, tuple[str, Path | None]]:
    """Return by column of the table what arm a writer is, if any, and where it lies unless in the model."""
    writers: dict[str, tuple[str, Path | None]] = {table.BASE: (BASE, None), table.THIS: (ADAPTER, None)}
    if subject.incumbent is not None:
        writers[subject.incumbent.card.name] = (INCUMBENT, subject.incumbent.path)
    return writers | {name: ("", path) for name, path in subject.others.items()}


@contextmanager
def _writer(subject: Subject, arm: str, path: Path | None) -> Iterator[nn.Module]:
    if arm == ADAPTER:
        yield subject.model
        return
    with scored_with(subject.model, path, subject.load) as model:
        yield model


def _is_astray(answered: Answered, account: str) -> bool:
    """Tell whether a loss of the adapter on its own author's mail is no number."""
    of_row = answered.scores.get(account, {}).get(table.THIS, 0.0)
    of_arms = (loss for arm in (ADAPTER, ADAPTER_RAG) if arm in answered.arms for loss in answered.arms[arm].losses)
    return not all(map(math.isfinite, (of_row, *of_arms)))


def _aside(subject: Subject) -> str:
    """Say it where the adapter in service could not be measured on weights as coarse as those of the others."""
    if subject.incumbent is None or can_hold(subject.model, subject.incumbent.path):
        return ""
    is_coarse = getattr(subject.model, "is_quantized", False)
    return "; that one was measured on full weights, this one on quantised ones" if is_coarse else ""


def _arms(arm: str, said: Answers) -> Iterator[tuple[str, Arm]]:
    yield arm, said.plain
    yield NAMES[arm], said.helped


def _canaries(known: Mapping[str, Known], planted: int, settings: GateSettings) -> Canaries | None:
    if not known:
        return None
    return Canaries(
        planted=planted,
        highest_bits=HIGHEST_BITS,
        exposure_bits={
            arm: mean_interval(found.exposure_bits, resamples=settings.resamples, seed=settings.seed)
            for arm, found in known.items()
        },
        extracted={arm: found.extracted for arm, found in known.items()},
    )
