"""Numbers as a reader wants them: as many digits as they deserve, and the same in a whole column."""

import math
from collections.abc import Sequence

from trainer.pages.records import Cell

MISSING = "\N{MULTIPLICATION SIGN}"
UNKNOWN = "\N{EN DASH}"
"""What stands in a column of numbers where none was measured, for another reason than memory."""
_DIGITS = 4
_TINY = 1e-3


def format_number(value: float) -> str:
    """Return a number with at most four digits that count: 1,234, 56.5, 0.125, 1e-05."""
    if isinstance(value, int) or not math.isfinite(value):
        return f"{value:,}"
    if value == 0 or abs(value) >= _TINY:
        text = f"{value:,.{_decimals(value, _DIGITS)}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.{_DIGITS - 1}g}"


def format_cell(value: Cell) -> str:
    """Return a cell by itself."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else format_number(value)


def format_column(values: Sequence[Cell], *, digits: int = _DIGITS) -> list[str]:
    """Return a column's cells; its fractions have equally many decimals, unless that hides the small ones."""
    fractions = [value for value in values if isinstance(value, float) and math.isfinite(value) and value != 0]
    if not fractions:
        return [format_cell(value) for value in values]
    decimals = _decimals(max(abs(value) for value in fractions), digits)
    if min(abs(value) for value in fractions) < 10.0 ** (1 - decimals):
        return [format_cell(value) for value in values]
    return [f"{value:,.{decimals}f}" if isinstance(value, float) else format_cell(value) for value in values]


def is_numeric(values: Sequence[Cell]) -> bool:
    """Tell whether a column is one of numbers, whatever is missing in it."""
    known = [value for value in values if value is not None and value != UNKNOWN]
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)


def _decimals(value: float, digits: int) -> int:
    """Return how many decimals show so many digits of a number, one less of those below 1."""
    if value == 0:
        return 0
    magnitude = math.floor(math.log10(abs(value)))
    return max(0, digits - 1 - magnitude) if magnitude >= 0 else digits - 2 - magnitude
