"""The adapters that a new one is measured beside: the one in service, and those of other accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.adapter import AdapterCard, current_version, folder, has_learned, list_cards, read_card, target
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
        """Tell whether it may have learned from a mail. One that does not say from which has seen all before it."""
        learned = has_learned(self.root, self.card, {judge.message_id})
        return judge.sent_at <= self.card.created_at if learned is None else learned


def in_service(root: Path, account: str, base_model: str, *, but: int | None = None) -> Rival | None:
    """Return the adapter that writes for an account, or will, and was trained on this base model and prompt.

    Args:
        root: The folder of all accounts' adapters.
        account: Whose.
        base_model: The base model's folder or name.
        but: A version that is not to be its own rival.
    """

    def is_usable(card: AdapterCard) -> bool:
        return card.version != but and _is_of(card, base_model) and _is_whole(folder(root, account, card.version))

    # What really writes is the rival; where nothing does yet, what will when the service starts.
    current = current_version(root, account)
    cards = [card for card in list_cards(root, account) if card.version == current and is_usable(card)]
    found = cards[0] if cards else target(root, account, is_usable=is_usable)
    if found is None:
        return None
    return Rival(card=found, path=folder(root, account, found.version), root=root)


def others_in_service(root: Path, accounts: Sequence[str], base_model: str) -> dict[str, Path]:
    """Return the adapters that write for other accounts, by name."""
    found = (in_service(root, account, base_model) for account in accounts)
    return {rival.card.name: rival.path for rival in found if rival is not None}


def _is_of(card: AdapterCard, base_model: str) -> bool:
    is_same = (card.base_model, card.prompt_version) == (base_model, PROMPT_VERSION)
    return is_same and card.base_revision in {"", revision(base_model)}


def _is_whole(path: Path) -> bool:
    try:
        read_card(path)
    except StoreError:
        return False  # whoever serves it will say so
    return True
