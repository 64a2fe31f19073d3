"""Old adapters give back their room: weights go, card, report and evaluation stay as history.

The rules: weights stay of what serves, of the one before it (what `cyrano rollback` goes back to), of the newest few
that were approved, withdrawn ones among them, and of the newest of all, whose rejection may still be looked into.
A folder that was left half-deleted is finished the next time.
"""

import shutil
import time
from collections.abc import Callable, Collection
from pathlib import Path

from connectors.adapter.card import AdapterCard, folder, has_weights, list_cards
from connectors.adapter.marks import is_withdrawn
from connectors.adapter.pointer import current_version
from connectors.errors import StoreError

STAYS = (".json", ".html", ".md", ".txt", ".svg")
"""What is read by people or says what the adapter is; all else is of use with the weights only."""
LEFTOVER_S = 86_400.0
"""An unfinished folder that nobody touched for so long was left behind."""


def collect(
    root: Path, account: str, *, keep: int, serving: Collection[int], clock: Callable[[], float] = time.time
) -> list[int]:
    """Delete the weights of old adapters and what broken-off runs left; return the versions whose weights went.

    Args:
        root: The folder of all accounts' adapters.
        account: Whose.
        keep: Of how many of the newest approved ones the weights stay.
        serving: Versions that some engine still has.
        clock: Seconds since the epoch.

    Raises:
        StoreError: something could not be deleted.
    """
    cards = list_cards(root, account)
    kept = _kept(root, account, cards, keep) | set(serving)
    old = [card.version for card in cards if card.version not in kept]
    try:
        _delete_leftovers(root / account, before=clock() - LEFTOVER_S)
        return [version for version in old if _delete_weights(folder(root, account, version))]
    except OSError as error:
        hint = "See to the permissions of that folder; it is tried again after the next run."
        raise StoreError(f"Old adapters of {account} could not be deleted: {error}", hint=hint) from error


def _kept(root: Path, account: str, cards: list[AdapterCard], keep: int) -> set[int]:
    """Return the versions whose weights must stay."""
    approved = [card for card in cards if card.is_approved and has_weights(root, card)]
    kept = {card.version for card in approved[len(approved) - min(keep, len(approved)) :]}
    kept |= {card.version for card in cards[-1:]}
    if (current := current_version(root, account)) is not None:
        good = [card.version for card in approved if not is_withdrawn(root, account, card.version)]
        kept |= {current, *[version for version in good if version < current][-1:]}
        # A pointer that is about to move must find what it moves to.
        kept |= set(good[-1:])
    return kept


def _delete_weights(path: Path) -> bool:
    """Delete what is of use with the weights only; tell whether weights were among it."""
    files = [file for file in path.rglob("*") if file.is_file() and file.suffix not in STAYS]
    for file in files:
        file.unlink()
    return any(file.suffix == ".safetensors" for file in files)


def _delete_leftovers(place: Path, *, before: float) -> None:
    for path in place.glob(".*"):
        if path.stat().st_mtime >= before:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
