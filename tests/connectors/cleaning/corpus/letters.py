"""The letters of the made cases: in a language, what its writer typed, what they quoted, and in which order both stand.

Nothing here knows mail programs; `programs.py` renders a letter as one of them would.
"""

import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
UNWRAPPED = frozenset({"ja", "zh", "zh_tw", "ko", "he", "ar"})
"""Languages whose mail programs break no lines here."""
WRITTEN_FROM_THE_RIGHT = frozenset({"he", "ar"})


class Placement(StrEnum):
    """Where the typed text stands to the quoted one."""

    TOP = "top"
    BOTTOM = "bottom"
    INLINE = "inline"
    FORWARD = "forward"
    ALONE = "alone"


class Below(StrEnum):
    """What a program put under the typed text."""

    NOTHING = "bare"
    SIGNATURE = "sig"
    PHONE = "phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What people write in one language, and what programs put above a quotation. See the `.toml` files."""

    code: str
    me: str
    you: str
    subject: str
    charsets: tuple[str, ...]
    typed: tuple[str, ...]
    closing: str
    asked: tuple[str, ...]
    signature: str
    phone: str
    gmail: str
    apple: str
    thunderbird: str
    fields: tuple[str, str, str, str]
    sent: str
    original: str
    outlook_mobile: str
    forwarded: str
    forward_fields: tuple[str, str, str, str]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A stretch of a letter that one person wrote."""

    text: str
    is_quoted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One letter, apart from any mail program."""

    language: Language
    placement: Placement
    below: Below
    typed: str
    asked: str

    @property
    def blocks(self) -> Iterator[Block]:
        """Yield what was typed and quoted, from the top."""
        mine, theirs = Block(text=self.typed), Block(text=self.asked, is_quoted=True)
        match self.placement:
            case Placement.ALONE:
                yield mine
            case Placement.BOTTOM:
                yield from (theirs, mine)
            case Placement.INLINE:
                yield from self._inline()
            case _:
                yield from (mine, theirs)

    def _inline(self) -> Iterator[Block]:
        """Answer line by line; what is left of the answers stands below the last, what is left to answer at the end."""
        answers, questions = self.typed.split("\n\n"), self.asked.split("\n")
        last = len(questions) - 1
        answers[last:] = ["\n\n".join(answers[last:])] if answers[last:] else []
        for question, answer in zip(questions, answers, strict=False):
            yield Block(text=question, is_quoted=True)
            yield Block(text=answer)
        if questions[len(answers) :]:
            yield Block(text="\n".join(questions[len(answers) :]), is_quoted=True)

    @property
    def addr(self) -> str:
        """The other person's address."""
        return "tom@example.net"

    def attribution(self, pattern: str) -> str:
        """Fill in an attribution line."""
        return pattern.format(you=self.language.you, addr=self.addr, nb="\N{NO-BREAK SPACE}")

    def wrap(self, text: str, width: int) -> str:
        """Break lines as a mail program does."""
        if self.language.code in UNWRAPPED:
            return text
        return "\n".join(broken for line in text.split("\n") for broken in wrap_line(line, width))


def wrap_line(line: str, width: int) -> list[str]:
    """Break one line between words only."""
    return textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]


@cache
def languages() -> dict[str, Language]:
    """Read all languages."""
    found = {}
    for path in sorted(FOLDER.glob("languages_*.toml")):
        for code, fields in tomllib.loads(path.read_text(encoding="utf-8")).items():
            known = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
            found[code] = Language(code=code, **known)
    return found
