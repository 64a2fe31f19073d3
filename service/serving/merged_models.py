"""Models on disk that adapters were merged into: `<home>/merged/<name>`, made again where they are missing.

Rules:
1. Only one process of a home at a time makes and deletes them, and has the engine changed: who holds the lock.
2. They are kept no longer than they are served.
"""

import logging
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from connectors.adapter import AdapterCard, folder, read_card
from connectors.merge_job import read_merged
from service.lock import try_hold

logger = logging.getLogger(__name__)

LOCK = "merged.lock"

Merge = Callable[[AdapterCard, Path, Callable[[], None]], None]
"""Merges an adapter into a folder; what its last argument raises breaks it off: see merging.py."""


class MergedModels:
    """The merged models of one home folder."""

    def __init__(self, home: Path, root: Path, merge: Merge, *, revision: Callable[[], str]) -> None:
        """Join the parts.

        Args:
            home: The home folder.
            root: The folder of all accounts' adapters.
            merge: What merges.
            revision: Returns what the base model is made of now; "" where that is not known.
        """
        self._home = home
        self._root = root
        self._merge = merge
        self._revision = revision

    def place(self, name: str) -> Path:
        """Return where an adapter's model lies, or would."""
        return self._home / "merged" / name

    def made(self, card: AdapterCard, check: Callable[[], None]) -> Path:
        """Return the folder of an adapter's model, made if it is not there; what `check` raises breaks that off.

        Raises:
            StoreError: the adapter is broken.
            TrainError: it could not be merged.
        """
        place = self.place(card.name)
        if not self._is_there(place, card):
            read_card(folder(self._root, card.account, card.version))
            began = time.monotonic()
            self._merge(card, place, check)
            logger.info("adapter %s merged in %.1f s", card.name, time.monotonic() - began)
        return place

    def clean(self, *, keep: str) -> None:
        """Delete all models but one, and what broken-off merges left."""
        home = self.place("").absolute()
        for path in home.iterdir() if home.is_dir() else ():
            if path.name != keep:
                shutil.rmtree(path, ignore_errors=True)

    def alone(self) -> AbstractContextManager[bool]:
        """Keep other processes from making changes within the block; yield whether that is possible now."""
        return try_hold(self._home / "run" / LOCK)

    def _is_there(self, place: Path, card: AdapterCard) -> bool:
        made, now = read_merged(place), self._revision()
        if made is None or made.weights_sha256 != card.weights_sha256:
            return False
        are_known = bool(now and made.base_revision)
        return made.base_revision == now if are_known else True
