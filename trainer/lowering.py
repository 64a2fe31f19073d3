"""The stage that makes LoRA of what another method learned (`[train] as_lora`), and measures what that loses.

From here on the run goes on with the LoRA: it is what is evaluated, judged and published. The loss of what was really
learned is kept beside it, so that everybody can see whether another rank, or merged serving, would be worth it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from connectors.job import TrainJob
from trainer.data.packing import Example
from trainer.evaluation.verdict import Verdict
from trainer.learn import Learned
from trainer.methods.svd import as_lora
from trainer.progress import Progress
from trainer.training.loss import nats_per_byte
from trainer.training.model import load_model

EXACT = "exact"
"""The column of scores that what was really learned has, beside that of what is published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowered:
    """What LoRA made of it. Losses are of held-out text, in nats per byte."""

    method: str
    """What learned."""
    rank: int
    kept: float
    """Share of the layers' change that LoRA of this rank says, by sums of squares."""
    exact: float
    """The loss of what was learned."""
    exact_of: dict[str, float]
    """The same, of each author's text."""
    loss: float
    """The loss of the LoRA that is published."""

    @property
    def words(self) -> str:
        """In a line."""
        return (
            f"published as LoRA of rank {self.rank}, which holds {self.kept:.1%} of what {self.method} changed: "
            f"held-out loss {self.loss:.4f} nats per byte, {self.exact:.4f} before ({self.loss / self.exact - 1:+.2%})"
        )

    def as_json(self) -> dict[str, object]:
        """As the card keeps it."""
        return asdict(self)


def lower(
    job: TrainJob, measures: Mapping[str, Sequence[Example]], learned: Learned, say: Progress
) -> tuple[Learned, Lowered | None]:
    """Return what the run goes on with, and what was lost; where `as_lora` is 0, what was learned as it is.

    Args:
        job: The run's order.
        measures: Each author's held-out text.
        learned: What was learned.
        say: Hears how far it is.
    """
    settings, arithmetic = job.settings, learned.arithmetic
    if not settings.as_lora:
        return learned, None
    report = say.stage("lower")
    report(0, 3, "loss of what was learned")
    exact = {
        author: nats_per_byte(learned.model, examples, arithmetic, learned.batch_size)
        for author, examples in measures.items()
    }
    report(1, 3, f"LoRA of rank {settings.as_lora}")
    found = as_lora(learned.model, settings, lambda: load_model(job.model, arithmetic.dtype, arithmetic.device))
    report(2, 3, "loss of that")
    loss = nats_per_byte(found.model, measures[job.account], arithmetic, learned.batch_size)
    name = settings.variant if settings.method == "lora" else settings.method
    lowered = Lowered(
        method=name, rank=settings.as_lora, kept=found.kept, exact=exact[job.account], exact_of=exact, loss=loss
    )  # fmt: skip
    report(3, 3, lowered.words)
    return replace(learned, model=found.model), lowered


def with_exact(verdict: Verdict, lowered: Lowered | None) -> Verdict:
    """Return a verdict whose table tells the losses of what was learned, too."""
    if lowered is None:
        return verdict
    scores = {
        author: {**losses, EXACT: lowered.exact_of[author]} for author, losses in verdict.scores.items()
    }  # fmt: skip
    found = verdict.evaluation
    return replace(
        verdict, scores=scores, evaluation=None if found is None else found.model_copy(update={"table": scores})
    )
