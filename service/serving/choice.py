"""Which adapter is to write for an account, however it is served: asked of the disk each time, never remembered.

It is the newest that was approved, is not withdrawn, can be served here, learned from no mail that was forgotten where
that counts, and that the engine did not refuse. Nothing is changed here.
"""

from collections.abc import Sequence
from pathlib import Path

from connectors.adapter import AdapterCard, current_version, folder, is_tainted, list_cards, target
from service.serving.fitness import BARRED, Fitness
from service.serving.refusals import Refusals


class Choice:
    """The adapters of all accounts that may write. Threads may share it."""

    def __init__(self, root: Path, fitness: Fitness, refusals: Refusals, *, is_strict: bool) -> None:
        """Join the parts.

        Args:
            root: The folder of all accounts' adapters.
            fitness: What an adapter must be made for.
            refusals: What the engine did not take.
            is_strict: Whether an adapter that learned from mail forgotten since is put out of service.
        """
        self._root = root
        self._fitness = fitness
        self._refusals = refusals
        self._is_strict = is_strict

    def accounts(self) -> Sequence[str]:
        """Return the accounts that have adapters."""
        places = sorted(self._root.iterdir()) if self._root.is_dir() else []
        return [path.name for path in places if path.is_dir() and "@" not in path.name]

    def wanted(self, account: str) -> AdapterCard | None:
        """Return the adapter that is to write, as far as the engine has not refused it."""
        return target(self._root, account, is_usable=lambda card: self.may_write(card) and not self.why_refused(card))

    def pointed(self, account: str) -> AdapterCard | None:
        """Return the adapter that the pointer names, if it may write."""
        version = current_version(self._root, account)
        cards = list_cards(self._root, account)
        return next((card for card in cards if card.version == version and self.may_write(card)), None)

    def why_not(self, card: AdapterCard) -> str:
        """Return why an adapter cannot be served here, and what to do; "" where it can."""
        return self._fitness.why_not(card) or (BARRED if self.is_barred(card.account, card.version) else "")

    def why_refused(self, card: AdapterCard) -> str:
        """Return why the engine did not take an adapter; "" where it did, or was not asked."""
        return self._refusals.why(card.name, folder(self._root, card.account, card.version))

    def may_write(self, card: AdapterCard) -> bool:
        """Tell whether an adapter is for this model, this prompt and this engine, and its mail is still there."""
        return self._fitness.is_fit(card) and not self.is_barred(card.account, card.version)

    def is_barred(self, account: str, version: int) -> bool:
        """Tell whether an adapter is out of service because of mail that was forgotten."""
        return self._is_strict and is_tainted(self._root, account, version)
