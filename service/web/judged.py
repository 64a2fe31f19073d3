"""What is shown of how an adapter learned and was judged, made from its card and its evaluation; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.evaluation import ADAPTER_RAG, BASE_RAG, INCUMBENT_RAG, Evaluation, Interval
from service.desk import Shelved, Standing
from service.web.plots import Curve, Whisker, curve, whisker


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A measure of an adapter beside the one that it is to take the place of. Intervals are None where unmeasured."""

    title: str
    unit: str
    is_higher_better: bool
    own: Interval | None
    other: Interval | None
    difference: Interval | None
    drawn: Whisker | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """How a loss went, epoch by epoch."""

    title: str
    unit: str
    first: int
    """Epoch of the first value; 0 is before it learned anything."""
    values: tuple[float, ...]
    drawn: Curve | None


_CURVES = (
    ("Mail it did not learn from", "loss in nats per byte, by epoch", "losses", 0),
    ("Mail it learned from", "loss in nats per token, by epoch", "train_losses", 1),
)


def compare(found: Evaluation) -> tuple[Compared, ...]:
    """Return the measures beside the adapter that was in service, or the base model where there was none."""
    other = INCUMBENT_RAG if found.incumbent else BASE_RAG
    rows = []
    for measure in found.measures:
        difference = measure.versus.get(other)
        rows.append(
            Compared(
                title=measure.title,
                unit=measure.unit,
                is_higher_better=measure.is_higher_better,
                own=measure.arms.get(ADAPTER_RAG),
                other=measure.arms.get(other),
                difference=difference,
                drawn=whisker(difference, is_higher_better=measure.is_higher_better) if difference else None,
            )
        )
    return tuple(rows)


def learned(shelved: Shelved) -> tuple[Learned, ...]:
    """Return the curves on an adapter's card."""
    known = shelved.card.config.get("curve", {})
    return tuple(
        Learned(title=title, unit=unit, first=first, values=tuple(values), drawn=curve(values, first=first))
        for title, unit, key, first in _CURVES
        if (values := known.get(key))
    )


def losses(shelved: Shelved) -> dict[str, dict[str, float]]:
    """Return the held-out losses on an adapter's card, author by writer."""
    return {
        author: of_author
        for author, of_author in shelved.card.scores.items()
        if isinstance(of_author, dict) and all(isinstance(loss, float | int) for loss in of_author.values())
    }


def can_go_back(shelf: Sequence[Shelved], shelved: Shelved) -> bool:
    """Tell whether an adapter is one to go back to: it may write, and a newer one does, or it was gone back behind."""
    if shelved.standing is Standing.WITHDRAWN:
        return True
    serving = [each.card.version for each in shelf if each.standing is Standing.SERVING]
    return shelved.standing is Standing.READY and bool(serving) and shelved.card.version < serving[0]
