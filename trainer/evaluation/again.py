"""The evaluation of an adapter that is there already, on the newest mail of its account: `cyrano evaluate`."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from torch import nn

from connectors.adapter import AdapterCard, folder, read_card
from connectors.base_model import revision
from connectors.errors import UsageError
from connectors.evaluate_job import EvaluateJob
from retrieval.prompt import PROMPT_VERSION
from trainer.asking import Asking
from trainer.data.material import Material
from trainer.data.unseen import gather_unseen
from trainer.evaluation.after_training import judging
from trainer.evaluation.arms import Arm, Exam
from trainer.evaluation.evaluate import Subject, ask_all, conclude, write_evaluation
from trainer.evaluation.rivals import Rival, Served
from trainer.evaluation.table import describe, format_table
from trainer.files import disk_errors
from trainer.holding import hold
from trainer.methods import METHODS
from trainer.methods.merge import method_of
from trainer.progress import Progress, Result
from trainer.room import room_to_evaluate
from trainer.training.hardware import Arithmetic, choose_arithmetic, look
from trainer.training.model import load_model, load_tokenizer
from trainer.training.shortage import memory_errors

BATCH = 8
FEWER = "Stop other programs, or lower [prompt] budget_tokens: shorter prompts take less."


def evaluate_again(
    work: Path, job: EvaluateJob, say: Progress, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Result:
    """Evaluate an adapter, write what was found to `job.output`, if that is named, and return it.

    Args:
        work: A folder for what is needed meanwhile.
        job: Which adapter, and how.
        say: Hears how far it is.
        clock: Tells the time.

    Raises:
        UsageError: there is no such adapter, or it is for another base model or prompt.
        StoreError: the adapter is not whole, or the disk is full.
        StoreBusy: another process works in this folder.
        TrainError: there is no room for it.
    """
    with hold(work), memory_errors("evaluate", hint=FEWER):
        return _evaluate(work, job, say, clock)


def _evaluate(work: Path, job: EvaluateJob, say: Progress, clock: Callable[[], datetime]) -> Result:
    path = folder(job.adapters, job.account, job.version)
    card = _read(path, job)
    # One that writes itself is measured beside the base model alone: its predecessor writes nothing any more.
    served = Served(root=job.adapters, base_model=job.model, serving=job.serving)
    rival = served.by(job.account, but=job.version)
    material = gather_unseen(job, card, path, work, say)
    arithmetic = choose_arithmetic(job.settings.precision, look())
    exam = _exam(job, material, rival, arithmetic)
    _take_room(job, exam, say)

    def load() -> nn.Module:
        return load_model(job.model, arithmetic.dtype, arithmetic.device)

    subject = Subject(
        account=job.account,
        name=card.name,
        base_model=job.model,
        model=METHODS[method_of(path)].load(load(), path),
        load=load,
        incumbent=rival,
        newest_learned=material.newest,
    )
    answered = ask_all(subject, exam, say.stage("evaluate"))
    found = conclude(subject, exam, answered, material.voices, job.gate, now=clock())
    if job.output is not None:
        with disk_errors("The evaluation could not be written"):
            job.output.mkdir(parents=True, exist_ok=True)
        write_evaluation(job.output, found)
    table = [format_table(found.table)] if material.judges else []
    return {
        "version": None,
        "adapter": card.name,
        "is_approved": found.is_approved,
        "reason": found.reason,
        "report": [*table, *describe(found), f"{card.name}: {found.reason}"],
        "shown": _shown(exam, answered.arms, job.shown),
    }


def _read(path: Path, job: EvaluateJob) -> AdapterCard:
    if not path.exists():
        name = f"{job.account}@v{job.version}"
        raise UsageError(f"There is no adapter {name}.", hint=f"See: cyrano adapters --account {job.account}")
    card = read_card(path)
    again = "Train again: cyrano train."
    if card.prompt_version != PROMPT_VERSION:
        raise UsageError(f"{card.name} was trained for another version of the prompt.", hint=again)
    if card.base_model != job.model or card.base_revision not in {"", revision(job.model)}:
        raise UsageError(f"{card.name} was trained on another base model than {job.model}.", hint=again)
    return card


def _take_room(job: EvaluateJob, exam: Exam, say: Progress) -> None:
    """Ask whoever shares this machine for the memory that it takes, before anything is loaded."""
    examples = [*exam.examples(), *(example for of_author in exam.authors.values() for example in of_author)]
    if examples:  # else nobody is asked anything
        Asking(say).room(room_to_evaluate(job.model, job.settings, examples, BATCH))


def _exam(job: EvaluateJob, material: Material, rival: Rival | None, arithmetic: Arithmetic) -> Exam:
    judges = judging(material.judges, rival)
    return Exam(
        authors={name: examples for name, examples in material.measures.items() if examples},
        judges=judges,
        drafted=min(job.gate.drafts, len(judges)),
        draft_tokens=job.gate.draft_tokens,
        canaries=material.canaries,
        tokenizer=load_tokenizer(job.model),
        arithmetic=arithmetic,
        batch_size=BATCH,
    )


def _shown(exam: Exam, arms: Mapping[str, Arm], count: int) -> list[dict[str, Any]]:
    """Return the newest mails with the draft of each arm, for eyes alone: this is said, and written nowhere."""
    drafted = exam.judges[len(exam.judges) - exam.drafted :]
    rows = [
        {"sent_at": judge.sent_at, "sent": judge.text, "drafts": {name: arm.drafts[at] for name, arm in arms.items()}}
        for at, judge in enumerate(drafted)
    ]
    return rows[len(rows) - min(count, len(rows)) :]
