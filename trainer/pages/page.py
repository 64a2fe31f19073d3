"""Reports for people, in two forms: HTML that stands alone, and Markdown with its plots beside it.

The rules this folder keeps:
1. Text is data. Mail stands in samples and tables, and whatever it holds appears as it is, never as markup.
2. A page asks for nothing: no script, no font, no picture from elsewhere; the policy in its head forbids it too.
3. The same page makes the same bytes.
"""

from pathlib import Path

from trainer.files import disk_errors, write_whole
from trainer.pages.drawing import draw
from trainer.pages.markdown import as_markdown
from trainer.pages.records import Cell, Page, Plot, Section, Table
from trainer.pages.web import as_html

__all__ = ["Cell", "Page", "Plot", "Section", "Table", "write_page"]


def write_page(folder: Path, page: Page, name: str = "report") -> Path:
    """Write NAME.html, NAME.md and the Markdown's NAME-1.svg, NAME-2.svg, … and return the path of the HTML.

    Raises:
        StoreError: the disk is full or not writable.
    """
    plots = [plot for section in page.sections for plot in section.plots]
    pictures = {f"{name}-{index}.svg": draw(plot, is_alone=True) for index, plot in enumerate(plots, start=1)}
    files = {**pictures, f"{name}.md": as_markdown(page, list(pictures)), f"{name}.html": as_html(page)}
    with disk_errors(f"The report could not be written to {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        _write(folder / file, text)
    return folder / f"{name}.html"


def _write(path: Path, text: str) -> None:
    write_whole(path, lambda stream: stream.write(text.encode()))
