"""How a mail is written, whatever it says: greeting, sign-off, length, punctuation, function words. Pure.

Distances go from 0, the same, to 1. Each is symmetric; of every text to itself it is 0. Rates of short texts differ by
chance alone: what two texts by one hand would differ by does not count.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from connectors.cleaning.language import UNKNOWN
from trainer.evaluation.frame import Phrase, part
from trainer.evaluation.function_words import FUNCTION_WORDS
from trainer.evaluation.overlap import words

_MARKS = {
    "full stop": re.compile(r"(?<![.\d])[.。](?![.\w])"),
    "comma": re.compile(r"[,、，](?!\d)"),  # noqa: RUF001  Chinese and Japanese ones
    "exclamation": re.compile(r"[!！]"),  # noqa: RUF001
    "question": re.compile(r"[?？]"),  # noqa: RUF001
    "colon": re.compile(r"(?<!\d):(?![/)(DP-])"),
    "semicolon": re.compile(r";(?![)-])"),
    "dash": re.compile(r"(?<=\s)-{1,2}(?=\s)|--|[\u2013\u2014]"),
    "dots": re.compile(r"\.\.+|\u2026"),
    "bracket": re.compile(r"(?<![:;-])\("),
    "quote": re.compile(r"[\"\u201c\u201e\u00ab\u300c]"),
    "apostrophe": re.compile(r"(?<=\w)['\u2019](?=\w)"),
    "smiley": re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]|[:;]-?[)(DP](?!\\w)"),
    "break": re.compile(r"\n"),
    "blank line": re.compile(r"\n\s*\n"),
    "list item": re.compile(r"^\s*(?:[-*\u2022]|\d{1,2}[.)])\s", re.MULTILINE),
    "small beginning": re.compile(r"(?:^|[.!?]\s+|\n)(?=[a-zß-ÿ])"),
    "shouted": re.compile(r"\b[A-Z]{4,}\b"),
}
"""What is counted of punctuation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a mail is written."""

    greeting: Phrase
    sign_off: Phrase
    length: int
    """Words, those of greeting and sign-off included."""
    body: int
    """Words of the body."""
    marks: Mapping[str, float]
    """How often each mark stands in the body, for every word; those that do not are left out."""
    function_words: Mapping[str, float] | None
    """The share of each among the words of the body; None where those of its language are not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleDistance:
    """How far two mails are from each other, in each respect."""

    greeting: float
    sign_off: float
    length: float
    punctuation: float
    function_words: float | None = field(default=None)

    @property
    def mean(self) -> float:
        """All in one."""
        known = [value for each in fields(self) if (value := getattr(self, each.name)) is not None]
        return float(sum(known) / len(known))


def style_of(text: str, language: str = UNKNOWN) -> Style:
    """Return how a text is written.

    Args:
        text: A mail, with greeting and sign-off.
        language: Its language, ISO 639-1.
    """
    frame = part(text)
    said = words(frame.body)
    total = max(1, len(said))
    known = FUNCTION_WORDS.get(language)
    return Style(
        greeting=frame.greeting,
        sign_off=frame.sign_off,
        length=len(words(text)),
        body=total,
        marks=_shares({name: len(mark.findall(frame.body)) for name, mark in _MARKS.items()}, total),
        function_words=None if known is None else _shares(Counter(word for word in said if word in known), total),
    )


def style_distance(written: str, sent: str, language: str = UNKNOWN) -> float:
    """Return how far the style of a draft is from that of the mail, 0 to 1; `language` is that of the mail."""
    return compare(style_of(written, language), style_of(sent, language)).mean


def compare(one: Style, other: Style) -> StyleDistance:
    """Return how far two styles are from each other."""
    return StyleDistance(
        greeting=_between_phrases(one.greeting, other.greeting),
        sign_off=_between_phrases(one.sign_off, other.sign_off),
        length=abs(one.length - other.length) / max(one.length, other.length, 1),
        punctuation=_between_rates(one.marks, other.marks, (one.body, other.body)),
        function_words=None
        if one.function_words is None or other.function_words is None
        else _between_rates(one.function_words, other.function_words, (one.body, other.body)),
    )


def _between_phrases(one: Phrase, other: Phrase) -> float:
    """Half for the words, a quarter for whether and how it names somebody, a quarter for the mark behind it."""
    if not one and not other:
        return 0.0
    if not one or not other:
        return 1.0
    return 0.5 * (one.words != other.words) + 0.25 * (one.names != other.names) + 0.25 * (one.mark != other.mark)


def _between_rates(one: Mapping[str, float], other: Mapping[str, float], sizes: tuple[int, int]) -> float:
    """Return the part of all rates by which two differ more than chance would have it.

    Without chance it is Bray and Curtis's dissimilarity. By chance, two counts of one rate in texts of so many words
    (`sizes`) differ by the mean of a normal distribution that is folded at 0.
    """
    total = sum(one.values()) + sum(other.values())
    apart = 0.0
    for name in sorted({*one, *other}):
        first, second = one.get(name, 0.0), other.get(name, 0.0)
        rate = (first * sizes[0] + second * sizes[1]) / sum(sizes)
        chance = math.sqrt(2 / math.pi * rate * (1 / sizes[0] + 1 / sizes[1]))
        apart += max(0.0, abs(first - second) - chance)
    return min(1.0, apart / total) if total else 0.0  # rounding may pass 1


def _shares(counts: Mapping[str, int], total: int) -> dict[str, float]:
    return {name: count / total for name, count in counts.items() if count}
