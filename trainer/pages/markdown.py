"""A report as Markdown, for a repository; its plots are files beside it."""

from collections.abc import Iterator, Sequence

from trainer.pages.drawing import describe
from trainer.pages.numbers import format_column, is_numeric
from trainer.pages.records import Page, Plot, Section, Table
from trainer.pages.text import fenced, in_markdown


def as_markdown(page: Page, pictures: list[str]) -> str:
    """Return the text; `pictures` are the names of the plots' files, in order."""
    names = iter(pictures)
    blocks = [f"# {in_markdown(page.title)}"]
    blocks.append("\n".join(f"- {in_markdown(name)}: {in_markdown(value)}" for name, value in page.facts))
    for section in page.sections:
        blocks += _section(section, names)
    return "\n\n".join(block for block in blocks if block) + "\n"


def _section(section: Section, names: Iterator[str]) -> list[str]:
    return [
        f"## {in_markdown(section.heading)}",
        *(in_markdown(paragraph) for paragraph in section.text),
        *(block for table in section.tables for block in _table(table)),
        *(block for plot in section.plots for block in _plot(plot, next(names))),
        *(block for label, text in section.samples for block in (f"**{in_markdown(label)}**", fenced(text))),
    ]


def _table(table: Table) -> list[str]:
    columns = list(zip(*table.rows, strict=True)) or [() for _ in table.columns]
    rows = list(zip(*(format_column(column) for column in columns), strict=True))
    lines = [
        _row(table.columns),
        _row(["---:" if column and is_numeric(column) else "---" for column in columns], is_rule=True),
        *(_row(row) for row in rows),
    ]
    return [f"**{in_markdown(table.title)}**", "\n".join(lines), in_markdown(table.note)]


def _row(cells: Sequence[str], *, is_rule: bool = False) -> str:
    return f"| {' | '.join(cell if is_rule else in_markdown(cell) for cell in cells)} |"


def _plot(plot: Plot, name: str) -> list[str]:
    return [f"**{in_markdown(plot.title)}**", f"![{in_markdown(describe(plot))}]({name})", in_markdown(plot.note)]
