"""What was just trained, evaluated beside its rivals.

Mail is judged by the gate, other text by its loss alone: nobody drafts with what learned from it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from connectors.evaluation import Evaluation
from connectors.job import TrainJob
from trainer.data.judging import Judge
from trainer.data.material import Material
from trainer.evaluation.arms import Asking
from trainer.evaluation.evaluate import Subject, ask_all, conclude
from trainer.evaluation.rivals import Rival, in_service, others_in_service
from trainer.evaluation.simple import judge_by_loss
from trainer.evaluation.table import Scores
from trainer.learn import Learned
from trainer.progress import Progress
from trainer.training.model import load_model, load_tokenizer


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of it."""

    scores: Scores
    is_approved: bool
    reason: str
    evaluation: Evaluation | None
    """None for other text than mail."""


def evaluate_learned(
    job: TrainJob, material: Material, learned: Learned, say: Progress, *, clock: Callable[[], datetime]
) -> Verdict:
    """Measure a trained model beside its rivals.

    Raises:
        TrainError: it writes no numbers.
        StoreError: the adapter in service cannot be read.
    """
    rival = in_service(job.adapters, job.account, job.model) if job.corpus is None else None
    asking = _asking(job, material, learned, judging(material.judges, rival))
    subject = _subject(job, material, learned, rival)
    answered = ask_all(subject, asking, say.stage("evaluate"))
    if job.corpus is not None:
        simple = judge_by_loss(answered.scores, job.account)
        return Verdict(
            scores=answered.scores, is_approved=simple.is_approved, reason=simple.reason, evaluation=None
        )  # fmt: skip
    found = conclude(subject, asking, answered, material.voices, job.gate, now=clock())
    return Verdict(scores=answered.scores, is_approved=found.is_approved, reason=found.reason, evaluation=found)


def judging(judges: tuple[Judge, ...], rival: Rival | None) -> tuple[Judge, ...]:
    """Return the mails that judge both: what the adapter in service learned from would flatter it."""
    return judges if rival is None else tuple(judge for judge in judges if not rival.has_seen(judge))


def _asking(job: TrainJob, material: Material, learned: Learned, judges: tuple[Judge, ...]) -> Asking:
    return Asking(
        authors=material.measures,
        judges=judges,
        drafted=min(job.gate.drafts, len(judges)),
        draft_tokens=job.gate.draft_tokens,
        canaries=material.canaries,
        tokenizer=load_tokenizer(job.model, needs_chat=job.corpus is None),
        arithmetic=learned.arithmetic,
        batch_size=learned.batch_size,
    )


def _subject(job: TrainJob, material: Material, learned: Learned, rival: Rival | None) -> Subject:
    others = [name for name in material.measures if name != job.account] if job.corpus is None else []
    return Subject(
        account=job.account,
        name=job.run,
        base_model=job.model,
        model=learned.model,
        load=lambda: load_model(job.model, learned.arithmetic.dtype, learned.arithmetic.device),
        incumbent=rival,
        others=others_in_service(job.adapters, others, job.model),
        newest_learned=material.newest,
    )
