"""Dates, weekdays and times of day as people write them in seven languages, brought to one form."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

_MONTHS = """
january janvier januar enero gennaio januari janeiro jänner jan janv gen ene
february février februar febrero febbraio februari fevereiro feb févr fev
march mars märz marzo maart março mar mär mrt
april avril abril aprile apr avr abr
may mai mayo maggio mei maio mag
june juin juni junio giugno junho jun giu
july juillet juli julio luglio julho jul juil lug
august août agosto augustus aug ago
september septembre septiembre settembre setembro sept sep set
october octobre oktober octubre ottobre outubro oct okt ott out
november novembre noviembre novembro nov
december décembre dezember diciembre dicembre dezembro dec déc dez dic
"""
_WEEKDAYS = """
monday lundi montag lunes lunedì maandag segunda-feira
tuesday mardi dienstag martes martedì dinsdag terça-feira
wednesday mercredi mittwoch miércoles mercoledì woensdag quarta-feira
thursday jeudi donnerstag jueves giovedì donderdag quinta-feira
friday vendredi freitag viernes venerdì vrijdag sexta-feira
saturday samedi samstag sonnabend sábado sabato zaterdag
sunday dimanche sonntag domingo domenica zondag
"""


def _numbered(lines: str) -> dict[str, int]:
    rows = enumerate(lines.strip().splitlines(), start=1)
    return {word: number for number, line in rows for word in line.split()}


MONTHS = _numbered(_MONTHS)
WEEKDAYS = _numbered(_WEEKDAYS)

_MONTH = "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True))
_WEEKDAY = "|".join(map(re.escape, WEEKDAYS))
_DAY = r"(?P<day>[0-3]?\d)"
_PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?P<year>\d{4})-(?P<month>[01]?\d)-(?P<day>[0-3]?\d)\b",
        r"\b(?P<day>[0-3]?\d)(?P<mark>[./-])(?P<month>[0-3]?\d)(?P=mark)(?:\d{4}|\d{2})?(?!\w)",
        r"\b(?P<day>[0-3]?\d)/(?P<month>[0-3]?\d)\b",
        rf"\b{_DAY}(?:st|nd|rd|th|er|º|°|\.)?(?:\s+(?:of|de|di|do))?\s+(?P<name>{_MONTH})\b",
        rf"\b(?P<name>{_MONTH})\.?\s+{_DAY}(?:st|nd|rd|th)?\b(?![:.]\d)",
        rf"\b(?P<weekday>{_WEEKDAY})s?\b",
    )
]
_TIME = re.compile(
    r"\b(?P<hour>[0-2]?\d)(?:[:h](?P<minute>[0-5]\d)|\s?(?P<word>uhr|h|heures?|o['\u2019]clock)\b)?(?:\s?(?P<half>[ap]m\b|[ap]\.m\.))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A date or time found in a text. Any of its `readings` may be meant: 3/4 is in March, and in April."""

    start: int
    end: int
    readings: frozenset[str]


def find_dates(text: str) -> Iterator[Moment]:
    """Yield days of a month and weekdays; what stands earlier and is longer wins."""
    matches = sorted(
        chain.from_iterable(pattern.finditer(text) for pattern in _PATTERNS), key=lambda m: (m.start(), -m.end())
    )
    end = 0
    for match in matches:
        readings = _date_readings(match)
        if match.start() >= end and readings:
            end = match.end()
            yield Moment(start=match.start(), end=end, readings=readings)


def find_times(text: str) -> Iterator[Moment]:
    """Yield times of day: 14:30, 2 pm, 14h30, 14 Uhr."""
    for match in _TIME.finditer(text):
        hour, minute, half = int(match["hour"]), int(match["minute"] or 0), (match["half"] or "").lower()
        if hour > 24 or not (match["minute"] or match["word"] or half):  # noqa: PLR2004  hours of a day
            continue
        hours = {hour % 12 + (12 if half.startswith("p") else 0)} if half else {hour}
        readings = frozenset(f"{each % 24}:{minute:02}" for each in hours)
        yield Moment(start=match.start(), end=match.end(), readings=readings)


def _date_readings(match: re.Match[str]) -> frozenset[str]:
    parts = match.groupdict()
    if weekday := parts.get("weekday"):
        return frozenset({f"weekday {WEEKDAYS[weekday.lower()]}"})
    day = int(parts["day"])
    if name := parts.get("name"):
        return _real({(day, MONTHS[name.lower()])})
    month = int(parts["month"])
    return _real({(day, month)} if parts.get("year") else {(day, month), (month, day)})


def _real(pairs: set[tuple[int, int]]) -> frozenset[str]:
    return frozenset(f"{month}-{day}" for day, month in pairs if 1 <= month <= 12 and 1 <= day <= 31)  # noqa: PLR2004
