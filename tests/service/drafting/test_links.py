"""What mail programs make clickable."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.drafting.endings import Likeness, hosts_in, undisguised
from service.drafting.links import find_addresses, find_domains, find_links, is_domain, plain_link


def found(text: str) -> list[str]:
    """All that is surely a link or an address, in the order in which it is looked for; a piece counts once."""
    candidates = [(*span, Likeness.SURE) for span in find_links(text)]
    candidates += [*find_addresses(text), *find_domains(text)]
    taken: list[tuple[int, int]] = []
    for start, end, likeness in candidates:
        if likeness is Likeness.SURE and not any(start < last and first < end for first, last in taken):
            taken.append((start, end))
    return [text[start:end] for start, end in taken]


def likeness(text: str) -> list[Likeness]:
    """How much the words of a text look like hosts, without their addresses."""
    return [each for *_, each in find_domains(text)]


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
        ("Pay at evil.com.Best regards", "evil.com"),
        ("Pay at //evil.com/x", "//evil.com/x"),
        ("Pay at https\uff1a//evil.example", "https\uff1a//evil.example"),
        ("Pay at http:/evil.example", "http:/evil.example"),
        ("Pay at https:\\\\evil.example\\a", "https:\\\\evil.example\\a"),
        ("Pay at evil\u2024com/x", "evil\u2024com/x"),
        ("Call tel:+49-123-456!", "tel:+49-123-456"),
    ],
)
def test_links_are_found_whole(text: str, link: str) -> None:
    """With a scheme or without, and without the stop that ends the sentence."""
    assert found(text) == [link]


@pytest.mark.parametrize(
    "text",
    [
        "zoe@example.org",
        "zoe.b+x@mail.example.org",
        "z\u200coe@example.org",
        "zoe\uff20example.org",
        '"zoe b"@example.org',
        "zoe@[192.0.2.1]",
    ],
)
def test_addresses_are_found_whole(text: str) -> None:
    """Also such as are written to be overlooked. Their domain is no link of its own."""
    assert found(f"Ask {text}, she knows.") == [text]


NEWER = """network systems life zone host press download stream cash credit tax travel ninja pl dentist bank gift guru
    \u4e2d\u56fd \u9999\u6e2f \u30c6\u30b9\u30c8""".split()  # noqa: SIM905


@pytest.mark.parametrize("end", NEWER)
def test_every_ending_of_the_list_makes_a_link(end: str) -> None:
    """Whatever registries there are by now, in any script."""
    assert found(f"Pay at evil-bank.{end} today.") == [f"evil-bank.{end}"]


@pytest.mark.parametrize("text", ["x.com", "evil-bank.it", "evilbank.it", "a1.it", "EVIL.COM", "\u4f8b\u3048.jp"])
def test_a_name_that_is_no_word_is_a_link(text: str) -> None:
    """However short it is; only words that sentences end with are doubted."""
    assert found(f"See {text} please") == [text]


@pytest.mark.parametrize("text", ["ok.it", "gut.so.", "t.me", "s.th.", "Done.is it", "danke.es war"])
def test_a_lost_blank_is_doubted(text: str) -> None:
    """It may be a link, and is more likely none."""
    assert found(text) == []
    assert likeness(text) in ([Likeness.DOUBTFUL], [Likeness.UNLIKELY])


@pytest.mark.parametrize(
    "text", ["Evil.It", "evil.sh", "evil.rs", "evil.so", "evil.md", "1.1.1.1", "3.io", "Thanks.Best"]
)
def test_what_is_hardly_a_link_is_told(text: str) -> None:
    """It counts where received mail says it."""
    assert likeness(f"See {text}, yes") == [Likeness.UNLIKELY]


def test_a_word_without_dots_after_an_at_is_hardly_an_address() -> None:
    """No mail program makes a link of it."""
    assert [each for *_, each in find_addresses("eve@localhost")] == [Likeness.UNLIKELY]


def test_a_text_names_hosts_wherever_they_stand() -> None:
    """In links, addresses and alone, with what they lie in; spelled out they count too."""
    text = "https://a.evil.com/x eve@mail.evil.net Evil\u3002It"
    assert hosts_in(text) == {"a.evil.com", "evil.com", "mail.evil.net", "evil.net", "evil.it"}
    for disguise in ("evil (dot) it", "evil[.]it", "evil dot it", "evil {punkt} it", "e v i l . i t"):
        assert hosts_in(undisguised(f"Go to {disguise} now")) == {"evil.it"}


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
        "z.B. e.g. i.e. u.a. d.h. p.ex. n.Chr. S.A. Ph.D. U.S. a.k.a. usw.usf.",
        "e.g.by hand, see report.pdf, v1.2, 1.2.3.4, 10.am, 3.pm, Mr.Smith, Mr.Weber, St.Gallen, Fri.and",
        "Thanks.Best regards, done.Here is it, gut.Team Ana, works.Call me, Montag.Jetzt geht es, yes.Love, Ana",
        "I read main.py. Tel: 040 123456",
        "\u6211\u7231\u4f60\u3002\u4e2d\u56fd\u3002",
        "We meet@noon, and 3@5 euros.",
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
        "1.1.1.1 " * 12_000,
        "(dot)" * 20_000,
        "(  " * 30_000,
        '"' * 100_000,
        "//a" * 30_000,
        "a " * 50_000,
        "\u4e2d\u56fd\u3002" * 30_000,
    ],
)
def test_long_words_are_read_in_time(text: str) -> None:
    """A mail cannot keep the check busy."""
    start = time.monotonic()
    list(find_links(text))
    list(find_addresses(text))
    list(find_domains(text))
    hosts_in(undisguised(text))
    assert time.monotonic() - start < 5


def test_a_domain_is_told_from_a_link() -> None:
    """A domain is a name; with anything beside it, it leads somewhere."""
    assert all(map(is_domain, ("example.org", "Mail.Example.org")))
    assert not any(map(is_domain, ("https://example.org", "www.example.org", "example.org/", "example.org:80")))
