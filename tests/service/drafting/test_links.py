"""What mail programs make clickable."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.drafting.links import find_addresses, find_domains, find_links, plain_link


def found(text: str) -> list[str]:
    """All links and addresses of a text, in the order in which they are looked for; a piece counts once."""
    spans: list[tuple[int, int]] = []
    for find in (find_links, find_addresses, find_domains):
        spans += [span for span in find(text) if not any(span[0] < end and start < span[1] for start, end in spans)]
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("See https://example.org/a?b=1#c.", "https://example.org/a?b=1#c"),
        ("See (http://example.org/a).", "http://example.org/a"),
        ("See FTP://example.org!", "FTP://example.org"),
        ("See www.example.org, please", "www.example.org"),
        ("Pay at evil.example/pay today.", "evil.example/pay"),
        ("Pay at evil.com.", "evil.com"),
        ("Pay at EVIL.COM:8080/pay", "EVIL.COM:8080/pay"),
        ("Pay at x.co/9", "x.co/9"),
        ("Pay at m\u00fcller-bank.de", "m\u00fcller-bank.de"),
        ("Pay at evil\u3002com", "evil\u3002com"),
        ("Pay at xn--bcher-kva.example now", "xn--bcher-kva.example"),
    ],
)
def test_links_are_found_whole(text: str, link: str) -> None:
    """With a scheme or without, and without the stop that ends the sentence."""
    assert found(text) == [link]


@pytest.mark.parametrize(
    "text", ["zoe@example.org", "zoe.b+x@mail.example.org", "z\u200coe@example.org", "zoe\uff20example.org"]
)
def test_addresses_are_found_whole(text: str) -> None:
    """Also such as are written to be overlooked. Their domain is no link of its own."""
    assert found(f"Ask {text}, she knows.") == [text]


@pytest.mark.parametrize(
    "text",
    [
        "Danke.Am Montag passt es.",
        "z.B. am Montag, d.h. bald, e.g. now, a.m. or p.m.",
        "Read notes.md and main.py first.",
        "Version 1.2.3 of 21.11.2026 at 14.30",
        "Done...so we go on.",
        "Ana Lopez, Dr. Kling",
    ],
)
def test_sentences_abbreviations_and_files_are_no_links(text: str) -> None:
    """Else half of a mail would be marked."""
    assert found(text) == []


def test_spellings_of_one_link_are_equal() -> None:
    """Scheme, www, case and a last slash make no difference; another place on the same host does."""
    assert (
        len(set(map(plain_link, ("https://Example.org/", "http://example.org", "WWW.example.org", "example.org")))) == 1
    )
    assert plain_link("https://example.org/pay") != plain_link("https://example.org")


@given(st.text(alphabet="a.@-/:w\u200c", max_size=200))
def test_spans_lie_in_the_text(text: str) -> None:
    """Whatever is written, each span is a piece of it."""
    assert all(piece and piece in text for piece in found(text))


@pytest.mark.parametrize("text", ["a" * 100_000, "a." * 50_000, "a@" * 50_000, "a-" * 50_000 + "@", "www." * 25_000])
def test_long_words_are_read_in_time(text: str) -> None:
    """A mail cannot keep the check busy."""
    start = time.monotonic()
    found(text)
    assert time.monotonic() - start < 5
