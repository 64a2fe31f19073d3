"""HTML mail reads as its writer saw it; what programs marked as quoted or as signature is told apart."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.cleaning.html import read

TAGS = (
    "div",
    "p",
    "br",
    "blockquote type=cite",
    "ul",
    "ol",
    "li",
    "pre",
    "table",
    "tr",
    "td",
    "span class=gmail_attr",
    "b",
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("one <b>two</b>\n  three", "one two three"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("<div>one<br></div><div>two</div>", "one\ntwo"),
        ("<p style='margin:0'>one</p><p style='margin:0'>two</p>", "one\ntwo"),
        ("<p class=MsoNormal>one</p><p class=MsoNormal>&nbsp;</p><p class=MsoNormal>two</p>", "one\n\ntwo"),
        ("<ul><li>one<ul><li>inner</li></ul></li><li>two</li></ul>", "- one\n  - inner\n- two"),
        ("<ol><li>one</li><li>two</li></ol>after", "1. one\n2. two\n\nafter"),
        ("<pre>a  b\n c</pre>", "a  b\n c"),
        ("typed<blockquote type=cite>theirs<br>more</blockquote>typed", "typed\n\n> theirs\n> more\n\ntyped"),
        ("<blockquote type=cite>a<blockquote type=cite>b</blockquote></blockquote>", "> a\n>\n> > b"),
        ("x<style>p{}</style><script>1</script><!-- no -->y", "xy"),
        ("caf&eacute; &lt;b&gt;", "café <b>"),
    ],
)
def test_layout(html: str, text: str) -> None:
    """Blocks, paragraphs, lists and quotations become lines."""
    assert read(html).text == text


@pytest.mark.parametrize(
    "html",
    [
        "typed<div class=gmail_signature>Ana Lopez</div>",
        "typed<div class='moz-signature'>-- <br>Ana Lopez</div>",
        "typed<div id=Signature>Ana Lopez</div>",
    ],
)
def test_signature_is_apart(html: str) -> None:
    """A signature is known by its mark."""
    body = read(html)
    assert (body.text, body.signature) == ("typed", "Ana Lopez")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<div>Ana, 03.06.2024, 10:12:</div><blockquote>theirs</blockquote>", "Ana, 03.06.2024, 10:12:\n\n> theirs"),
        ("<div>this address:</div><blockquote>mine</blockquote>", "this address:\nmine"),
        ("<div>&gt;90% of them</div>", "  >90% of them"),
        ("<div>&gt; theirs</div>", "> theirs"),
    ],
)
def test_what_only_looks_quoted(html: str, text: str) -> None:
    """A bare blockquote is quoted where an attribution announces it; a typed ">" is kept apart from a mark."""
    assert read(html).text == text


def test_many_empty_blockquotes_end() -> None:
    """Looking for what announces a quotation does not take long."""
    start = time.process_time()
    read("<blockquote></blockquote>" * 10_000)
    assert time.process_time() - start < 5


def test_signature_of_the_quoted_is_quoted() -> None:
    """Another person's signature is part of what they wrote."""
    body = read("typed<blockquote type=cite>theirs<div class=gmail_signature>Tom</div></blockquote>")
    assert (body.text, body.signature) == ("typed\n\n> theirs\n> Tom", "")


@given(
    st.lists(
        st.one_of(
            st.sampled_from(TAGS).map("<{}>".format), st.sampled_from(TAGS).map("</{}>".format), st.text(max_size=8)
        )
    )
)
@settings(deadline=None)
def test_any_html(pieces: list[str]) -> None:
    """Tags in any order read as something."""
    read("".join(pieces))


def test_deep_nesting_ends() -> None:
    """Thousands of nested elements neither crash nor take long."""
    start = time.process_time()
    assert read("<div>" * 5_000 + "deep").text == "deep"
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    "unit",
    [
        "<ol><li>",
        "<ol><li>x",
        "<ul><li>",
        "<blockquote type=cite>",
        "<blockquote type=cite>x",
        "<blockquote type=cite><ol><li>x<br>",
        "<blockquote type=cite><p><p>x<table>",
        "<blockquote type=cite><pre>\n\n\n",
        "<pre>\t\n",
        "<hr id=stopSpelling>",
        "<td>",
    ],
)
def test_text_is_no_longer_than_its_html(unit: str) -> None:
    """A mail cannot fill the memory of its reader, nor the archive."""
    html = unit * (60_000 // len(unit))
    assert len(read(html).text) <= 2 * len(html) + 2_000


def test_many_lines_in_few_levels_are_no_longer_either() -> None:
    """Nor with short lines that each begin with the marks of all levels; what stands first is kept."""
    html = "Hello" + "<blockquote type=cite>" * 15 + "<ol><li>" * 15 + "<li>x<br><br>" * 30_000
    text = read(html).text
    assert text.startswith("Hello\n")
    assert len(html) // 2 < len(text) <= 2 * len(html) + 2_000


def test_ten_levels_are_told_apart() -> None:
    """Deeper ones are as the tenth: who nests that deep is quoted all the same."""
    text = read("<blockquote type=cite>a" * 12).text
    assert text.split("\n")[-1] == "> " * 10 + "a"
    text = read("<ul><li>a" * 13).text
    assert text.split("\n")[-2:] == ["  " * 10 + "- a"] * 2
