"""The card of an adapter: what is known about it, and whether its folder is still what was published."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from connectors.errors import StoreError

WEIGHTS = "adapter_model.safetensors"
"""Of an adapter; a whole model has its weights in other files, all of them "*.safetensors"."""
CARD = "card.json"

LORA, MERGED = "lora", "merged"

_SUFFIX = ".safetensors"
_TRAIN_AGAIN = "Train again: cyrano train."


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


def folder(root: Path, account: str, version: int) -> Path:
    """Where a version of an account's adapter lies."""
    return root / account / f"v{version}"


def read_card(path: Path) -> AdapterCard:
    """Read the card of an adapter folder, and check each of its files.

    Raises:
        StoreError: no readable card, or files other than the card's.
    """
    try:
        card = _parse(path / CARD)
        found = digests(path, card.files or (file.name for file in path.glob("*" + _SUFFIX)))
    except FileNotFoundError as error:
        raise _missing(path, error) from error
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"The adapter in {path} cannot be read: {error}", hint=_TRAIN_AGAIN) from error
    if not any(name.endswith(_SUFFIX) for name in found):
        raise _weightless(path)
    differing = next((name for name, digest in card.files.items() if found[name] != digest), None)
    if differing is not None and not differing.endswith(_SUFFIX):
        raise StoreError(f"{differing} in {path} is not the one of its card.", hint=_TRAIN_AGAIN)
    if weights_digest(found) != card.weights_sha256:
        raise StoreError(f"The weights in {path} are not those of its card.", hint=_TRAIN_AGAIN)
    return card


def list_cards(root: Path, account: str) -> list[AdapterCard]:
    """Return the cards of an account's adapters, oldest first; weights are not read, broken folders left out."""
    return [card for _, card in sorted(_cards(root, account).items()) if isinstance(card, AdapterCard)]


def damaged(root: Path, account: str) -> dict[int, str]:
    """Return the versions whose folder is no adapter, each with the reason in a sentence."""
    return {version: said for version, said in sorted(_cards(root, account).items()) if isinstance(said, str)}


def has_weights(root: Path, card: AdapterCard) -> bool:
    """Tell whether an adapter's weights are all there; they are deleted when it is old. They are not read."""
    path = folder(root, card.account, card.version)
    named = [name for name in card.files if name.endswith(_SUFFIX)]
    return all((path / name).is_file() for name in named) if named else any(path.glob("*" + _SUFFIX))


def digests(path: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of files in a folder, by name."""
    return {name: _sha256(path / name) for name in sorted(names)}


def all_digests(path: Path) -> dict[str, str]:
    """Return the SHA-256 of all files in a folder but its card, by name; "/" parts the folders of a name."""
    files = (file for file in path.rglob("*") if file.is_file())
    return digests(path, (str(file.relative_to(path)) for file in files if file != path / CARD))


def weights_digest(files: dict[str, str]) -> str:
    """Return the digest of the weights among files; of several it covers each one's name and content."""
    weights = {name: digest for name, digest in sorted(files.items()) if name.endswith(_SUFFIX) and "/" not in name}
    if len(weights) == 1:
        return next(iter(weights.values()))
    return hashlib.sha256("".join(f"{name} {digest}\n" for name, digest in weights.items()).encode()).hexdigest()


def version_folders(root: Path, account: str) -> Iterator[tuple[int, Path]]:
    """Yield the folders that stand for versions, whatever is in them."""
    for path in (root / account).glob("v*"):
        if path.name[1:].isdecimal() and path.is_dir():
            yield int(path.name[1:]), path


def _cards(root: Path, account: str) -> dict[int, AdapterCard | str]:
    """Return the card of each version, or what is wrong with it."""
    found: dict[int, AdapterCard | str] = {}
    for version, path in version_folders(root, account):
        try:
            card = _parse(path / CARD)
        except FileNotFoundError:
            found[version] = f"{path} is no whole adapter: it has no {CARD}."
        except (OSError, ValueError, TypeError) as error:
            found[version] = f"{path / CARD} cannot be read: {error}"
        else:
            is_its_own = (card.account, card.version) == (account, version)
            found[version] = card if is_its_own else f"{path} holds the card of {card.name}."
    return found


def _parse(path: Path) -> AdapterCard:
    """Read a card; one that did not change since is not parsed again, for every draft asks for them."""
    state = path.stat()
    return _parsed(path, state.st_ino, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=512)
def _parsed(path: Path, _inode: int, _changed_ns: int, _size: int) -> AdapterCard:
    return AdapterCard(**json.loads(path.read_text(encoding="utf-8")))


def _missing(path: Path, error: FileNotFoundError) -> StoreError:
    name = Path(error.filename or "").name
    if name.endswith(_SUFFIX):
        return _weightless(path)
    return StoreError(f"The adapter in {path} cannot be read: {name} is missing.", hint=_TRAIN_AGAIN)


def _weightless(path: Path) -> StoreError:
    hint = "The weights of old adapters are deleted ([refresh] keep); take a newer one: cyrano adapters."
    return StoreError(f"The adapter in {path} has no weights any more.", hint=hint)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
