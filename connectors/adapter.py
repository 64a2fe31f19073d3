"""Adapters on disk: where trainer and service meet.

The rules this module keeps:
1. An adapter is a folder `<root>/<account>/v<N>` that appears whole (renamed into place) and never changes.
2. Its card, `card.json`, names the sha256 of its weights; `read_card` refuses a folder whose weights differ.
3. The pointer `<root>/<account>/current` holds the version in service; it is replaced atomically, and only by
   whoever saw the engine answer with that version.
"""

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from connectors.errors import StoreError

WEIGHTS = "adapter_model.safetensors"
CARD = "card.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterCard:
    """What is known about an adapter. Times are ISO 8601, UTC."""

    account: str
    version: int = 0
    """0 until `publish` gives it one."""
    base_model: str
    prompt_version: str
    method: str
    created_at: str
    weights_sha256: str = ""
    is_approved: bool
    """Whether its scores allow it to be served."""
    verdict: str
    """Why it is or is not approved, in one line."""
    data: dict[str, Any] = field(default_factory=dict)
    """How many mails, from when to when, how many instructions of which source."""
    config: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)
    """Held-out losses: {author: {"base": nats per byte, adapter name: …}}."""

    @property
    def name(self) -> str:
        """What the engine calls it: "ana@v3"."""
        return f"{self.account}@v{self.version}"


def publish(root: Path, built: Path, card: AdapterCard) -> AdapterCard:
    """Move a finished adapter folder into place under the next version, and return its card.

    Raises:
        StoreError: the disk is full or not writable; nothing half-written stays.
    """
    try:
        version = _last_version(root, card.account) + 1
        card = replace(card, version=version, weights_sha256=_sha256(built / WEIGHTS))
        (built / CARD).write_text(json.dumps(asdict(card), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        _sync_to_disk(built)
        target = folder(root, card.account, version)
        target.parent.mkdir(parents=True, exist_ok=True)
        built.rename(target)
        _sync_to_disk(target.parent)
    except OSError as error:
        shutil.rmtree(built, ignore_errors=True)
        hint = "Free some disk space, then train again."
        raise StoreError(f"The adapter could not be written: {error}", hint=hint) from error
    return card


def folder(root: Path, account: str, version: int) -> Path:
    """Where a version of an account's adapter lies."""
    return root / account / f"v{version}"


def read_card(path: Path) -> AdapterCard:
    """Read and check the card of an adapter folder.

    Raises:
        StoreError: no readable card, or weights other than the card's.
    """
    try:
        card = AdapterCard(**json.loads((path / CARD).read_text(encoding="utf-8")))
        is_whole = _sha256(path / WEIGHTS) == card.weights_sha256
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"The adapter in {path} cannot be read: {error}", hint="Train again: cyrano train.") from error
    if not is_whole:
        raise StoreError(f"The weights in {path} are not those of its card.", hint="Train again: cyrano train.")
    return card


def list_cards(root: Path, account: str) -> list[AdapterCard]:
    """Return the cards of an account's adapters, oldest first; weights are not read, broken folders left out."""
    cards = []
    for path in (root / account).glob("v*/" + CARD):
        try:
            cards.append(AdapterCard(**json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):
            continue
    return sorted(cards, key=lambda card: card.version)


def current_version(root: Path, account: str) -> int | None:
    """Return the version in service, or None where there is none."""
    try:
        return int((root / account / "current").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def set_current(root: Path, account: str, version: int) -> None:
    """Point at the version in service."""
    pointer = root / account / "current"
    fresh = pointer.with_suffix(".new")
    fresh.write_text(f"{version}\n", encoding="utf-8")
    _sync_to_disk(fresh)
    fresh.replace(pointer)
    _sync_to_disk(pointer.parent)


def _last_version(root: Path, account: str) -> int:
    """Return the highest version there is, 0 where there is none; one whose card is broken counts too."""
    names = (path.name for path in (root / account).glob("v*"))
    return max((int(name[1:]) for name in names if name[1:].isdecimal()), default=0)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_to_disk(path: Path) -> None:
    """Flush a file, or a folder and the files in it."""
    for each in [*path.iterdir(), path] if path.is_dir() else [path]:
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
