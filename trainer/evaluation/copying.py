"""Finds what a draft copied from a single learned mail: a leak of what one person was told to another. Pure.

The rules this module keeps:
1. Texts are compared without regard to case, white space and the shapes of quote marks and dashes. A letter is any
   character that is left, blanks included.
2. A window is a run of `WINDOW` letters. Shorter runs are common to all who write the language.
3. A window is known where the prompt showed it, or where it stands in at least `HABIT` mails: a habit is no leak.
4. A passage that stands in a mail copies its letters that lie in no known window. So one that stands in `HABIT` mails
   copies nothing, and one that goes on from what was shown copies what it goes on with.
5. The longest copy is that of the passage that copies most, among all that stand in one mail without a gap.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

WINDOW = 24
HABIT = 3

_SHAPES = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2013": "-", "\u2014": "-"}
    | {chr(code): " " for code in (*range(32), 127)}
)
_BORDER = "\0"
"""Stands between mails, and in no text: so no window of a draft reaches from one mail into the next."""
_FACTOR = np.uint64(0x9E37_79B9_7F4A_7C15)

_Hashes = NDArray[np.uint64]
_Places = NDArray[np.int64]
_Letters = NDArray[np.uint32]
_Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a draft copied from a mail."""

    length: int
    """Letters; 0 where nothing was copied."""
    source: str | None
    """The mail's id."""
    passage: str = field(default="", repr=False)
    """All that stands in the mail, as it was compared. For those who may read the mail, and for no log."""


NOTHING = Copy(length=0, source=None)


def longest_copy(written: str, sources: Mapping[str, str], shown: Iterable[str] = ()) -> Copy:
    """Return what a draft copied from one of some mails, by their ids. For many drafts, make a `Learned` once."""
    return Learned(sources).longest_copy(written, shown)


class Learned:
    """Mails, made ready to look up drafts in them."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._ids = tuple(sources)
        texts = [plain(text) for text in sources.values()]
        self._letters = _letters(_BORDER.join(texts))
        self._starts = np.cumsum([0, *(len(text) + 1 for text in texts)], dtype=np.int64)[:-1]
        hashes = _hash_windows(self._letters)
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._places = hashes[order], order
        """All windows in the order of their hashes, and where each of them stands."""
        self._distinct = _count_distinct(self._hashes, self._mails(order))

    def longest_copy(self, written: str, shown: Iterable[str] = ()) -> Copy:
        """Return what a draft copied from one of the mails.

        Args:
            written: The draft.
            shown: All that its prompt showed: the instruction, messages of the thread, retrieved mail.
        """
        letters = _letters(plain(written))
        hashes = _hash_windows(letters)
        first, last = np.searchsorted(self._hashes, hashes), np.searchsorted(self._hashes, hashes, side="right")
        is_known = (self._distinct[last] - self._distinct[first] >= HABIT) | np.isin(hashes, _hash_all(shown))
        at = np.flatnonzero((first < last) & ~is_known)
        is_own = ~_cover(is_known, len(letters))
        shifts = {int(shift) for i in at for shift in self._places[first[i] : last[i]] - i}
        found = (copy for shift in sorted(shifts) for copy in self._passages(letters, is_own, shift))
        return max(found, key=lambda copy: copy.length, default=NOTHING)

    def _passages(self, letters: _Letters, is_own: _Marks, shift: int) -> Iterator[Copy]:
        """Yield the passages of a draft that stand in a mail so many letters further on."""
        begin, end = max(0, -shift), min(len(letters), len(self._letters) - shift)
        same = letters[begin:end] == self._letters[begin + shift : end + shift]
        borders = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8))) + begin
        for start, stop in borders.reshape(-1, 2).tolist():
            if stop - start >= WINDOW:
                source = self._ids[int(self._mails(np.array([start + shift]))[0])]
                passage = letters[start:stop].tobytes().decode("utf-32-le", "surrogatepass")
                yield Copy(length=int(is_own[start:stop].sum()), source=source, passage=passage)

    def _mails(self, places: _Places) -> _Places:
        """Return in which mails places lie."""
        return np.searchsorted(self._starts, places, side="right") - 1


def plain(text: str) -> str:
    """Return a text as it is compared."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_SHAPES).casefold().split())


def _letters(text: str) -> _Letters:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _hash_windows(letters: _Letters) -> _Hashes:
    """Return a hash of each window. Two that differ share one in 2**64; passages are compared letter by letter."""
    windows = max(0, len(letters) - WINDOW + 1)
    hashes = np.zeros(windows, dtype=np.uint64)
    for at in range(WINDOW):
        hashes = hashes * _FACTOR + letters[at : at + windows]
    return hashes


def _hash_all(texts: Iterable[str]) -> _Hashes:
    return np.concatenate([np.zeros(0, dtype=np.uint64), *(_hash_windows(_letters(plain(text))) for text in texts)])


def _count_distinct(hashes: _Hashes, mails: _Places) -> _Places:
    """Return, for each place in the order of hashes, how many pairs of window and mail come before it."""
    is_new = np.ones(len(hashes), dtype=np.bool_)
    is_new[1:] = (hashes[1:] != hashes[:-1]) | (mails[1:] != mails[:-1])
    return np.concatenate(([0], np.cumsum(is_new))).astype(np.int64)


def _cover(windows: _Marks, letters: int) -> _Marks:
    """Return which letters lie in one of the windows marked."""
    steps = np.zeros(letters + WINDOW + 1, dtype=np.int64)
    at = np.flatnonzero(windows)
    np.add.at(steps, at, 1)
    np.add.at(steps, at + WINDOW, -1)
    return np.cumsum(steps)[:letters] > 0
