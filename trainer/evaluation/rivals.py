"""The adapters that a new one is measured beside: the one in service, and those of other accounts.

The rule: only what may write here counts. One that learned from mail which was forgotten since must make way for the
next, so it is no measure for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.adapter import (
    LORA,
    MERGED,
    AdapterCard,
    current_version,
    folder,
    has_learned,
    is_tainted,
    is_withdrawn,
    list_cards,
    read_card,
    target,
)
from connectors.base_model import revision
from connectors.errors import StoreError
from retrieval.prompt import PROMPT_VERSION
from trainer.data.judging import Judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """An adapter, and where it lies."""

    card: AdapterCard
    path: Path
    root: Path

    def has_seen(self, judge: Judge) -> bool:
        """Tell whether a mail may have had a part in it. One that does not say which had has seen all before it."""
        learned = has_learned(self.root, self.card, {judge.message_id})
        # Adapters of an early kind list what they learned from, and not what chose their epoch.
        says_all = learned is not None and "validation" in self.card.data
        return bool(learned) or (not says_all and judge.sent_at <= self.card.created_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The adapters of a home, as an engine serves them."""

    root: Path
    """The folder of all accounts' adapters."""
    base_model: str
    """Its folder or name."""
    serving: str = LORA
    """How: LORA serves no adapter that must be merged."""

    def by(self, account: str, *, but: int | None = None) -> Rival | None:
        """Return the adapter that writes for an account, or will; None where that is the version `but`."""
        # What really writes is the rival; where nothing does yet, what will when the service starts.
        current = current_version(self.root, account)
        cards = [card for card in list_cards(self.root, account) if card.version == current and self._may_write(card)]
        found = cards[0] if cards else target(self.root, account, is_usable=self._may_write)
        if found is None or found.version == but:
            return None
        return Rival(card=found, path=folder(self.root, account, found.version), root=self.root)

    def by_others(self, accounts: Sequence[str]) -> dict[str, Path]:
        """Return the adapters that write for other accounts, by name."""
        found = (self.by(account) for account in accounts)
        return {rival.card.name: rival.path for rival in found if rival is not None}

    def _may_write(self, card: AdapterCard) -> bool:
        of = self.root, card.account, card.version
        if is_tainted(*of) or is_withdrawn(*of) or (card.serving == MERGED and self.serving != MERGED):
            return False
        return _is_of(card, self.base_model) and _is_whole(folder(*of))


def _is_of(card: AdapterCard, base_model: str) -> bool:
    is_same = (card.base_model, card.prompt_version) == (base_model, PROMPT_VERSION)
    return is_same and card.base_revision in {"", revision(base_model)}


def _is_whole(path: Path) -> bool:
    try:
        read_card(path)
    except StoreError:
        return False  # whoever serves it will say so
    return True
