"""What the console shows and does beside drafting: adapters, runs, and the mail that is learned from.

The rule this module keeps: whatever is asked names its account, and nobody answers with another's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from connectors.adapter import AdapterCard
from connectors.archive_search import Found, Search, Stock
from connectors.evaluation import Evaluation
from service.refresh.runs import RunRecord


class Standing(StrEnum):
    """Where an adapter stands."""

    SERVING = "serving"
    READY = "ready"
    """It may write, and does not: a newer one does, or it is about to."""
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    """Its owner went back behind it."""
    KEPT = "kept"
    """Its weights were deleted to save room; card and report stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """An adapter as it lies on the shelf."""

    card: AdapterCard
    standing: Standing
    size: int
    """Bytes on disk."""
    is_tainted: bool = False
    """Whether it learned from mail that was forgotten since."""
    problem: str = ""
    """Why it cannot serve although it may, and what to do."""
    withdrawn: str = ""
    """Why its owner took it out of service."""
    pages: tuple[str, ...] = ()
    """Names of the reports in its folder, such as "report.html"."""


class Outlook(Protocol):
    """When the next run begins, and why: `service.refresh.decide.Decision`."""

    @property
    def is_due(self) -> bool:
        """Whether it begins as soon as it can."""

    @property
    def why(self) -> str:
        """A sentence that says so."""

    @property
    def next_at(self) -> datetime | None:
        """When it begins, where that is known."""


class Desk(Protocol):
    """What the pages are made from."""

    def shelf(self, account: str) -> Sequence[Shelved]:
        """Return an account's adapters, the newest first."""

    def evaluation(self, account: str, version: int) -> Evaluation | None:
        """Return how an adapter was judged; None where that was not written down.

        Raises:
            StoreError: it was, and cannot be read.
        """

    def page(self, account: str, version: int, name: str) -> bytes:
        """Return a report as it lies in an adapter's folder.

        Raises:
            UsageError: there is none of that name.
        """

    def runs(self, account: str, limit: int) -> Sequence[RunRecord]:
        """Return the last runs, the newest first."""

    def outlook(self, account: str) -> Outlook:
        """Say when the next run begins, and why."""

    def ask_run(self, account: str) -> RunRecord:
        """Ask for a run now; where one is asked for or under way already, return that.

        Raises:
            CyranoError: there can be none.
        """

    def roll_back(self, account: str, to: str) -> AdapterCard | None:
        """Go back to an earlier adapter ("ana@v3") or the base model ("base"); return what writes from now on.

        Raises:
            UsageError: it cannot be gone back to.
        """

    def stock(self, account: str) -> Stock:
        """Count the mail that is learned from, and that is not."""

    def search(self, account: str, sought: Search) -> Found:
        """Look through the mail that is learned from, or that is not."""

    def take_out(self, account: str, message_id: str) -> Sequence[str]:
        """Take a mail out of what is learned from, for good; return the names of adapters that know it still.

        Raises:
            UsageError: there is no such mail.
        """
