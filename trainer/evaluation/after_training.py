"""What was just trained, evaluated beside its rivals.

Mail is judged by the gate, other text by its loss alone: nobody drafts with what learned from it.
"""

from collections.abc import Callable
from datetime import datetime

from connectors.job import TrainJob
from trainer.data.judging import Judge
from trainer.data.material import Material
from trainer.evaluation.arms import Exam
from trainer.evaluation.evaluate import Subject, ask_all, conclude
from trainer.evaluation.rivals import Rival, Served
from trainer.evaluation.simple import judge_by_loss
from trainer.evaluation.verdict import Verdict
from trainer.learn import Learned
from trainer.progress import Progress
from trainer.training.model import load_model, load_tokenizer


def evaluate_learned(
    job: TrainJob, material: Material, learned: Learned, say: Progress, *, clock: Callable[[], datetime]
) -> Verdict:
    """Measure a trained model beside its rivals.

    Raises:
        StoreError: the adapter in service cannot be read.
    """
    served = Served(root=job.adapters, base_model=job.model, serving=job.serving)
    rival = served.by(job.account) if job.corpus is None else None
    exam = _exam(job, material, learned, judging(material.judges, rival))
    subject = _subject(job, material, learned, rival, served)
    answered = ask_all(subject, exam, say.stage("evaluate"))
    if job.corpus is not None:
        return judge_by_loss(answered.scores, job.account)
    found = conclude(subject, exam, answered, material.voices, job.gate, now=clock())
    return Verdict(scores=answered.scores, is_approved=found.is_approved, reason=found.reason, evaluation=found)


def judging(judges: tuple[Judge, ...], rival: Rival | None) -> tuple[Judge, ...]:
    """Return the mails that judge both: what the adapter in service learned from would flatter it."""
    return judges if rival is None else tuple(judge for judge in judges if not rival.has_seen(judge))


def _exam(job: TrainJob, material: Material, learned: Learned, judges: tuple[Judge, ...]) -> Exam:
    return Exam(
        authors=material.measures,
        judges=judges,
        drafted=min(job.gate.drafts, len(judges)),
        draft_tokens=job.gate.draft_tokens,
        canaries=material.canaries,
        tokenizer=load_tokenizer(job.model, needs_chat=job.corpus is None),
        arithmetic=learned.arithmetic,
        batch_size=learned.batch_size,
    )


def _subject(
    job: TrainJob, material: Material, learned: Learned, rival: Rival | None, served: Served
) -> Subject:  # fmt: skip
    others = [name for name in material.measures if name != job.account] if job.corpus is None else []
    return Subject(
        account=job.account,
        name=job.run,
        base_model=job.model,
        model=learned.model,
        load=lambda: load_model(job.model, learned.arithmetic.dtype, learned.arithmetic.device),
        incumbent=rival,
        others=served.by_others(others),
        newest_learned=material.newest,
    )
