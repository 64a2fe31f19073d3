"""Attributions are found in any language where quotes follow; where none are marked, only what is sure cuts."""

import textwrap
import time

import pytest

from connectors.cleaning.attributions import is_attribution, start_of_attribution
from connectors.cleaning.quote_lines import read_lines
from connectors.cleaning.quotes import split
from tests.connectors.cleaning.corpus.letters import languages

FOREIGN = (
    "Vào Th 2, 3 thg 6, 2024 vào lúc 10:12 Minh <tom@example.net> đã viết:",
    "סומן ב־03/06/2024 בשעה 10:12, דוד כהן:",
    "Pada Sen, 3 Jun 2024 pukul 10.12 Budi <tom@example.net> menulis:",
    "2024年6月3日 10:12 山田太郎 <tom@example.net>：",  # noqa: RUF001
    "Quoting Tom Berg <tom@example.net>:",
)


@pytest.mark.parametrize("line", FOREIGN)
def test_any_language_above_quote_marks(line: str) -> None:
    """A day and a time, or an address, are enough right above marked lines."""
    assert split(f"Yes.\n\n{line}\n> Friday?").text == "Yes."


@pytest.mark.parametrize(
    "line",
    [
        "On 2024-06-03 at 10:12 the owner called and asked for these:",
        "Ruth Stein <ruth@example.net>:",
        "On Monday Tom wrote that three things are missing:",
    ],
)
def test_prose_above_unmarked_text(line: str) -> None:
    """Where no marks follow, a line that was likely typed cuts nothing."""
    text = f"Hi Tom,\n\n{line}\n\nthe key, the plans."
    assert split(text).text == text


def test_wrapped_lines_are_joined_no_further_than_needed() -> None:
    """The sign-off right above an attribution is not part of it."""
    lines = read_lines("Salut\nAna\nÎn lun., 3 iun. 2024 la 10:12, Ștefan <\ntom@example.net> a scris:\n> Vineri?")
    assert start_of_attribution(lines, 3, 0) == 2
    assert start_of_attribution(lines, 3, 3) == 3


def test_a_line_of_html_that_announces() -> None:
    """What stands above a bare blockquote tells whether it was quoted or only indented."""
    assert is_attribution('03.06.2024, 10:12, "Ivan" <tom@example.net>:\n')
    assert not is_attribution("This is the address I use:")
    assert not is_attribution("")


@pytest.mark.parametrize(
    "hostile",
    [
        "--- x" + " " * 100_000 + "x ---\nFrom: a@b.c\nTo: d\nSubject: e",
        "<" * 100_000 + ":\n> x",
        ('"a.' * 30_000) + ":\n> x",
        "On 1 " + "wrote " * 20_000 + ":\n> x",
        "\n".join(["a 2024 10:12:"] * 5_000) + "\n> x",
        "From: a\n" * 5_000 + "Subject: b",
    ],
)
def test_hostile_lines_end(hostile: str) -> None:
    """No line makes the search take long."""
    start = time.process_time()
    split(hostile)
    assert time.process_time() - start < 5


PATTERNS = [
    pattern.format(you=each.you, addr="tom@example.net", nb=" ")
    for each in languages().values()
    for pattern in (each.gmail, each.apple, each.thunderbird, *each.others)
]


@pytest.mark.parametrize("typed", ["Yes.\n\nAna", "Yes\nAna", "Until 3.6.2024.\nAna"])
def test_every_known_pattern(typed: str) -> None:
    """Attributions of 27 languages are found, wrapped or not, and take nothing along of what stands above."""
    for pattern in PATTERNS:
        for width, gap in [(1000, "\n\n"), (1000, "\n"), (70, "\n\n"), (60, "\n\n")]:
            line = "\n".join(textwrap.wrap(pattern, width, break_long_words=False, break_on_hyphens=False))
            assert split(f"{typed}{gap}{line}\n> Friday?").text == typed, line


def test_answer_that_is_an_address() -> None:
    """A typed address right above the next quote is an answer, no attribution."""
    assert split("> Who has the key?\nRuth <ruth@example.net>\n> And the plans?\nI do.").text == (
        "Ruth <ruth@example.net>\n\nI do."
    )
