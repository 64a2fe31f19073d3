"""Reports: nothing in them is markup but what we wrote, and they ask for nothing."""

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.trainer.pages.pages import NASTY, nasty_page
from trainer.pages.numbers import MISSING, UNKNOWN
from trainer.pages.page import Page, Plot, Section, Table, write_page

ASKS = {"src", "srcset", "data", "action", "poster", "background"}
VOID = {"meta", "br", "link", "img", "input", "hr", "wbr"}


class Reader(HTMLParser):
    """Reads a page: its elements, their attributes, and its visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element; one that does not close properly fails the test."""
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that closes itself."""
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        """Check that what closes was open."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text.append(data)


def read(folder: Path, page: Page) -> tuple[Reader, str]:
    """Write a page and return its HTML as read, and its Markdown."""
    path = write_page(folder, page)
    return Reader(path.read_text("utf-8")), path.with_suffix(".md").read_text("utf-8")


def test_text_is_never_markup(tmp_path: Path) -> None:
    """Whatever a mail holds stands in the page as it is: no element comes of it, nothing is left open."""
    reader, _ = read(tmp_path, nasty_page())
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    shown = NASTY.replace("\x00", "\N{REPLACEMENT CHARACTER}").replace("\u202e", "")
    assert sum(shown in text for text in reader.text) >= 10
    assert any(shown in text for text in reader.text if "_" in text)


def test_a_page_asks_for_nothing(tmp_path: Path) -> None:
    """No element names anything to be fetched, and the page's own policy forbids it to."""
    reader, _ = read(tmp_path, nasty_page())
    assert not {name for name, _ in reader.attributes} & ASKS
    assert all((value or "").startswith("#") for name, value in reader.attributes if name.endswith("href"))
    assert not any(re.search(r"url\((?!#)|@import", text) for text in reader.text)
    assert any("default-src 'none'" in (value or "") for _, value in reader.attributes)


def test_each_id_is_there_once(tmp_path: Path) -> None:
    """Plots that share a page do not share parts: what refers to a part finds its own."""
    page = Page(
        "p", (), (Section("s", plots=tuple(Plot(f"p{i}", "lines", "x", "y", {"a": [(1, 1.0)]}) for i in "ab")),)
    )
    reader, _ = read(tmp_path, page)
    ids = [value for name, value in reader.attributes if name == "id"]
    assert ids
    assert len(ids) == len(set(ids))
    targets = {value for name, value in reader.attributes if name.endswith("href") and value}
    assert {target.removeprefix("#") for target in targets} <= set(ids)


def test_the_same_page_makes_the_same_bytes(tmp_path: Path) -> None:
    """A report that was committed changes only when its numbers do."""
    for name in "ab":
        write_page(tmp_path / name, nasty_page())
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_pictures_beside_the_markdown_are_whole(tmp_path: Path) -> None:
    """Each plot of the Markdown is an SVG file that stands alone, with its own colours for light and dark."""
    _, markdown = read(tmp_path, nasty_page())
    names = re.findall(r"\]\((report-\d\.svg)\)", markdown)
    assert names == ["report-1.svg", "report-2.svg", "report-3.svg", "report-4.svg"]
    for name in names:
        text = (tmp_path / name).read_text("utf-8")
        assert ET.fromstring(text).get("aria-label")  # noqa: S314  our own file
        assert "prefers-color-scheme:dark" in text


def test_missing_values_are_crosses(tmp_path: Path) -> None:
    """What was out of memory is a cross in table and bars, and a mark of its own in lines."""
    bars = Plot("bars", "bars", "", "GiB", {"a": [("x", 1.0), ("y", None)]})
    page = Page("p", (), (Section("s", tables=(Table("t", ("a", "b"), (("x", 1.5), ("y", None))),), plots=(bars,)),))
    reader, markdown = read(tmp_path, page)
    assert [text for text in reader.text if text == MISSING] == [MISSING] * 2
    assert f"| y | {MISSING} |" in markdown


def test_numbers_stand_right(tmp_path: Path) -> None:
    """Columns of numbers are flush right, however many are missing; columns with words are not."""
    rows = (("x", 1.0, "1"), ("y", None, "2"), ("z", UNKNOWN, "3"))
    reader, markdown = read(tmp_path, Page("p", (), (Section("s", tables=(Table("t", ("a", "b", "c"), rows),)),)))
    assert "| --- | ---: | --- |" in markdown
    assert sum(value == "number" for name, value in reader.attributes if name == "class") == 4


def test_a_fence_cannot_be_closed_from_inside(tmp_path: Path) -> None:
    """A sample that holds a fence of its own stays within ours."""
    text = "a\n```\n# not a heading\n````\n"
    _, markdown = read(tmp_path, Page("p", (), (Section("s", samples=(("l", text),)),)))
    assert "`````text\n" in markdown
    assert markdown.count("`````") == 2


def test_a_table_is_as_wide_as_its_columns() -> None:
    """A row that is too short is refused where it is made, not drawn askew."""
    with pytest.raises(ValueError, match="cells"):
        Table("t", ("a", "b"), (("x",),))
