"""The cleaning corpus: mails, what was typed in each, and how to tell how well a cleaner did."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("corpus")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One mail and what its writer typed."""

    name: str
    raw: bytes
    typed: str

    @property
    def is_held_back(self) -> bool:
        """Whether it is one of the third that nobody looks at when the cleaner is mended."""
        return hashlib.sha256(self.name.encode()).digest()[0] % 3 == 0


def load() -> list[Case]:
    """Read all cases."""
    return [
        Case(name=path.stem, raw=path.read_bytes(), typed=path.with_suffix(".txt").read_text("utf-8").strip("\n"))
        for path in sorted(FOLDER.glob("*/*.eml"))
    ]


def lost(typed: str, cleaned: str) -> float:
    """Return the share of the typed words that a cleaner lost."""
    words = Counter(typed.split())
    return (words - Counter(cleaned.split())).total() / words.total() if words else 0.0
