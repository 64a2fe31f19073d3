"""What mail programs make clickable."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.drafting.links import find_addresses, find_domains, find_links, is_domain, plain_link


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
        ("Pay at EVIL.Com.", "EVIL.Com"),
        ("Pay at evil.Com!", "evil.Com"),
        ("Pay at evil.sbs.", "evil.sbs"),
        ("Pay at evil.sbs/pay", "evil.sbs/pay"),
        ("Pay at evil.photos/x", "evil.photos/x"),
        ("Pay at evil.sh/login or", "evil.sh/login"),
        ("Pay at evil.zip/x", "evil.zip/x"),
        ("Pay at www.evil.zip", "www.evil.zip"),
        ("Pay at evil.whatever?x=1", "evil.whatever?x=1"),
        ("Pay at \u0431\u0430\u043d\u043a.\u0440\u0444/pay", "\u0431\u0430\u043d\u043a.\u0440\u0444/pay"),
        ("Pay at \u0431\u0430\u043d\u043a.\u0440\u0444", "\u0431\u0430\u043d\u043a.\u0440\u0444"),
        ("Pay at evil\u3002sbs/x", "evil\u3002sbs/x"),
        ("Pay at 10.0.0.1/pay", "10.0.0.1/pay"),
        ("Pay at 10.0.0.1:8080", "10.0.0.1:8080"),
        ("Pay at ...evil.com", "evil.com"),
        ("Pay at evil.com.Danke", "evil.com"),
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
        "Look at photos.zip, clip.mov, main.rs, libc.so and report.pages.",
        "Did you read main.py? Or run.sh?",
        "Node.js/React, index.html/top, 14.30/15.00, 1.Mai/2.Juni, z.B./d.h. 10.0.0.1",
        "\u4f60\u597d\u3002\u8fd9\u4e2a/\u90a3\u4e2a",
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


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "a." * 50_000,
        "a@" * 50_000,
        "a-" * 50_000 + "@",
        "www." * 25_000,
        "\u0628\u200c" * 50_000,
        "\u0628\u200c" * 50_000 + "@",
        "a\u3002" * 50_000,
        "a.b\u200d" * 30_000 + "@",
        "a.." * 30_000,
        "a.com:" + "9" * 100_000 + "x@",
        "a.b/" * 25_000,
        "a@b." * 25_000,
    ],
)
def test_long_words_are_read_in_time(text: str) -> None:
    """A mail cannot keep the check busy."""
    start = time.monotonic()
    found(text)
    assert time.monotonic() - start < 2


def test_a_domain_is_told_from_a_link() -> None:
    """A domain is a name; with anything beside it, it leads somewhere."""
    assert all(map(is_domain, ("example.org", "Mail.Example.org")))
    assert not any(map(is_domain, ("https://example.org", "www.example.org", "example.org/", "example.org:80")))
