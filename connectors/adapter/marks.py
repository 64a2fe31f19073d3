"""What became of an adapter after it was published: small files beside its folder, which itself never changes."""

import hashlib
import json
from collections.abc import Collection, Iterable
from pathlib import Path

from connectors.adapter.card import AdapterCard, folder
from connectors.adapter.disk import replace_file, sync_entry
from connectors.errors import StoreError

LEARNED = "learned.json"
_HINT = "Free some disk space, then run the command again."


def write_learned(built: Path, message_ids: Iterable[str]) -> None:
    """Write into a finished adapter folder which mails it learned from, before it is published."""
    digests = sorted({digest(message_id) for message_id in message_ids})
    (built / LEARNED).write_text(json.dumps(digests) + "\n", encoding="utf-8")


def has_learned(root: Path, card: AdapterCard, message_ids: Collection[str]) -> bool | None:
    """Tell whether an adapter learned from any of these mails; None where it does not say what it learned from."""
    try:
        learned = json.loads((folder(root, card.account, card.version) / LEARNED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return not {digest(message_id) for message_id in message_ids}.isdisjoint(learned)


def learned_digests(path: Path) -> set[str]:
    """Return the digests of the mails that an adapter learned from, as far as its folder says."""
    try:
        return set(json.loads((path / LEARNED).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return set()


def digest(message_id: str) -> str:
    """Return what stands for a mail in `learned.json`."""
    return hashlib.sha256(message_id.encode("utf-8", "replace")).hexdigest()[:32]


def taint(root: Path, account: str, version: int) -> None:
    """Note that an adapter learned from mail that was forgotten since. Saying so twice does no harm.

    Raises:
        StoreError: the disk is full or not writable.
    """
    mark = taint_mark(root, account, version)
    try:
        mark.touch()
        sync_entry(mark.parent)
    except OSError as error:
        raise StoreError(f"{account}@v{version} could not be marked as tainted: {error}", hint=_HINT) from error


def is_tainted(root: Path, account: str, version: int) -> bool:
    """Tell whether an adapter learned from mail that was forgotten since."""
    return taint_mark(root, account, version).exists()


def taint_mark(root: Path, account: str, version: int) -> Path:
    """Return the file that says so."""
    return _mark(root, account, version, "tainted")


def withdraw(root: Path, account: str, version: int, reason: str) -> None:
    """Take an adapter out of service until it is reinstated. Saying so twice does no harm; the first reason stays.

    Raises:
        StoreError: the disk is full or not writable.
    """
    mark = _mark(root, account, version, "withdrawn")
    try:
        if not mark.exists():
            replace_file(mark, f"{reason}\n")
    except OSError as error:
        raise StoreError(f"{account}@v{version} could not be withdrawn: {error}", hint=_HINT) from error


def reinstate(root: Path, account: str, version: int) -> None:
    """Let a withdrawn adapter serve again; one that is not withdrawn stays as it is.

    Raises:
        StoreError: the disk is not writable.
    """
    mark = _mark(root, account, version, "withdrawn")
    try:
        mark.unlink(missing_ok=True)
        sync_entry(mark.parent)
    except OSError as error:
        raise StoreError(f"{account}@v{version} could not be reinstated: {error}", hint=_HINT) from error


def is_withdrawn(root: Path, account: str, version: int) -> bool:
    """Tell whether an adapter was taken out of service."""
    return _mark(root, account, version, "withdrawn").exists()


def withdrawn_because(root: Path, account: str, version: int) -> str:
    """Return why an adapter was taken out of service; "" where it was not, or nobody said."""
    try:
        return _mark(root, account, version, "withdrawn").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _mark(root: Path, account: str, version: int, kind: str) -> Path:
    path = folder(root, account, version)
    return path.with_name(f"{path.name}.{kind}")
