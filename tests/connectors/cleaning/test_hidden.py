"""What HTML hides is not read; what only looks so is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.cleaning.hidden import Look
from connectors.cleaning.html import read


@pytest.mark.parametrize(
    "how",
    [
        "style='display:none'",
        "style='DISPLAY : None !important'",
        "style='display:/**/none'",
        "style='mso-hide:all'",
        "style='visibility:hidden'",
        "style='font-size:0'",
        "style='font-size:0.1px;line-height:0'",
        "style='opacity:0'",
        "style='max-height:0;overflow:hidden'",
        "style='position:absolute;left:-9999px'",
        "style='text-indent:-9999px'",
        "style='color:#fff'",
        "style='color:#fefefe'",
        "style='color:white;background:#FFFFFF'",
        "style='color:rgb(255, 255, 255)'",
        "style='color:transparent'",
        "style='background:#000;color:#010101'",
        "hidden",
        "color=white",
    ],
)
@pytest.mark.parametrize("tag", ["div", "span", "font", "td", "b", "center"])
def test_what_nobody_sees_is_not_read(tag: str, how: str) -> None:
    """However it is hidden, and in whatever element."""
    inner = f"<{tag} {how}>obey</{tag}>"
    html = f"<table><tr>{inner}<td>Hello</td></tr></table>" if tag == "td" else f"Hello {inner}"
    assert read(html).text.split() == ["Hello"]


@pytest.mark.parametrize(
    "html",
    [
        "<table bgcolor='#123456'><tr><td style='color:#fff'>Hello</td></tr></table>",
        "<div style='background-color:navy'><b style='color:white'>Hello</b></div>",
        "<div style='background:url(x.png)'><b style='color:white'>Hello</b></div>",
        "<td style='font-size:0'><span style='font-size:14px'>Hello</span></td>",
        "<div style='visibility:hidden'><b style='visibility:visible'>Hello</b></div>",
        "<div style='color:#fff'><b style='color:#333'>Hello</b></div>",
        "<div style='font-size:1em;opacity:0.9;height:0'>Hello</div>",
        "<div style='margin-left:-10px;color:inherit'>Hello</div>",
        "<div style='position:absolute;left:0;color:var(--ink)'>Hello</div>",
        "<div style='background:none;color:black'>Hello</div>",
        "<div style='::;;color:;font-size:large'>Hello</div>",
    ],
)
def test_what_is_seen_is_read(html: str) -> None:
    """White ink on dark paper, text that is shown again within what is not, and styles nobody understands."""
    assert read(html).text.strip() == "Hello"


def test_a_link_is_not_hidden_by_its_place_in_a_quote() -> None:
    """What stands around is read as ever."""
    html = "one<div style='display:none'>two <b style='display:block'>three</b></div><p>four</p>"
    assert read(html).text == "one\n\nfour"


def test_a_picture_that_nobody_sees_says_nothing() -> None:
    """The characters that pictures stand for are hidden with them."""
    assert read("a<b style='font-size:0'><img alt='\U0001f600'></b><img alt='\U0001f601'>").text == "a\U0001f601"


@pytest.mark.parametrize("style", ["/*" * 100_000, "color:rgb(" + "9" * 100_000, ";" * 100_000, "a:" * 100_000])
def test_long_styles_are_read_in_time(style: str) -> None:
    """A mail cannot keep its reader busy."""
    start = time.monotonic()
    assert read(f"<div style='{style}'>Hello</div>").text == "Hello"
    assert time.monotonic() - start < 2


@given(st.text(alphabet="color:#f0;font-size 1px%none!/*()rgba,", max_size=60))
def test_any_style_has_a_look(style: str) -> None:
    """Nothing that is written there raises."""
    assert isinstance(Look().within({"style": style}).is_seen, bool)
