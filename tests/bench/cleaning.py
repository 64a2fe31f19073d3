"""Cleaning side by side: what quotequail, mail-parser-reply and `connectors` make of the same mails, as a table.

Run it from the root: `python -m tests.bench.cleaning`. The other two get each body decoded, in UTF-8 and with soft line
breaks undone, and are judged by words alone: they promise nothing about line breaks, character sets or signatures.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import quotequail
from mailparser_reply import EmailReplyParser
from mailparser_reply.constants import MAIL_LANGUAGES

from connectors.cleaning import html, language, mime
from connectors.cleaning.parts import Part
from tests.connectors.cleaning.cases import Case, load, lost

LANGUAGES = [name for name in MAIL_LANGUAGES if len(name) == 2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaner:
    """One way to tell typed text from the rest."""

    name: str
    clean: Callable[[Case], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How it did, in shares of all cases."""

    exact: float
    exact_words: float
    exact_words_but_signature: float
    half_lost: float
    mails_per_s: float


def main() -> int:
    """Measure all, and print the tables."""
    cases = load()
    language.detect("Load the model before the clock starts.")
    cleaners = (
        Cleaner(name="quotequail 0.5: `unwrap`, `unwrap_html`", clean=by_quotequail),
        Cleaner(name="mail-parser-reply 1.36, all its languages", clean=by_mail_parser_reply),
        Cleaner(name="`connectors`: `mime.parse`", clean=by_connectors),
    )
    print("| cleaner | to the letter | same words | same, signature aside | over half lost | mails/s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for cleaner in cleaners:
        score = measure(cleaner, cases)
        shares = (score.exact, score.exact_words, score.exact_words_but_signature, score.half_lost)
        row = " | ".join(f"{share:.1%}" for share in shares)
        print(f"| {cleaner.name} | {row} | {score.mails_per_s:,.0f} |")
    held_back = [case for case in cases if case.is_held_back]
    for name, some in (("held back", held_back), ("the others", [case for case in cases if case not in held_back])):
        print(f"\n`connectors`, {len(some)} cases {name}: {measure(cleaners[-1], some).exact:.1%} to the letter.")
    return 0


def measure(cleaner: Cleaner, cases: list[Case]) -> Score:
    """Clean all cases and compare."""
    signatures = [mime.parse(case.raw).signature for case in cases]
    start = time.process_time()
    cleaned = [cleaner.clean(case) for case in cases]
    seconds = time.process_time() - start
    results = list(zip(cases, cleaned, signatures, strict=True))

    def share(is_so: Callable[[Case, str, str], bool]) -> float:
        return sum(is_so(*result) for result in results) / len(results)

    return Score(
        exact=share(lambda case, text, _: text.strip("\n") == case.typed),
        exact_words=share(lambda case, text, _: text.split() == case.typed.split()),
        exact_words_but_signature=share(
            lambda case, text, signature: without_delimiter(text) in both(case.typed, signature)
        ),
        half_lost=share(lambda case, text, _: lost(case.typed, text) > 0.5),
        mails_per_s=len(results) / seconds,
    )


def both(typed: str, signature: str) -> tuple[list[str], list[str]]:
    """Return the words of the typed text, without and with the signature."""
    return typed.split(), without_delimiter(f"{typed}\n{signature}")


def without_delimiter(text: str) -> list[str]:
    """Return the words of a text, but for the dashes above a signature."""
    return " ".join(line for line in text.split("\n") if line.strip() != "--").split()


def by_connectors(case: Case) -> str:
    """Clean with our parser."""
    return mime.parse(case.raw).text


def by_quotequail(case: Case) -> str:
    """Clean with quotequail: as plain text where there is one, else as HTML."""
    found = plain_and_html(case.raw)
    if found[0]:
        parts = quotequail.unwrap(found[0])
        return "\n".join([parts.get("text_top", ""), parts.get("text_bottom", "")]) if parts else found[0]
    parts = quotequail.unwrap_html(found[1])
    if not parts:
        return html.read(found[1]).text
    return html.read(parts.get("html_top", "")).text + "\n" + html.read(parts.get("html_bottom", "")).text


def by_mail_parser_reply(case: Case) -> str:
    """Clean with mail-parser-reply, which knows plain text only: HTML is rendered by us, quotes marked."""
    plain, markup = plain_and_html(case.raw)
    text = plain or html.read(markup).text
    return EmailReplyParser(languages=LANGUAGES).parse_reply(text) or ""


def plain_and_html(raw: bytes) -> tuple[str, str]:
    """Return the decoded bodies of a mail."""
    leaves = list(Part(raw).leaves())
    markup = "".join(leaf.text for leaf in leaves if leaf.content_type == "text/html")
    has_plain = any(leaf.content_type == "text/plain" for leaf in leaves)
    return (mime.read_body(raw).text if has_plain else ""), markup


if __name__ == "__main__":
    sys.exit(main())
