"""Going back to an earlier adapter, or to the base model: for the command line and the console.

Nothing is deleted and no engine is asked: the newer adapters are marked as withdrawn, and whoever keeps the adapters
sees it and flips. The newest is marked last, so that a rollback that breaks off changes nothing or all.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from connectors.adapter import (
    AdapterCard,
    current_version,
    has_weights,
    is_withdrawn,
    list_cards,
    reinstate,
    withdraw,
)
from connectors.errors import UsageError

BASE = "base"
_LIST = "See: cyrano adapters"


def roll_back(
    root: Path, account: str, to: str | None = None, *, why_not: Callable[[AdapterCard], str] = lambda _: ""
) -> AdapterCard | None:
    """Withdraw all adapters newer than the one that is to write; return that one, or None for the base model.

    Args:
        root: The folder of all accounts' adapters.
        account: Whose.
        to: The adapter ("ana@v3", or "v3"), "base", or None for the one before the one in service. One that was
            withdrawn earlier may be named: so one goes forward again.
        why_not: Says of an adapter why it cannot serve here; "" where it can.

    Raises:
        UsageError: there is no such adapter, or it cannot serve.
        StoreError: the disk is full or not writable.
    """
    cards = [card for card in list_cards(root, account) if card.is_approved]
    chosen = None if to == BASE else _named(root, account, to) if to else _one_before(root, account, cards, why_not)
    if chosen is not None:
        _need_able(root, chosen, why_not)
        reinstate(root, account, chosen.version)
    least = chosen.version if chosen else 0
    back_to = chosen.name if chosen else "the base model"
    for card in cards:
        if card.version > least:
            withdraw(root, account, card.version, f"rolled back to {back_to}")
    return chosen


def _named(root: Path, account: str, name: str) -> AdapterCard:
    wanted = name if "@" in name else f"{account}@{name}"
    card = next((card for card in list_cards(root, account) if card.name == wanted), None)
    if card is None:
        raise UsageError(f"{account} has no adapter {name}.", hint=_LIST)
    return card


def _one_before(
    root: Path, account: str, cards: Sequence[AdapterCard], why_not: Callable[[AdapterCard], str]
) -> AdapterCard:
    """Return the newest adapter older than the one in service that can serve."""
    good = [card for card in cards if not is_withdrawn(root, account, card.version)]
    current = current_version(root, account)
    if current is None or is_withdrawn(root, account, current):  # a flip is under way
        current = good[-1].version if good else None
    if current is None:
        raise UsageError(f"{account} has no adapter in service to go back from.", hint=_LIST)
    older = [card for card in good if card.version < current and has_weights(root, card)]
    able = [card for card in older if not why_not(card)]
    if older and not able:
        _need_able(root, older[-1], why_not)
    if not able:
        hint = "To have the base model write: cyrano rollback --to base"
        raise UsageError(f"{account} has no adapter before {account}@v{current}.", hint=hint)
    return able[-1]


def _need_able(root: Path, card: AdapterCard, why_not: Callable[[AdapterCard], str]) -> None:
    """See to it that an adapter can serve.

    Raises:
        UsageError: it cannot; the message says why.
    """
    if not card.is_approved:
        raise UsageError(f"{card.name} may not serve: {card.verdict}", hint="Take another: cyrano adapters")
    if not has_weights(root, card):
        hint = "The weights of old adapters are deleted ([refresh] keep). Take another: cyrano adapters"
        raise UsageError(f"{card.name} has no weights any more.", hint=hint)
    if why := why_not(card):
        raise UsageError(f"{card.name} cannot serve: {why}", hint="Take another: cyrano adapters")
