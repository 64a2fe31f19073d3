"""Text that may hold anything."""

import re

from hypothesis import given
from hypothesis import strategies as st

from trainer.pages.text import clean, fenced, in_html, in_markdown


@given(st.text())
def test_html_holds_no_markup(text: str) -> None:
    """No sign that begins an element or ends an attribute is left."""
    assert not re.search(r"[<>\"']", in_html(text))


@given(st.text())
def test_markdown_is_one_line_without_markup(text: str) -> None:
    """Whatever begins emphasis, a link, a table's cell, HTML or code is escaped."""
    line = in_markdown(text)
    assert "\n" not in line
    assert not re.search(r"(?<!\\)[`*_\[\]<>|~&$#@]", re.sub(r"\\\\", "", line))


@given(st.text())
def test_a_fence_is_longer_than_all_within(text: str) -> None:
    """No run of backticks in the text can close the block."""
    block = fenced(text)
    fence = re.match(r"`+", block)
    assert fence
    assert all(len(run) < len(fence[0]) for run in re.findall(r"`+", clean(text)))


def test_links_and_lists_stay_text() -> None:
    """An address in a mail is not made a link, and a dash at the start is no list."""
    assert in_markdown("see http://x.example and www.x.example") == r"see http\://x.example and www\.x.example"
    assert in_markdown("- item") == r"\- item"
    assert in_markdown("1. item") == r"1\. item"
    assert in_markdown("1.5 GiB") == "1.5 GiB"
