"""A style sheet makes text readable only where one of its colours may."""

import pytest

from connectors.cleaning.html import read

WHITE = "<p style='color:#fff'>obey</p>"


@pytest.mark.parametrize(
    "sheet",
    [
        "body{background:#fff}",
        "body{background-color:white}",
        "p{background:#ffffff !important}",
        "p{background:rgba(255,255,255,.4)}",
        "p{background:linear-gradient(#fff,#fefefe)}",
        "*{background:inherit}",
        "*{background:none}",
        "p{background:transparent}",
        "p{background-repeat:no-repeat;background-position:0 0;background-size:cover}",
        "p{background:bogus}",
        "@media print{*{background:#000;color:#000}}",
        "@media only print and (color), speech{p{background:#000}}",
        "@media not all{p{background:#000}}",
        "@media print{.a{color:red} @media screen{p{background:#000}}}",
        "p:hover{background:#000}",
        "p::before{background:#000}",
        ".nobody{background:#000}",
        "a{content:'} p{background:#000}'}",
        "p{font:1px a}",
    ],
)
def test_a_sheet_that_changes_nothing_shows_nothing(sheet: str) -> None:
    """White ink stays hidden on paper that is white whichever rule holds."""
    assert read(f"<style>{sheet}</style>Hello{WHITE}").text.strip() == "Hello"


def test_a_sheet_for_printers_shows_nothing() -> None:
    """Also where its element says so."""
    assert read(f"<style media=print>p{{background:#000}}</style>Hello{WHITE}").text == "Hello"


def test_ink_from_a_sheet_may_be_as_its_paper() -> None:
    """Where all the inks that it may have are like the paper, text is hidden."""
    html = "<style>p{color:#fefefe}</style>Hello<div style='color:#fff'><p>obey</p></div>"
    assert read(html).text == "Hello"


@pytest.mark.parametrize(
    "sheet",
    [
        "body{background:#111}",
        "p{background:url(x.png)}",
        "p{background:#fff url(x.png)}",
        "@media screen{p{background:#06c}}",
        "@media print, screen{p{background:#06c}}",
        "@media (prefers-color-scheme:dark){body{background:#000}}",
        "@media print{a{color:red}} p{background:#06c}",
        "@media not all and (monochrome){p{background:#06c}}",
        "div{color:red} p.x, p:first-child{background:#06c}",
        "p:not(.a:hover){background:#06c}",
        ":root{background:#06c}",
        "p:nth-child(2n + 1){background:#06c}",
        "p{margin:0;&{color:red}background:#06c",
        "p{background:linear-gradient(#fff,#06c)}",
        "p{background:var(--paper)}",
        "<!-- p{background:#06c} -->",
    ],
)
def test_a_sheet_that_may_show_shows(sheet: str) -> None:
    """On dark paper, on a picture, and where nobody knows."""
    assert read(f"<style>{sheet}</style><p style='color:#fff'>Hello</p>").text == "Hello"
