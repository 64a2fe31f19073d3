"""Which version is in service, and which is to be."""

from collections.abc import Callable
from pathlib import Path

from connectors.adapter.card import AdapterCard, has_weights, list_cards
from connectors.adapter.disk import replace_file, sync_entry
from connectors.adapter.marks import is_withdrawn
from connectors.errors import StoreError

_POINTER = "current"
_HINT = "Free some disk space; it is tried again by itself."


def target(root: Path, account: str, *, is_usable: Callable[[AdapterCard], bool]) -> AdapterCard | None:
    """Return the adapter that is to write for an account: the newest that was approved, is not withdrawn, has its
    weights and is usable. None: the base model.

    Args:
        root: The folder of all accounts' adapters.
        account: Whose.
        is_usable: Whether an adapter can be served here and now.
    """  # noqa: D205  one sentence
    for card in reversed(list_cards(root, account)):
        if card.is_approved and not is_withdrawn(root, account, card.version) and has_weights(root, card):  # noqa: SIM102
            if is_usable(card):
                return card
    return None


def current_version(root: Path, account: str) -> int | None:
    """Return the version in service, or None where there is none."""
    try:
        return int((root / account / _POINTER).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def set_current(root: Path, account: str, version: int) -> None:
    """Point at the version in service.

    Raises:
        StoreError: the disk is full or not writable; the pointer is as it was.
    """
    try:
        replace_file(root / account / _POINTER, f"{version}\n")
    except OSError as error:
        raise StoreError(f"{account}@v{version} could not be put in service: {error}", hint=_HINT) from error


def clear_current(root: Path, account: str) -> None:
    """Let the base model write.

    Raises:
        StoreError: the disk is not writable; the pointer is as it was.
    """
    pointer = root / account / _POINTER
    try:
        pointer.unlink(missing_ok=True)
        sync_entry(pointer.parent)
    except OSError as error:
        raise StoreError(f"The adapter of {account} could not be put out of service: {error}", hint=_HINT) from error
