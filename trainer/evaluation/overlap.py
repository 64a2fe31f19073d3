"""How much of what was sent a draft says in the same words: chrF, BLEU and ROUGE-L, each 0 to 100. Pure.

chrF and BLEU are sacreBLEU's. ROUGE-L is written here: the library of that name keeps nothing of a text but the letters
a to z, so that "Grüße" becomes two words and Greek none.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from sacrebleu import BLEU, CHRF

BEST = 100.0

_ORDERS = 4
"""BLEU counts runs of up to so many words."""
COUNTS = 2 + 2 * _ORDERS
"""How many numbers `bleu_counts` gives."""

# Scripts without blanks between words: each character counts as one.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"
_LETTER_OF_UNSPACED = re.compile(f"[{_UNSPACED}]")
_WORD = re.compile(f"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[\\w\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff])+")
_MOST_WORDS = 5_000
"""Of longer texts ROUGE-L compares the beginnings."""


def chrf(written: str, sent: str) -> float:
    """Return the F-score of runs of up to six characters that draft and mail share; recall counts twice."""
    return _chrf([written], [sent])


def corpus_chrf(written: Sequence[str], sent: Sequence[str]) -> float:
    """Return the chrF of many drafts together: longer mails weigh more."""
    return _chrf(written, sent)


def bleu(written: str, sent: str) -> float:
    """Return the share of a draft's runs of one to four words that stand in the mail; short drafts pay for it."""
    return corpus_bleu([written], [sent])


def corpus_bleu(written: Sequence[str], sent: Sequence[str]) -> float:
    """Return the BLEU of many drafts together, which is what BLEU was made for."""
    if not any(map(str.strip, (*written, *sent))):
        return BEST
    counts = [bleu_counts(one, other) for one, other in zip(written, sent, strict=True)]
    return float(bleu_of(np.sum(counts, axis=0)))


def bleu_counts(written: str, sent: str) -> NDArray[np.int64]:
    """Return what BLEU is made from, `COUNTS` numbers that may be added over mails.

    They are the words written, the words sent, and for runs of one to four words first how many of those written are
    found in the mail, then how many were written.
    """
    score = _bleu(is_unspaced=_is_unspaced(sent)).sentence_score(written, [sent])
    return np.array([score.sys_len, score.ref_len, *score.counts, *score.totals], dtype=np.int64)


def bleu_of(counts: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return BLEU from sums of `bleu_counts`, whose last axis they stand on; the others stay.

    A run length that is written nowhere does not count; one of which nothing is found gets a half, a quarter … of a
    hit (sacreBLEU's "exp"), so that a single draft has a score.
    """
    written, sent = counts[..., 0], counts[..., 1]
    found, total = counts[..., 2 : 2 + _ORDERS], counts[..., 2 + _ORDERS :]
    misses = np.cumsum((found == 0) & (total > 0), axis=-1)
    hits = np.where(found > 0, found, 0.5**misses)
    logs = np.where(total > 0, np.log(np.maximum(hits, 1e-300) / np.maximum(total, 1)), 0.0)
    mean = logs.sum(axis=-1) / np.maximum((total > 0).sum(axis=-1), 1)
    brevity = np.minimum(0.0, 1 - sent / np.maximum(written, 1))
    return np.where(found.any(axis=-1), BEST * np.exp(mean + brevity), 0.0)


def rouge_l(written: str, sent: str) -> float:
    """Return the F-score of the longest row of words, gaps allowed, that draft and mail share."""
    one, other = words(written)[:_MOST_WORDS], words(sent)[:_MOST_WORDS]
    if not one or not other:
        return 0.0 if one or other else BEST
    return BEST * 2 * _longest_common(one, other) / (len(one) + len(other))


def words(text: str) -> list[str]:
    """Return a text's words, without their case."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how long the longest common subsequence is; a row of the table is a number (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for place, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << place
    mask = row = (1 << len(one)) - 1
    for word in other:
        same = row & places.get(word, 0)
        row = (row + same | row - same) & mask
    return len(one) - row.bit_count()


def _chrf(written: Sequence[str], sent: Sequence[str]) -> float:
    if not any(map(str.strip, (*written, *sent))):
        return BEST
    return float(CHRF().corpus_score(written, [sent]).score)


def _is_unspaced(text: str) -> bool:
    """Whether a text has no blanks between words, as Chinese, Japanese and Thai have none."""
    return 2 * len(_LETTER_OF_UNSPACED.findall(text)) > sum(map(str.isalpha, text))


@cache
def _bleu(*, is_unspaced: bool) -> BLEU:
    """Effective order: a greeting of two words has no run of four, and can still be right."""
    return BLEU(effective_order=True, tokenize="char" if is_unspaced else "13a")
