"""The mail that is answered, as it stands below the answer: the line that announces it, and its words as text."""

# ruff: noqa: RUF001  other alphabets

from collections.abc import Iterator
from datetime import datetime

from connectors.composing.answered import Answered
from connectors.composing.flowed import Line, read_lines
from connectors.composing.headers import clean, one_line

MAX_CHARACTERS = 200_000
"""More of a mail is not quoted."""
CUT = "[…]"

ATTRIBUTIONS = {
    "ar": ("في {at:%Y/%m/%d %H:%M}، كتب {who}:", "كتب {who}:"),
    "cs": ("Dne {at:%d.%m.%Y} v {at:%H:%M} {who} napsal(a):", "{who} napsal(a):"),
    "da": ("Den {at:%d.%m.%Y} kl. {at:%H.%M} skrev {who}:", "{who} skrev:"),
    "de": ("Am {at:%d.%m.%Y} um {at:%H:%M} schrieb {who}:", "{who} schrieb:"),
    "en": ("On {at:%Y-%m-%d} at {at:%H:%M}, {who} wrote:", "{who} wrote:"),
    "es": ("El {at:%d/%m/%Y} a las {at:%H:%M}, {who} escribió:", "{who} escribió:"),
    "fi": ("{who} kirjoitti {at:%d.%m.%Y} klo {at:%H.%M}:", "{who} kirjoitti:"),
    "fr": ("Le {at:%d/%m/%Y} à {at:%H:%M}, {who} a écrit :", "{who} a écrit :"),
    "he": ("בתאריך {at:%d.%m.%Y} בשעה {at:%H:%M}, {who} כתב:", "{who} כתב:"),
    "it": ("Il {at:%d/%m/%Y} alle {at:%H:%M}, {who} ha scritto:", "{who} ha scritto:"),
    "ja": ("{at:%Y}年{at:%m}月{at:%d}日 {at:%H:%M} {who}:", "{who} さんは書きました:"),
    "nl": ("Op {at:%d-%m-%Y} om {at:%H:%M} schreef {who}:", "{who} schreef:"),
    "no": ("Den {at:%d.%m.%Y} kl. {at:%H:%M} skrev {who}:", "{who} skrev:"),
    "pl": ("W dniu {at:%d.%m.%Y} o {at:%H:%M}, {who} pisze:", "{who} pisze:"),
    "pt": ("Em {at:%d/%m/%Y} às {at:%H:%M}, {who} escreveu:", "{who} escreveu:"),
    "ru": ("{at:%d.%m.%Y} {at:%H:%M}, {who} пишет:", "{who} пишет:"),
    "sv": ("Den {at:%Y-%m-%d} kl. {at:%H:%M} skrev {who}:", "{who} skrev:"),
    "tr": ("{who}, {at:%d.%m.%Y} {at:%H:%M} tarihinde şunu yazdı:", "{who} şunu yazdı:"),
    "uk": ("{at:%d.%m.%Y} {at:%H:%M}, {who} пише:", "{who} пише:"),
    "zh": ("{who} 于{at:%Y}年{at:%m}月{at:%d}日 {at:%H:%M}写道:", "{who} 写道:"),
}
"""Language to the line above quoted words, as mail programs write it, and the line where no time is known."""


def attribution(answered: Answered, now: datetime, language: str) -> str:
    """Return the line that announces the quoted words; times are told in the zone of `now`."""
    dated, undated = ATTRIBUTIONS.get(language, ATTRIBUTIONS["en"])
    email = answered.email
    who = one_line(str(email.sender))
    if email.sent_at is None:
        return undated.format(who=who)
    return dated.format(who=who, at=email.sent_at.astimezone(now.tzinfo))


def quoted_lines(answered: Answered) -> Iterator[Line]:
    """Yield the lines of the mail, each one quote mark deeper."""
    for line in read_lines(_cut(clean(answered.body or answered.email.text).strip("\n"))):
        yield Line(line.depth + 1, line.words if line.words == "-- " else line.words.rstrip())


def _cut(text: str) -> str:
    if len(text) <= MAX_CHARACTERS:
        return text
    end = text.rfind("\n", 0, MAX_CHARACTERS)
    return f"{text[: end if end > 0 else MAX_CHARACTERS]}\n{CUT}"
