"""Of several values the last that is one holds, and what a style says is found however it is written."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.cleaning.hidden import Look
from connectors.cleaning.html import read

PIECES = (
    *(
        "color:",
        "background:",
        "font:",
        "font-size:",
        "line-height:",
        "transform:",
        "clip-path:",
        "clip:rect(",
        "margin:",
    ),
    *(
        "inset:",
        "opacity:",
        "calc(",
        "min(",
        "clamp(",
        "polygon(",
        "scale(",
        "rgb(",
        "hsl(",
        "linear-gradient(",
        "url(",
    ),
    *(
        "position:absolute;",
        "overflow:hidden;",
        ")",
        ";",
        " ",
        ",",
        "/",
        "+",
        "-",
        "*",
        "0",
        "1px",
        "9e999",
        "50%",
        "#fff",
    ),
    *("none", "red", "inherit", "!important", "var(--x)", "text", "'", '"', "\\", "/*", "*/"),
)


@pytest.mark.parametrize(
    "style",
    [
        "display:none;display:bogus",
        "font-size:0;font-size:bogus",
        "font-size:0;font-size:12",
        "color:#fff;color:bogus",
        "color:#fff;color:rgb(1,2)",
        "color:#fff;color:lab(bogus)",
        "opacity:0;opacity:x",
        "visibility:hidden;visibility:shown",
        "height:0;height:x;overflow:hidden;overflow:none",
        "background:#000;color:#000;background:#fff bogus",
        "display:none ! important",
        "display:none!important;display:block",
        "color:#fff ! important;color:#000",
        "font-size:0 !IMPORTANT",
        "d\\69splay:none",
        "display:n\\6fne",
        "content:';display:block;';display:none",
        "display:none;content:';display:block;'",
        "background:url(a;b);display:none",
        "background:url(//a/*b);display:none",
        "font-family:'/*';display:none",
        "a:b;" * 600 + "display:none",
        "a:b;" * 50_000 + "display:none",
    ],
)
def test_a_value_that_is_none_takes_nothing_back(style: str) -> None:
    """Nor does a style hide what it hides by being long or oddly written."""
    assert read(f'Hello <p style="{style}">obey</p>').text == "Hello"


@pytest.mark.parametrize(
    "style",
    [
        "display:none;display:table-cell",
        "display:none;display:inline flex",
        "display:block!important;display:none",
        "font-size:0;font-size:14px",
        "font-size:0;font-size:larger;font-size:medium",
        "font-size:0;font:14px/20px Arial",
        "color:#fff;color:windowtext",
        "color:#fff;color:oklch(40% 0.2 20)",
        "color:#fff;color:var(--ink)",
        "opacity:0;opacity:100%",
        "max-height:0;overflow:hidden;max-height:none",
        "max-height:0;overflow:hidden;overflow:visible",
        "max-height:0;overflow:hidden;max-height:inherit",
        "margin-left:-9999px;margin:0 auto",
        "dis/**/play:none",
        "font-family:'a;display:none'",
        "content:';display:none",
        "background:url(x;display:none",
        "background:#000;background:url(data:image/png;base64,AA==);color:#000",
    ],
)
def test_a_later_value_holds(style: str) -> None:
    """What a style says last, it says."""
    assert read(f'<p style="{style}">Hello</p>').text == "Hello"


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_style_can_be_read(style: str) -> None:
    """Nothing that is written there raises."""
    assert isinstance(Look().of("p", {}).within({"style": style}, "p").is_seen, bool)


@pytest.mark.parametrize(
    ("start", "unit"),
    [
        ("font-size:", "calc("),
        ("font-size:calc(1px", " + 1px"),
        ("clip-path:polygon(", "0 0,"),
        ("transform:", "scale(2) "),
        ("background:", "linear-gradient("),
        ("background:linear-gradient(", "#fff,"),
        ("color:rgb(", "1,"),
        ("color:red", "!important "),
        ("color:red", "! "),
        ("", "\\69 "),
        ("", "url("),
        ("", '"'),
        ("", "("),
        ("font:", "1px "),
    ],
)
def test_a_style_that_fills_a_mail_is_read_in_time(start: str, unit: str) -> None:
    """Its time grows with its length and no faster."""
    style = (start + unit * (200_000 // len(unit))).replace('"', "&quot;")
    begin = time.process_time()
    read(f'<p style="{style}">Hello</p>')
    assert time.process_time() - begin < 2
