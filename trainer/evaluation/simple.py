"""The judgement of what was learned from other text than mail: nearer to text that was held out, or not."""

from dataclasses import dataclass

from trainer.evaluation.table import BASE, THIS, Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the adapter may serve, and why, in one line."""

    is_approved: bool
    reason: str


def judge_by_loss(scores: Scores, author: str) -> Verdict:
    """Approve an adapter that is nearer to its author's held-out text than the base model."""
    base, this = scores[author][BASE], scores[author][THIS]
    change = f"held-out loss {this:.3f} nats per byte, {base:.3f} without the adapter ({this / base - 1:+.1%})"
    if this < base:
        return Verdict(is_approved=True, reason=f"approved: {change}")
    return Verdict(is_approved=False, reason=f"not approved, the base model is nearer to the author: {change}")
