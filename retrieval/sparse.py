"""Words to BM25 weights, as a sparse vector: the half of the search that finds names and numbers.

The term frequency is weighed here, the rarity of a word (IDF) by Qdrant, over the mail of the account asked. No
stemming and no stop words: they depend on the language, and rarity already plays down what is common.
"""

import re
import unicodedata
import zlib
from collections import Counter
from dataclasses import dataclass

_K = 1.2
_B = 0.75
_USUAL_LENGTH = 60
"""Words in a usual passage. BM25 wants the average of the collection, which moves; a constant keeps weights stable."""

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class WordWeights:
    """A sparse vector: the hash of each word (unsigned, 32 bits, ascending, no doubles) and its weight."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


def document_weights(text: str) -> WordWeights:
    """Weigh the words of a stored text."""
    found = _words(text)
    norm = _K * (1 - _B + _B * len(found) / _USUAL_LENGTH)
    return _weights({word: count * (_K + 1) / (count + norm) for word, count in Counter(found).items()})


def query_weights(text: str) -> WordWeights:
    """Weigh the words of a query: each counts once."""
    return _weights(dict.fromkeys(_words(text), 1.0))


def _words(text: str) -> list[str]:
    """Split into words without case and accents; single letters ("l'", "d'", "s") say nothing, single digits do."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    return [word for word in _WORD.findall(plain) if len(word) > 1 or word.isdigit()]


def _weights(by_word: dict[str, float]) -> WordWeights:
    # crc32 stays the same between runs and machines, which Python's own hash does not. Of two words that share a
    # hash the heavier one stands.
    by_hash: dict[int, float] = {}
    for word, weight in by_word.items():
        index = zlib.crc32(word.encode())
        by_hash[index] = max(weight, by_hash.get(index, 0.0))
    return WordWeights(indices=tuple(sorted(by_hash)), values=tuple(by_hash[index] for index in sorted(by_hash)))
