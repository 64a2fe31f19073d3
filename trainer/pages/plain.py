"""Tables for a terminal."""

from trainer.pages.numbers import format_column, is_numeric
from trainer.pages.records import Table
from trainer.pages.text import clean


def as_lines(table: Table) -> list[str]:
    """Return a table as lines of text, numbers flush right."""
    columns = list(zip(*table.rows, strict=True)) or [() for _ in table.columns]
    shown = []
    for name, column in zip(table.columns, columns, strict=True):
        cells = [" ".join(clean(cell).split()) for cell in (name, *format_column(column))]
        width = max(len(cell) for cell in cells)
        shown.append([cell.rjust(width) if is_numeric(column) else cell.ljust(width) for cell in cells])
    return [table.title, *("  ".join(row).rstrip() for row in zip(*shown, strict=True))]
