"""How much of an instruction is copied from its mail.

The rules this module keeps:
1. Facts may be copied: numbers, and names that the mail writes with a capital inside a sentence, do not count.
2. What counts is the share of an instruction that lies in runs standing in the mail as well. A run is so many words,
   or characters where a script has no spaces between words.
3. An instruction shorter than a run is a copy where all of it stands in the mail.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence

COPIED_SHARE = 0.5
"""Share of an instruction within copied runs from which it counts as a copy."""
FEWEST = 3
"""Words or characters, facts aside, that can be a copy at all."""
RUN_OF_WORDS = 7

_KANA_AND_HAN = r"\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"
_THAI_AND_KIN = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_RUNS_OF_CHARACTERS = ((re.compile(f"[{_KANA_AND_HAN}]"), 12), (re.compile(f"[{_THAI_AND_KIN}]"), 24))
"""Scripts without spaces (Thai's kin: Lao, Burmese, Khmer), and how many of their characters are a run."""
# Vowel signs are no word characters to `re`: without them words in Hindi, or in pointed Hebrew, fall to pieces.
_VOWEL_SIGNS = r"\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff"
_TOKEN = re.compile(f"[{_KANA_AND_HAN}{_THAI_AND_KIN}]|(?:(?![{_KANA_AND_HAN}{_THAI_AND_KIN}])[\\w{_VOWEL_SIGNS}])+")
_CAPITALISED = re.compile(r"(?<=[^\s.!?:…] )[^\W\d_]\w+")
_NUMBER_OR_KATAKANA = re.compile(r"[\u30a0-\u30ff]|.*\d")


def is_copy(instruction: str, text: str) -> bool:
    """Tell whether at least half of an instruction stands in a mail in long runs."""
    names = _names(text)
    matter = _without_facts(_tokens(instruction), names)
    if len(matter) < FEWEST:
        return False
    size = _run_size(instruction, len(matter))
    if len(matter) < size:
        # With facts left out, a few words such as "ask … about the contract" would stand in many a mail.
        return _holds(_tokens(text), _tokens(instruction))
    copied = _in_runs(matter, _runs(_without_facts(_tokens(text), names), size), size)
    return copied >= COPIED_SHARE * len(matter)


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def _names(text: str) -> set[str]:
    """Return the words with a capital inside a sentence; capitals throughout say nothing."""
    return {word.casefold() for word in _CAPITALISED.findall(text) if word.istitle()}


def _without_facts(tokens: Sequence[str], names: Collection[str]) -> list[str]:
    return [token for token in tokens if token not in names and not _NUMBER_OR_KATAKANA.match(token)]


def _run_size(instruction: str, tokens: int) -> int:
    of_characters = (size for script, size in _RUNS_OF_CHARACTERS if 2 * len(script.findall(instruction)) > tokens)
    return next(of_characters, RUN_OF_WORDS)


def _runs(tokens: Sequence[str], size: int) -> set[tuple[str, ...]]:
    return {tuple(tokens[at : at + size]) for at in range(len(tokens) - size + 1)}


def _in_runs(tokens: Sequence[str], known: Collection[tuple[str, ...]], size: int) -> int:
    """Count the tokens that lie in a known run."""
    copied: set[int] = set()
    for at in range(len(tokens) - size + 1):
        if tuple(tokens[at : at + size]) in known:
            copied.update(range(at, at + size))
    return len(copied)


def _holds(tokens: Sequence[str], part: Sequence[str]) -> bool:
    return f" {' '.join(part)} " in f" {' '.join(tokens)} "
