"""The page Usefulness: what became of the drafts, week by week and adapter by adapter."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint

from service.access.asking import allowed_by
from service.outcomes import Week
from service.parts import Parts
from service.web.fragments import fragment
from service.web.plots import FATES, bars

WEEKS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """What became of all drafts that one adapter wrote."""

    name: str
    """"" for the base model."""
    settled: int
    used: int
    """Sent as they were, or after small changes."""
    waiting: int

    @property
    def share(self) -> float:
        """Which part of the drafts was used, of those of which it is known."""
        return self.used / self.settled if self.settled else 0.0


def make_usefulness_page(parts: Parts) -> Blueprint:
    """Return the page's fragment."""
    page = Blueprint("usefulness_page", __name__)
    allowed = allowed_by(parts)

    @page.get("/console/usefulness")
    def usefulness() -> str:
        account = allowed().account
        weeks = parts.outcomes.weekly(account, weeks=WEEKS)
        edits = parts.outcomes.edits(account, weeks=WEEKS)
        return fragment(
            "weeks", weeks=weeks, edits=edits, writers=_writers(weeks), fates=FATES, bars=bars(weeks), total=WEEKS
        )

    return page


def _writers(weeks: Sequence[Week]) -> list[Writer]:
    """Add up the weeks of each adapter, the one that wrote last first."""
    names = dict.fromkeys(week.adapter for week in weeks)
    return [_writer(name, [week for week in weeks if week.adapter == name]) for name in names]


def _writer(name: str, weeks: Sequence[Week]) -> Writer:
    return Writer(
        name=name,
        settled=sum(week.settled for week in weeks),
        used=sum(week.as_is + week.light for week in weeks),
        waiting=sum(week.waiting for week in weeks),
    )
