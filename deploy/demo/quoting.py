"""How mail programs quote the message they answer, in each of the demo's languages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from deploy.demo.people import Person

_MONTHS = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(),
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.".split(),
}
_DAYS = {
    "en": "Mon Tue Wed Thu Fri Sat Sun".split(),
    "de": "Mo. Di. Mi. Do. Fr. Sa. So.".split(),
    "fr": "lun. mar. mer. jeu. ven. sam. dim.".split(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A message as it stands below its answer."""

    sender: Person
    owner: Person
    sent_at: datetime
    subject: str
    text: str
    language: str


def _marked(text: str) -> str:
    return "\n".join(f"> {line}" if line and line[0] != ">" else f">{line}" for line in text.splitlines())


def gmail(quoted: Quoted) -> str:
    """Quote as Gmail does."""
    at, who = quoted.sent_at, f"{quoted.sender.full} <{quoted.sender.address.addr}>"
    day, month = _DAYS[quoted.language][at.weekday()], _MONTHS[quoted.language][at.month - 1]
    head = {
        "en": f"On {day}, {at.day} {month} {at.year} at {at:%H:%M}, {who} wrote:",
        "de": f"Am {day}, {at.day}. {month} {at.year} um {at:%H:%M} Uhr schrieb {who}:",
        "fr": f"Le {day} {at.day} {month} {at.year} à {at:%H:%M}, {who} a écrit :",
    }
    return f"{head[quoted.language]}\n\n{_marked(quoted.text)}"


def apple(quoted: Quoted) -> str:
    """Quote as Apple Mail does."""
    at, who = quoted.sent_at, f"{quoted.sender.full} <{quoted.sender.address.addr}>"
    month = _MONTHS[quoted.language][at.month - 1]
    head = {
        "en": f"On {at.day} {month} {at.year}, at {at:%H:%M}, {who} wrote:",
        "de": f"Am {at:%d.%m.%Y} um {at:%H:%M} schrieb {who}:",
        "fr": f"Le {at.day} {month} {at.year} à {at:%H:%M}, {who} a écrit :",
    }
    return f"{head[quoted.language]}\n\n{_marked(quoted.text)}"


def thunderbird(quoted: Quoted) -> str:
    """Quote as Thunderbird does."""
    at, who = quoted.sent_at, quoted.sender.full
    head = {
        "en": f"On {at:%d/%m/%Y %H:%M}, {who} wrote:",
        "de": f"Am {at:%d.%m.%y} um {at:%H:%M} schrieb {who}:",
        "fr": f"Le {at:%d/%m/%Y} à {at:%H:%M}, {who} a écrit :",
    }
    return f"{head[quoted.language]}\n{_marked(quoted.text)}"


def outlook(quoted: Quoted) -> str:
    """Quote as Outlook does: a header block, and no marks."""
    at = quoted.sent_at
    names = {
        "en": ("-----Original Message-----", "From", "Sent", "To", "Subject"),
        "de": ("-----Ursprüngliche Nachricht-----", "Von", "Gesendet", "An", "Betreff"),
        "fr": ("-----Message d'origine-----", "De", "Envoyé", "À", "Objet"),
    }
    line, from_, sent, to, subject = names[quoted.language]
    colon = " :" if quoted.language == "fr" else ":"
    return (
        f"{line}\n{from_}{colon} {quoted.sender.full} <{quoted.sender.address.addr}>\n"
        f"{sent}{colon} {at:%d.%m.%Y %H:%M}\n{to}{colon} {quoted.owner.full} <{quoted.owner.address.addr}>\n"
        f"{subject}{colon} {quoted.subject}\n\n{quoted.text}"
    )


STYLES: Mapping[str, Callable[[Quoted], str]] = {
    "gmail": gmail,
    "apple": apple,
    "thunderbird": thunderbird,
    "outlook": outlook,
}
