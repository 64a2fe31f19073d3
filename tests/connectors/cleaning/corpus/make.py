"""Makes the cases under `made/`: each language through many mail programs, placements, charsets and signatures.

Run it from the root: `python -m tests.connectors.cleaning.corpus.make`. It writes the same files each time. What it
makes was looked at; a case that no mail program would write is a defect of this module.
"""

import base64
import quopri
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.header import Header
from itertools import count

from tests.connectors.cleaning.corpus import programs
from tests.connectors.cleaning.corpus.letters import FOLDER, Below, Language, Letter, Placement, languages
from tests.connectors.cleaning.corpus.programs import Rendered

MADE = FOLDER / "made"
TOP, BOTTOM, INLINE = Placement.TOP, Placement.BOTTOM, Placement.INLINE
ENCODINGS = ("8bit", "quoted-printable", "8bit", "base64")
PLAN: tuple[tuple[str, Callable[[Letter], Rendered], tuple[Placement, ...]], ...] = (
    ("gmail", programs.gmail, (TOP, INLINE)),
    ("gmail_html", programs.gmail_html, (TOP, INLINE, BOTTOM)),
    ("apple", programs.apple, (TOP,)),
    ("apple_html", programs.apple_html, (TOP, INLINE)),
    ("iphone", programs.iphone, (TOP,)),
    ("thunderbird", programs.thunderbird, (BOTTOM, INLINE, TOP)),
    ("thunderbird_html", programs.thunderbird_html, (INLINE, TOP, BOTTOM)),
    ("outlook_plain", programs.outlook_plain, (TOP,)),
    ("outlook_original", programs.outlook_original, (TOP,)),
    ("outlook_web_plain", programs.outlook_web_plain, (TOP,)),
    ("outlook_mobile", programs.outlook_mobile, (TOP,)),
    ("outlook_word", programs.outlook_word, (TOP,)),
    ("outlook_web", programs.outlook_web, (TOP,)),
    ("gmail_forward", programs.gmail_forward, (Placement.FORWARD,)),
)
SHORT = frozenset({"cs", "fi", "no", "uk", "zh_tw", "ko", "el", "hu", "ro", "bg", "hr"})
"""Languages that get half of the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One made mail and what its writer typed."""

    name: str
    raw: bytes
    typed: str


def main() -> int:
    """Write all cases anew."""
    shutil.rmtree(MADE, ignore_errors=True)
    MADE.mkdir()
    for case in cases():
        (MADE / f"{case.name}.eml").write_bytes(case.raw)
        (MADE / f"{case.name}.txt").write_text(f"{case.typed}\n", encoding="utf-8")
    return 0


def cases() -> Iterator[Case]:
    """Yield every case."""
    turn = count()
    for at, language in enumerate(languages().values()):
        plan = PLAN[at % 2 :: 2] if language.code in SHORT else PLAN
        for number, (name, render, placements) in enumerate(plan):
            yield _case(language, name, render, placements[(at + number) % len(placements)], next(turn))
        for number, pattern in enumerate(language.others):
            placement = (BOTTOM, INLINE, TOP)[(at + number) % 3]
            is_html = number % 3 == 2
            render = programs.other_html(pattern) if is_html else programs.other(pattern, mark=("> ", ">")[number % 2])
            yield _case(language, f"other{number + 1}", render, placement, next(turn))


def _case(
    language: Language, program: str, render: Callable[[Letter], Rendered], placement: Placement, turn: int
) -> Case:
    typed = f"{language.typed[turn % len(language.typed)]}\n\n{language.closing}"
    below = _below(program, turn)
    asked = language.asked[1 if placement is INLINE else turn // 2 % len(language.asked)]
    letter = Letter(language=language, placement=placement, below=below, typed=typed, asked=asked)
    name = f"{language.code}_{program}_{placement}_{below}"
    charset = language.charsets[turn % len(language.charsets)]
    return Case(name=name, raw=_message(letter, render(letter), name, charset, ENCODINGS[turn // 2 % 4]), typed=typed)


def _below(program: str, turn: int) -> Below:
    if program == "iphone":
        return Below.PHONE
    return (Below.NOTHING, Below.SIGNATURE)[turn // 3 % 2] if program != "outlook_mobile" else Below.NOTHING


def _message(letter: Letter, body: Rendered, name: str, charset: str, encoding: str) -> bytes:
    language = letter.language
    prefix = "Fwd: " if letter.placement is Placement.FORWARD else "Re: "
    head = [
        f"From: {_word(language.me)} <ana@example.org>",
        f"To: {_word(language.you)} <tom@example.net>",
        "Date: Tue, 4 Jun 2024 09:15:00 +0200",
        f"Message-ID: <{name}@example.org>",
        f"Subject: {_word(prefix + language.subject)}",
        "In-Reply-To: <q1@example.net>",
        "References: <q0@example.net> <q1@example.net>",
        "MIME-Version: 1.0",
    ]
    flowed = "; format=flowed" if body.is_flowed else ""
    plain = _part(body.plain, f"text/plain{flowed}", charset, encoding) if body.plain else b""
    html = _part(body.html, "text/html", charset, encoding) if body.html else b""
    if plain and html:
        return "\n".join([*head, ""]).encode() + _alternative(plain, html)
    return "\n".join([*head, ""]).encode() + (plain or html)


def _word(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=998).encode()


def _alternative(plain: bytes, html: bytes) -> bytes:
    start = b'Content-Type: multipart/alternative; boundary="0000000000006b1c"\n\n'
    return start + b"--0000000000006b1c\n" + plain + b"\n--0000000000006b1c\n" + html + b"\n--0000000000006b1c--\n"


def _part(text: str, content_type: str, charset: str, encoding: str) -> bytes:
    try:
        raw = text.encode(charset.removesuffix("-i"))  # Hebrew "in logical order": the same bytes
    except UnicodeEncodeError:  # the program changes to UTF-8 for a character more
        charset, raw = "utf-8", text.encode()
    match encoding:
        case "quoted-printable":
            raw = quopri.encodestring(raw)
        case "base64":
            raw = base64.encodebytes(raw)
    head = f"Content-Type: {content_type}; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n"
    return head.encode() + raw


if __name__ == "__main__":
    sys.exit(main())
