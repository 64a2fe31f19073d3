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
        "style='color:rgba(0,0,0,0)'",
        "style='color:#33333300'",
        "style='color:rgb(9 9 9 / 0%)'",
        "style='background:none repeat scroll 0 0 #fff;color:#fff'",
        "style='background:#111;background-color:initial;color:#fff'",
        "style='font:0/0 a'",
        "style='font-size:0%'",
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
        "<div style='color:rgb(0,0,0);background-color:rgba(0,0,0,0)'>Hello</div>",
        "<div style='color:#000;background:rgba(0, 0, 0, 0)'>Hello</div>",
        "<div style='color:#000;background-color:#00000000'>Hello</div>",
        "<div style='background:#111'><b style='color:#fff;background:rgba(255,255,255,0)'>Hello</b></div>",
        "<div style='color:#000;background-color:rgba(0,0,0,.5)'>Hello</div>",
        "<table><tr><td bgcolor='#ffffff' style='background:#222;color:#fff'>Hello</td></tr></table>",
        "<div style='background:#222'><b style='background-color:inherit;color:#fff'>Hello</b></div>",
        "<body bgcolor=#111><p style='color:#fff'>Hello</p>",
        "<body bgcolor=black text=white><p>Hello</p>",
        "<html style='background:#111'><body style='color:#fff'>Hello",
        "<div style='background-image:url(x.png)'><b style='color:#fff'>Hello</b></div>",
        "<div style='background:#fff linear-gradient(#111, rgb(0,0,0))'><b style='color:#fff'>Hello</b></div>",
        "<table background=x.png><tr><td style='color:#fff'>Hello</td></tr></table>",
        "<style>.b{background:#06c}</style><div style='background:#fff'><a class=b style='color:#fff'>Hello</a></div>",
        "<style>@media x{td,#b > i.x{background:#06c}}</style><div id=b><i class=x style='color:#fff'>Hello</i></div>",
        "<style>body{background:#111}</style><p style='color:#fff'>Hello</p>",
        "<style>[title]{Color:#fff}</style><div title=x style='background:#000'>Hello</div>",
        "<div style='color:#fff'><a href='https://example.org'>Hello</a></div>",
        "<div style='color:#fff;background:#00e'><a href=x style='color:inherit'>Hello</a></div>",
        "<div style='margin-left:-720px'>Hello</div>",
        "<div style='font-size:1'>Hello</div>",
    ],
)
def test_what_is_seen_is_read(html: str) -> None:
    """White ink on dark paper, text that is shown again within what is not, and styles nobody understands."""
    assert read(html).text.strip() == "Hello"


@pytest.mark.parametrize(
    "html",
    [
        "<style>.b{margin:0}</style>Hello <p class=b style='color:#fff'>obey</p>",
        "<style>.b{background:#06c}</style>Hello <p style='background:#fff;color:#fff'>obey</p>",
        "<style>/* p{background:red} */ a[x] {color: inherit}</style>Hello <p style='color:#fff'>obey</p>",
        "<body style='font-size:0'>obey<p style='font-size:14px'>Hello<p>obey",
        "<div style='font-size:0'><b style='font-size:1em'>obey</b></div>Hello",
        "<div style='color:transparent'><b style='background:#333'>obey</b></div>Hello",
        "<div style='color:#fff'><a href=x style='color:inherit'>obey</a></div>Hello",
        "<body hidden>obey</body>",
    ],
)
def test_what_stays_hidden_whatever_is_around(html: str) -> None:
    """A style sheet that says nothing of its colours, a size that is a part of none, ink that is clear on any paper."""
    assert read(html).text.split() == ["Hello"] * html.count("Hello")


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


@pytest.mark.parametrize(
    "html",
    [
        f"<p style='font-size:{'9' * 1900}x'>" * 200,
        f"<p style='{'/*' * 900}'>" * 200,
        f"<p style='color:rgb(1{' ' * 1900}'>" * 200,
        f"<p style='background:{'a(' * 900}'>" * 200,
        f"<style>{'a{color' * 50_000}</style>",
        f"<style>{'[' * 300_000}</style>",
        f"<style>{'/*' * 150_000}</style>",
        f"<style>{'}' * 300_000}</style>",
        f"<style>{'a,' * 150_000}{{color:red}}</style>",
    ],
)
def test_many_styles_are_read_in_time(html: str) -> None:
    """Nor can one that fills all that is read of it."""
    start = time.monotonic()
    assert read(f"{html}Hello").text.strip() == "Hello"
    assert time.monotonic() - start < 2


@given(st.text(alphabet="color:#f0;font-size 1px%none!/*()rgba,", max_size=60))
def test_any_style_has_a_look(style: str) -> None:
    """Nothing that is written there raises."""
    assert isinstance(Look().within({"style": style}).is_seen, bool)
