"""The mail quoted in HTML: its words and looks, and nothing that acts, hides or loads."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from connectors.cleaning import html
from connectors.composing.html import MAX_CHARACTERS, page, paragraphs, quote, sanitise

LOADS = re.compile(
    r"src|background(?!-color)|url\(|@import|<(?:link|img|iframe|object|svg|script|style|meta|base)|poster",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    "hostile",
    [
        '<img src="http://x/t.gif">',
        '<img src="cid:a" alt="logo">',
        '<p style="background:url(http://x)">a</p>',
        '<p style="background-color:red;list-style-image:url(http://x)">a</p>',
        '<p style="color:\\75rl(http://x)">a</p>',
        '<p style="font-family:expression(alert(1))">a</p>',
        '<p style="color:u/**/rl(x)">a</p>',
        '<td background="http://x">a</td>',
        "<style>@import 'http://x'; p {background: url(http://x)}</style><p>a</p>",
        '<link rel="stylesheet" href="http://x"><p>a</p>',
        "<script>alert(1)</script><p onclick=alert(1)>a</p>",
        '<svg><image href="http://x"/></svg><math><mtext>a</mtext></math>',
        '<iframe src="http://x"></iframe><video poster="http://x"></video>',
        '<form action="http://x"><input type="image" src="http://x">a</form>',
        '<a href="javascript:alert(1)">a</a><a href="data:text/html,x">b</a><a href="/relative">c</a>',
        '<meta http-equiv="refresh" content="0;url=http://x"><base href="http://x">',
        '<noscript><p title="</noscript><img src=x>">',
        '<math><mtext></p><style><img src="x">',
    ],
)
def test_nothing_is_loaded_and_nothing_acts(hostile: str) -> None:
    """Opening the draft asks no server for anything, and runs nothing."""
    out = sanitise(f"<body>{hostile}</body>")
    assert not LOADS.search(out), out
    assert not re.search(r"javascript:|data:|\son\w+=|expression", out, re.IGNORECASE), out


def test_words_and_looks_stay() -> None:
    """Tables, links, colours, directions: the mail looks like itself."""
    source = (
        '<table width="90%"><tbody><tr><td colspan="2" style="color: rgb(1, 2, 3); position: fixed">a</td></tr></tbody>'
        '</table><p dir="rtl" style="text-align:right">שלום <a href="https://example.org/?a=1&amp;b=2">b</a></p>'
    )
    assert sanitise(source) == source.replace("color: rgb(1, 2, 3); position: fixed", "color:rgb(1, 2, 3)")


def test_what_was_hidden_is_not_quoted() -> None:
    """Preview texts and worse are not shown to anyone, by an answer neither."""
    source = '<div style="display: none">secret</div><p hidden>secret</p><p style="font-size:0px">secret</p><p>seen</p>'
    assert sanitise(source) == "<p>seen</p>"


@pytest.mark.parametrize("tag", ["div", "span", "blockquote", "table", "b", "p", "ul"])
def test_hostile_nesting_takes_no_time(tag: str) -> None:
    """A mail cannot keep Cyrano busy."""
    started = time.process_time()
    sanitise(f"<{tag}>" * (MAX_CHARACTERS // (len(tag) + 2)))
    assert time.process_time() - started < 2


def test_emoji_drawn_as_pictures_stay() -> None:
    """Their words are a character; other pictures have none."""
    assert sanitise('<p>Yes <img src="https://x/1f44d.png" alt="👍"><img alt="logo"></p>') == "<p>Yes 👍</p>"


PIECES = st.sampled_from(
    ["<p>", "</p>", "<div>", "</div>", "</blockquote>", "</body></html>", "<table>", "<td>", "</td>", "<!--", "-->",
     "<b>", "<select>", "<plaintext>", "<textarea>", "<svg>", "<math>", "<template>", "words", "<li>", "&lt;",
     "<a href='http://x'>", '<p style="', '">', "<style>", "</style>", "<title>", "</title>"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES | st.text(max_size=8), max_size=20))
def test_no_quote_leaves_its_frame(pieces: list[str]) -> None:
    """Whatever a mail holds: what was typed stands outside of the quote, the mail inside, nothing beside them."""
    quoted = sanitise("".join(pieces))
    document = page(paragraphs("Typed.") + quote(quoted, "On Monday, Ben wrote:", "a@b"))
    body = LexborHTMLParser(document).body
    assert body is not None
    blocks = [node.tag for node in body.iter()]
    assert blocks == ["p", "div", "blockquote"]
    assert html.read(document).text.split("\n")[0] == "Typed."


def test_typed_text_is_not_read_as_html() -> None:
    """A model that writes tags writes letters."""
    assert html.read(page(paragraphs("a <b>bold</b> & <script>x</script>\n  indented  twice"))).text == (
        "a <b>bold</b> & <script>x</script>\n  indented  twice"
    )
