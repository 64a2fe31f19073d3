"""Adapters on disk: where trainer and service meet.

The rules this module keeps:
1. An adapter is a folder `<root>/<account>/v<N>` that appears whole (renamed into place) and never changes.
2. Its card, `card.json`, names the digest of its weights; `read_card` refuses a folder whose weights differ.
3. The pointer `<root>/<account>/current` holds the version in service; it is replaced atomically, and only by
   whoever saw the engine answer with that version.
4. A version is never given twice, not even after its account was removed and added again: engines keep what they
   computed under a name. `<root>/@last.json` remembers the last version of every account there ever was.
5. `learned.json` in the folder tells by digests which mails the adapter learned from. One that learned from a mail that
   its owner has forgotten since is tainted: the mark `<root>/<account>/v<N>.tainted` says so.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from connectors.errors import StoreError, UsageError

WEIGHTS = "adapter_model.safetensors"
"""Of an adapter; a whole model has its weights in other files, all of them "*.safetensors"."""
CARD = "card.json"
LEARNED = "learned.json"
LAST = "@last.json"
"""No account is called so: "@" stands in no account's name."""

LORA, MERGED = "lora", "merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterCard:
    """What is known about an adapter. Times are ISO 8601, UTC."""

    account: str
    version: int = 0
    """0 until `publish` gives it one."""
    base_model: str
    base_revision: str = ""
    """What the base model was made of, by `connectors.base_model`; "" where it is not known."""
    prompt_version: str
    method: str
    serving: str = LORA
    """LORA: the engine serves it beside its base model. MERGED: only a model that it was merged into can be served."""
    created_at: str
    weights_sha256: str = ""
    files: dict[str, str] = field(default_factory=dict)
    """Each file in the folder but the card, with its SHA-256."""
    parent: str | None = None
    """The adapter that was in service when this one was judged."""
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


def publish(root: Path, built: Path, card: AdapterCard, *, is_tainted: bool = False) -> AdapterCard:
    """Move a finished adapter folder into place under the next version, and return its card.

    One that learned from mail which was forgotten meanwhile is marked so before it can be found.

    Raises:
        StoreError: the disk is full or not writable; nothing half-written stays.
    """
    try:
        card = seal(built, replace(card, version=_next_version(root, card.account)))
        target = folder(root, card.account, card.version)
        target.parent.mkdir(parents=True, exist_ok=True)
        if is_tainted:
            _taint_mark(root, card.account, card.version).touch()
        built.rename(target)
        _sync_to_disk(target.parent)
    except OSError as error:
        shutil.rmtree(built, ignore_errors=True)
        hint = "Free some disk space, then train again."
        raise StoreError(f"The adapter could not be written: {error}", hint=hint) from error
    return card


def seal(built: Path, card: AdapterCard) -> AdapterCard:
    """Write the card of a finished folder, with the digest of its weights, flush all to the disk, and return it."""
    card = replace(card, weights_sha256=_weights_sha256(built))
    (built / CARD).write_text(json.dumps(asdict(card), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _sync_to_disk(built)
    return card


def take(
    root: Path, brought: Path, account: str, base_model: str, *, known: Collection[str] | None = None
) -> AdapterCard:
    """Publish a copy of an adapter that was trained on another machine under the next version; return its card.

    There the base model may lie elsewhere: it is told by the last part of its path, and the copy names it as here.

    Args:
        root: Where adapters lie.
        brought: The folder that was made there.
        account: Whose adapter it is to be.
        base_model: The base model, by its name here.
        known: The ids of all mail of the account, where it is known: an adapter that learned from other mail learned
            from what was forgotten meanwhile, and is tainted.

    Raises:
        UsageError: the folder holds no adapter, or that of another account or base model, or one that is here already.
        StoreError: its weights are not those of its card, or the disk is full.
    """
    if not (brought / CARD).is_file():
        hint = "Bring back the whole folder that `cyrano train --from DIR --output FOLDER` made there."
        raise UsageError(f"{brought} holds no adapter: it has no {CARD}.", hint=hint)
    card = read_card(brought)
    _need_own(root, card, account, base_model)
    built = root / account / f".take-{card.weights_sha256[:16]}"
    try:
        shutil.rmtree(built, ignore_errors=True)
        shutil.copytree(brought, built)
    except OSError as error:
        shutil.rmtree(built, ignore_errors=True)
        hint = "Free some disk space, then take it again."
        raise StoreError(f"The adapter could not be copied: {error}", hint=hint) from error
    is_tainted = known is not None and not _learned(brought) <= {_digest(message_id) for message_id in known}
    return publish(root, built, replace(card, base_model=base_model), is_tainted=is_tainted)


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
        is_whole = _weights_sha256(path) == card.weights_sha256
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


def remember_versions(root: Path, account: str) -> None:
    """Write down an account's last version before its folder is deleted.

    Raises:
        StoreError: the disk is full or not writable.
    """
    if not (version := _last_version(root, account)):
        return
    try:
        with _last_versions(root) as last:
            last[account] = max(last.get(account, 0), version)
    except OSError as error:
        hint = "Free some disk space, then run the command again."
        raise StoreError(f"The versions of {account} could not be written down: {error}", hint=hint) from error


def write_learned(built: Path, message_ids: Iterable[str]) -> None:
    """Write into a finished adapter folder which mails it learned from, before it is published."""
    digests = sorted({_digest(message_id) for message_id in message_ids})
    (built / LEARNED).write_text(json.dumps(digests) + "\n", encoding="utf-8")


def has_learned(root: Path, card: AdapterCard, message_ids: Collection[str]) -> bool | None:
    """Tell whether an adapter learned from any of these mails; None where it does not say what it learned from."""
    try:
        learned = json.loads((folder(root, card.account, card.version) / LEARNED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return not {_digest(message_id) for message_id in message_ids}.isdisjoint(learned)


def taint(root: Path, account: str, version: int) -> None:
    """Note that an adapter learned from mail that was forgotten since. Saying so twice does no harm.

    Raises:
        StoreError: the disk is full or not writable.
    """
    mark = _taint_mark(root, account, version)
    try:
        mark.touch()
        _sync_to_disk(mark.parent)
    except OSError as error:
        hint = "Free some disk space, then run the command again."
        raise StoreError(f"{account}@v{version} could not be marked as tainted: {error}", hint=hint) from error


def is_tainted(root: Path, account: str, version: int) -> bool:
    """Tell whether an adapter learned from mail that was forgotten since."""
    return _taint_mark(root, account, version).exists()


def _need_own(root: Path, card: AdapterCard, account: str, base_model: str) -> None:
    """See to it that an adapter from elsewhere is for this account and model, and new here."""
    if card.account != account:
        hint = f"Take it for that account, if it is here: --account {card.account}"
        raise UsageError(f"The adapter learned from mail of {card.account}, not of {account}.", hint=hint)
    if Path(card.base_model).name != Path(base_model).name:
        hint = "An adapter is of use only with the model it was trained on: set [engine] model to it, or train again."
        raise UsageError(f"The adapter is for the model {card.base_model}, not for {base_model or 'none'}.", hint=hint)
    for known in list_cards(root, account):
        if known.weights_sha256 == card.weights_sha256:
            raise UsageError(f"The adapter is here already: {known.name}.", hint="See: cyrano adapters")


def _learned(path: Path) -> set[str]:
    """Return the digests of the mails that an adapter learned from, as far as it says."""
    try:
        return set(json.loads((path / LEARNED).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return set()


def _taint_mark(root: Path, account: str, version: int) -> Path:
    path = folder(root, account, version)
    return path.with_name(f"{path.name}.tainted")


def _digest(message_id: str) -> str:
    return hashlib.sha256(message_id.encode("utf-8", "replace")).hexdigest()[:32]


def _next_version(root: Path, account: str) -> int:
    """Return a version that no adapter of an account ever had, and note that it is taken."""
    root.mkdir(parents=True, exist_ok=True)
    with _last_versions(root) as last:
        last[account] = max(last.get(account, 0), _last_version(root, account)) + 1
        return last[account]


@contextmanager
def _last_versions(root: Path) -> Iterator[dict[str, int]]:
    """Yield the last version of each account to be changed, while no other process does so; then write them down."""
    path = root / LAST
    descriptor = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        known = _read_last(path)
        yield known
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(known, sort_keys=True) + "\n", encoding="utf-8")
        _sync_to_disk(fresh)
        fresh.replace(path)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_last(path: Path) -> dict[str, int]:
    try:
        known: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return known


def _last_version(root: Path, account: str) -> int:
    """Return the highest version there is, 0 where there is none; one whose card is broken counts too."""
    names = (path.name for path in (root / account).glob("v*"))
    return max((int(name[1:]) for name in names if name[1:].isdecimal()), default=0)


def _weights_sha256(path: Path) -> str:
    """Return the digest of a folder's weights; of several files it covers each one's name and content."""
    files = sorted(path.glob("*.safetensors")) or [path / WEIGHTS]  # which then says that it is missing
    if len(files) == 1:
        return _sha256(files[0])
    lines = "".join(f"{file.name} {_sha256(file)}\n" for file in files)
    return hashlib.sha256(lines.encode()).hexdigest()


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
