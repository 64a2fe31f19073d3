"""Whether a report holds the numbers that its recipe promises."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")
FACTORS = (1, 100, 2**-10, 2**-20, 2**-30)
"""A report shows shares in percent and bytes in larger units."""
ROUNDED = 6e-3
"""Four digits that count are shown, fewer in a column whose largest number is far larger."""


def found(numbers: Any, name: str, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the places that a dotted name stands for, and what is there: None where there is nothing.

    Cells that were out of memory have no numbers, and say so; they keep their recipe's promise.
    """
    if not name or numbers is None:
        yield place, numbers
        return
    head, _, rest = name.partition(".")
    if head != "*":
        inner = numbers.get(head) if isinstance(numbers, Mapping) else None
        yield from found(inner, rest, f"{place}.{head}".lstrip("."))
        return
    items = [each for each in enumerate(numbers) if not _is_out_of_memory(each[1])]
    if not items:
        yield f"{place}.*", None
    for index, item in items:
        yield from found(item, rest, f"{place}.{index}")


def _is_out_of_memory(item: Any) -> bool:
    return isinstance(item, Mapping) and item.get("status") == "out of memory"


def missing(numbers: Mapping[str, Any], promises: tuple[str, ...]) -> list[str]:
    """Return the places of promised numbers that are not there, or are no numbers."""
    return [place for name in promises for place, value in found(numbers, name) if not is_number(value)]


def is_number(value: Any) -> bool:
    """Tell whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def unseen(numbers: Mapping[str, Any], promises: tuple[str, ...], html: str) -> list[str]:
    """Return the places of promised numbers that the page does not show, in any unit it may use."""
    text = re.sub(r"<(style|svg)\b.*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL)
    shown = sorted({float(each.replace(",", "")) for each in NUMBER.findall(text)})
    return [
        place
        for name in promises
        for place, value in found(numbers, name)
        if is_number(value) and not any(_is_near(value * factor, shown) for factor in FACTORS)
    ]


def _is_near(value: float, shown: list[float]) -> bool:
    return any(math.isclose(value, each, rel_tol=ROUNDED, abs_tol=1e-9) for each in shown)
