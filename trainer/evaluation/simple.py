"""The judgement of what was learned from other text than mail: nearer to text that was held out, or not."""

from trainer.evaluation.table import BASE, THIS, Scores
from trainer.evaluation.verdict import Verdict


def judge_by_loss(scores: Scores, author: str) -> Verdict:
    """Approve an adapter that is nearer to its author's held-out text than the base model."""
    base, this = scores[author][BASE], scores[author][THIS]
    change = f"held-out loss {this:.3f} nats per byte, {base:.3f} without the adapter ({this / base - 1:+.1%})"
    if this < base:
        return Verdict(scores=scores, is_approved=True, reason=f"approved: {change}")
    reason = f"not approved, the base model is nearer to the author: {change}"
    return Verdict(scores=scores, is_approved=False, reason=reason)
