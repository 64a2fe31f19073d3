"""Parts a mail into how it greets, what it says, and how it signs off. Whom it names is told from how. Pure.

A greeting begins with a word that greets; a sign-off with a line that closes (the cleaner knows them), or it is a name
alone. What does not look like either is body.
"""

# ruff: noqa: RUF001  words of other scripts

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.cleaning.signature import CLOSING

_GREETS = frozenset(
    """
    hi hiya hey hello howdy dear greetings good
    hallo liebe lieber liebes sehr geehrte geehrter guten moin servus grüezi grüß hoi werte werter
    bonjour bonsoir salut coucou cher chère chers chères madame monsieur
    hola buenos buenas estimado estimada estimados estimadas querido querida queridos queridas
    ciao salve buongiorno buonasera gentile gentilissimo gentilissima caro cara cari care egregio egregia spettabile
    beste geachte dag goedemorgen goedemiddag goedenavond lieve
    olá oi bom boa prezado prezada prezados prezadas
    cześć dzień dobry szanowny szanowna szanowni witam drogi droga
    hej hejsan kära käre bästa god kjære kære hei heisan moi terve hyvä
    ahoj milý milá vážený vážená szia kedves tisztelt bună dragă stimate stimată
    здравствуйте здравствуй привет добрый доброе уважаемый уважаемая уважаемые дорогой дорогая дорогие
    вітаю привіт добрий шановний шановна шановні
    merhaba merhabalar selam selamlar sayın sevgili
    γεια καλημέρα καλησπέρα αγαπητέ αγαπητή αγαπητοί שלום היי مرحبا عزيزي عزيزتي السلام
    """.split()  # noqa: SIM905  many quoted words are harder to read
)
"""Words that a greeting begins with."""
_NEEDS_MORE = frozenset("good guten bom boa god добрый доброе добрий".split())  # noqa: SIM905
"""Words that greet only with the time of day behind them: "good morning", but "good news"."""
_GOES_ON = frozenset(
    """
    there all everyone everybody team folks both again morning afternoon evening day sir madam or mr mrs ms dr prof
    zusammen alle damen und herren herr frau morgen tag abend gott dich
    à tous toutes m mme días tardes noches señor señora sr sra
    morgon morgen a tutti signor signora sig dott heer mevrouw dia tarde noite senhor senhora
    państwo pani pan день вечер утро день günler σας σου عليكم
    """.split()  # noqa: SIM905
)
"""Words that may stand in one, and are no name."""
_KNOWN = _GREETS | _GOES_ON

_WORD = re.compile(r"[^\W_]+")
_END_OF_HEAD = re.compile(r"[,!:;\u2013\u2014]+|\s-+(?=\s)")
_ONE_NAME = re.compile(r"[^\W\d_]+!?")
"""What follows the comma of "Hello, Eve!"."""
_MARK = re.compile(r"[,!:;.?\u2013\u2014-]+$")
_NAME = re.compile(r"[-\u2013\u2014~ ]*[^\W\d_](?:[\w '\u2019-]|\.(?=[ \w]))*|[-\u2013\u2014~ ]*[^\W\d_]\.")
_OPEN_END = re.compile(r"[^\W\d_](?:[\w '\u2019-]*)")
"""A line without the end of a sentence."""
_MOST_WORDS = 6
_MOST_LINES = 4
_MOST_NAMES = 3
_MOST_NAME_LINES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A greeting or a sign-off, without whom it names."""

    words: tuple[str, ...] = ()
    """Lower case."""
    names: int = 0
    """How many words of names: none, one, or two for more."""
    mark: str = ""
    """What it ends with: "," or "!"."""

    def __bool__(self) -> bool:
        return bool(self.words or self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The parts of a mail."""

    greeting: Phrase
    body: str
    sign_off: Phrase
    signed: tuple[str, ...]
    """The words of the name it is signed with, as they were typed."""


def part(text: str) -> Frame:
    """Part a mail."""
    lines = [line.strip() for line in text.strip().splitlines()]
    greeting, rest = _greeting(lines[0] if lines else "")
    body = [rest, *lines[1:]] if rest else lines[1:]
    start = _start_of_sign_off(body)
    sign_off, signed = _sign_off([line for line in body[start:] if line])
    return Frame(greeting=greeting, body="\n".join(body[:start]).strip(), sign_off=sign_off, signed=signed)


def _greeting(line: str) -> tuple[Phrase, str]:
    """Return the greeting that a line begins with, and what follows it on that line."""
    head = _head(line)
    said = [word.casefold() for word in _WORD.findall(head)]
    if not _greets(line, said) or len(head.split()) > _MOST_WORDS:
        return Phrase(), line
    known = tuple(word for word in said if word in _KNOWN)
    names = min(2, len(said) - len(known))
    return Phrase(words=known, names=names, mark=_mark(head)), line[len(head) :].strip()


def _greets(line: str, said: Sequence[str]) -> bool:
    """Whether a line begins with a greeting, which is made of these words."""
    if not said or said[0] not in _GREETS or not line[0].isalpha():
        return False
    return said[0] not in _NEEDS_MORE or not _GOES_ON.isdisjoint(said[1:2])


def _head(line: str) -> str:
    """Return the part of a line that a greeting would be, where it goes on as a sentence: "Hi Tom, thanks for …"."""
    found = _END_OF_HEAD.search(line)
    head, rest = (line[: found.end()], line[found.end() :].strip()) if found else (line, "")
    is_nameless = all(word.casefold() in _KNOWN for word in _WORD.findall(head))
    is_name = is_nameless and rest[:1].isupper() and bool(_ONE_NAME.fullmatch(rest))
    is_list = line.endswith((",", ":")) and len(line.split()) <= _MOST_WORDS
    return line if is_name or is_list else head


def _start_of_sign_off(lines: Sequence[str]) -> int:
    """Return on which line the sign-off begins; how many lines there are where there is none."""
    last = [at for at, line in enumerate(lines) if line][-_MOST_LINES:]
    if last and _closes(lines[last[-1]]):
        return last[-1]
    named = 0
    while named < len(last) and named < _MOST_NAME_LINES and _is_name(lines[last[-1 - named]]):
        named += 1
    above = last[-1 - named : -1][::-1] if named else []
    for is_lead in (_ends_open, _is_short):
        found = next((at for at in above if is_lead(lines[at])), None)
        if found is not None:
            return found
    return last[-1] if named and len(last) > 1 else len(lines)


def _sign_off(lines: Sequence[str]) -> tuple[Phrase, tuple[str, ...]]:
    if not lines:
        return Phrase(), ()
    closing = CLOSING.fullmatch(lines[0])
    at = closing.start("name") if closing and _closes(lines[0]) else len(lines[0]) if len(lines) > 1 else 0
    said, signed = lines[0][:at], [lines[0][at:], *lines[1:]]
    names = tuple(_WORD.findall(" ".join(signed)))
    words = tuple(word.casefold() for word in _WORD.findall(said))
    return Phrase(words=words, names=min(2, len(names)), mark=_mark(said)), names


def _closes(line: str) -> bool:
    """Whether a line closes a mail, with or without a name: "Best regards, David"."""
    return len(line.split()) <= _MOST_WORDS and not line.endswith("?") and bool(CLOSING.fullmatch(line))


def _ends_open(line: str) -> bool:
    """Whether a line leads to a name below it: it closes, or it is short and ends with a comma ("Big hug,")."""
    return _closes(line) or (line.endswith(",") and len(line.split()) <= _MOST_WORDS)


def _is_short(line: str) -> bool:
    """Whether a line may lead to a name, for want of a better one: a few words and no sentence ("xx")."""
    return len(line.split()) <= _MOST_NAMES and bool(_OPEN_END.fullmatch(line))


def _is_name(line: str) -> bool:
    """Whether a line is a name or the first letter of one."""
    return len(line.split()) <= _MOST_NAMES and bool(_NAME.fullmatch(line))


def _mark(text: str) -> str:
    found = _MARK.search(text.strip())
    return found[0][0] if found else ""
