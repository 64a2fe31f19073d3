"""The desk of a home folder: what the console shows of its adapters, runs and mail, and does with them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connectors.adapter import (
    AdapterCard,
    folder,
    has_learned,
    has_weights,
    is_tainted,
    is_withdrawn,
    list_cards,
    withdrawn_because,
)
from connectors.archive import Archive
from connectors.archive_search import Found, Search, Stock, count_stock, search
from connectors.errors import StoreError, UsageError
from connectors.evaluation import PAGE, Evaluation, read_evaluation
from retrieval.rank import Retriever
from service.desk import Outlook, Shelved, Standing
from service.ingest import drop_outdated
from service.refresh.runs import RunRecord
from service.serving.rollback import roll_back

REPORT = "report.html"
PAGES = (REPORT, PAGE)


class Runs(Protocol):
    """What the desk asks of `service.refresh.runs.Runs`."""

    def recent(self, account: str = "", *, most: int = 20) -> list[RunRecord]:
        """Return the last runs, the newest first."""

    def ask(self, account: str) -> RunRecord:
        """Ask for a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeDesk:
    """The desk of a home folder. Threads may share it."""

    adapters: Path
    """Where adapters lie."""
    archive: Archive
    retriever: Callable[[], Retriever]
    """Returns the index, opened when it is first needed."""
    runs_table: Runs
    in_service: Callable[[str], str | None]
    """Returns the name of the adapter that writes for an account."""
    problems: Callable[[], Mapping[str, str]]
    """Returns why adapters cannot serve, by their names."""
    why_not: Callable[[AdapterCard], str]
    """Says why an adapter cannot serve here; "" where it can."""
    decided: Callable[[str], Outlook]
    """Says when an account's next run begins, and why."""

    def shelf(self, account: str) -> Sequence[Shelved]:
        """Return an account's adapters, the newest first."""
        serving, problems = self.in_service(account), self.problems()
        cards = reversed(list_cards(self.adapters, account))
        return [self._shelved(card, serving, problems.get(card.name, "")) for card in cards]

    def evaluation(self, account: str, version: int) -> Evaluation | None:
        """Return how an adapter was judged."""
        return read_evaluation(folder(self.adapters, account, version))

    def page(self, account: str, version: int, name: str) -> bytes:
        """Return a report as it lies in an adapter's folder."""
        hint = "Evaluate it again: cyrano evaluate"
        if name not in PAGES:
            raise UsageError("There is no such report.", hint=hint)
        try:
            return (folder(self.adapters, account, version) / name).read_bytes()
        except FileNotFoundError as error:
            raise UsageError(f"{account}@v{version} has no report {name}.", hint=hint) from error
        except OSError as error:
            raise StoreError(f"The report {name} of {account}@v{version} cannot be read.", hint=hint) from error

    def runs(self, account: str, limit: int) -> Sequence[RunRecord]:
        """Return the last runs, the newest first."""
        return self.runs_table.recent(account, most=limit)

    def outlook(self, account: str) -> Outlook:
        """Say when the next run begins, and why."""
        return self.decided(account)

    def ask_run(self, account: str) -> RunRecord:
        """Ask for a run now."""
        return self.runs_table.ask(account)

    def roll_back(self, account: str, to: str) -> AdapterCard | None:
        """Go back to an earlier adapter, or the base model."""
        if not to:
            raise UsageError("It does not say what to go back to.", hint="Load the page again.")
        return roll_back(self.adapters, account, to, why_not=self.why_not)

    def stock(self, account: str) -> Stock:
        """Count the mail that is learned from, and that is not."""
        return count_stock(self.archive.engine, account)

    def search(self, account: str, sought: Search) -> Found:
        """Look through the mail that is learned from, or that is not."""
        return search(self.archive.engine, account, sought)

    def take_out(self, account: str, message_id: str) -> Sequence[str]:
        """Take a mail out of what is learned from, for good; return the names of adapters that know it still."""
        self.archive.exclude(account, message_id)
        drop_outdated(account, self.archive, self.retriever())
        cards = [card for card in list_cards(self.adapters, account) if has_weights(self.adapters, card)]
        return [card.name for card in cards if has_learned(self.adapters, card, {message_id}) is not False]

    def _shelved(self, card: AdapterCard, serving: str | None, problem: str) -> Shelved:
        place = folder(self.adapters, card.account, card.version)
        return Shelved(
            card=card,
            standing=self._standing(card, serving),
            size=_size(place),
            is_tainted=is_tainted(self.adapters, card.account, card.version),
            problem=problem,
            withdrawn=withdrawn_because(self.adapters, card.account, card.version),
            pages=tuple(name for name in PAGES if (place / name).is_file()),
        )

    def _standing(self, card: AdapterCard, serving: str | None) -> Standing:
        if card.name == serving:
            return Standing.SERVING
        if not card.is_approved:
            return Standing.REJECTED
        if not has_weights(self.adapters, card):
            return Standing.KEPT
        is_out = is_withdrawn(self.adapters, card.account, card.version)
        return Standing.WITHDRAWN if is_out else Standing.READY


def _size(place: Path) -> int:
    """Return how many bytes a folder takes; files that go meanwhile count as gone."""
    total = 0
    for path in place.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total
