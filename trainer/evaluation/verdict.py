"""What came of an evaluation after training."""

from dataclasses import dataclass

from connectors.evaluation import Evaluation
from trainer.evaluation.table import Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether an adapter may serve, and by what that was judged."""

    scores: Scores
    is_approved: bool
    reason: str
    """Why it may serve, or why not, in one line."""
    evaluation: Evaluation | None = None
    """None for other text than mail."""
