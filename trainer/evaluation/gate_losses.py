"""What the gate asks of losses: nearer to the author than the base model, not farther than the adapter in service.

All are losses of what was really sent, under prompts that show retrieved mail, mail by mail.
"""

import math
from collections.abc import Mapping

from connectors.evaluation import BASE_RAG, INCUMBENT_RAG, Interval, Measure
from trainer.evaluation.finding import Finding
from trainer.evaluation.table import BASE, THIS

_NOTHING = 0.002
"""Share of the base model's loss within which an adapter counts as having changed nothing."""
_FAR_OFF = 1000
"""More mails than this are not worth waiting for."""

ASTRAY = Finding(
    name="learned",
    words="its loss is not a number: training went astray",
    step="Lower [train] learning_rate and train again: cyrano train.",
)
"""Said of an adapter that writes no numbers."""


def find_learned(loss: Measure, judged: int, others: Mapping[str, Mapping[str, float]]) -> Finding:
    """Ask for a loss that is lower than the base model's beyond chance.

    Args:
        loss: The measure.
        judged: How many mails judged.
        others: Losses of other authors' mail, by author and writer.
    """
    found, base = loss.versus[BASE_RAG], loss.arms[BASE_RAG].value
    if not all(map(math.isfinite, (found.value, found.low, found.high, base))):
        return ASTRAY
    change = f"loss {_change(found, base)}"
    if abs(found.value) <= _NOTHING * base:
        return Finding(
            name="learned",
            words=f"it writes as the base model does and has learned nothing, {change}",
            step="Raise [train] learning_rate or epochs and train again: cyrano train.",
        )
    if found.high < 0:
        return Finding(name="learned", words=f"nearer to the author than the base model, {change}")
    if found.value < 0:
        return Finding(
            name="learned",
            words=f"not nearer to the author than the base model beyond chance, {change}",
            step=_more_mail(judged, found.high - found.value, -found.value),
            is_undecided=True,
        )
    near = "farther from" if found.low > 0 else "no nearer to"
    return Finding(
        name="learned",
        words=f"{near} the author than the base model{_whose(others)}, {change}",
        step="Look whose mail it learned from, lower [train] learning_rate, and train again: cyrano train.",
    )


def find_incumbent(loss: Measure, judged: int, margin: float, *, aside: str = "") -> Finding:
    """Ask for a loss that is not above that of the adapter in service, and surely not by more than a margin.

    The margin is a share of the base model's loss: that of a good adapter may be so small that no share of it is ever
    told from chance.

    Args:
        loss: The measure.
        judged: How many mails judged.
        margin: By how much, surely.
        aside: What is to be known of how the adapter in service was measured.
    """
    found, theirs, base = loss.versus[INCUMBENT_RAG], loss.arms[INCUMBENT_RAG].value, loss.arms[BASE_RAG].value
    allowed, change = margin * base, f"loss {_change(found, theirs)}{aside}"
    if found.low <= 0 and found.high <= allowed:
        near = "nearer to the author than" if found.high < 0 else "as near to the author as"
        return Finding(name="incumbent", words=f"{near} the adapter in service, {change}")
    if found.low <= 0 and found.value < allowed:
        return Finding(
            name="incumbent",
            words=f"it may be farther from the author than the adapter in service by more than {allowed / theirs:.0%}, "
            f"{change}",
            step=_more_mail(judged, found.high - found.value, allowed - found.value),
            is_undecided=True,
        )
    return Finding(
        name="incumbent",
        words=f"farther from the author than the adapter in service, {change}",
        step="Nothing is to be done: the adapter in service goes on serving, and the next run learns from more mail.",
    )


def _whose(others: Mapping[str, Mapping[str, float]]) -> str:
    """Return whose mail an adapter is nearer to than the base model is, if anybody else's."""
    gains = {author: losses[THIS] / losses[BASE] - 1 for author, losses in others.items()}
    author = min(gains, key=lambda name: gains[name], default="")
    return f", but nearer to {author} ({gains[author]:+.1%})" if author and gains[author] < -_NOTHING else ""


def _more_mail(judged: int, spread: float, room: float) -> str:
    """Return how many mails would tell, by the square root that intervals shrink with."""
    needed = math.ceil(judged * (spread / room) ** 2)
    if needed > _FAR_OFF:
        return "No number of mails that can be waited for would tell: the two write much the same."
    return f"About {max(1, needed - judged)} more new mails would tell."


def _change(found: Interval, of: float) -> str:
    """Return a difference as a share, with its interval; no loss can fall by more than all of it."""
    low, high = max(-1.0, found.low / of), max(-1.0, found.high / of)
    return f"{found.value / of:+.1%} (95 % interval {low:+.1%} to {high:+.1%})"
