"""Digits so large that they are read across a desk."""

from collections.abc import Iterator

_DIGITS = (
    "███ █ █ █ █ █ █ ███",
    " █  ██   █   █  ███",
    "███   █ ███ █   ███",
    "███   █ ███   █ ███",
    "█ █ █ █ ███   █   █",
    "███ █   ███   █ ███",
    "███ █   ███ █ █ ███",
    "███   █   █   █   █",
    "███ █ █ ███ █ █ ███",
    "███ █ █ ███   █ ███",
)
"""Five rows of three each, the rows apart by a blank."""
_ROWS, _STEP, _WIDTH = 5, 4, 3


def draw(digits: str) -> Iterator[str]:
    """Yield the lines of some digits, with a gap in the middle. A cell is two letters wide: letters are tall."""
    half = len(digits) // 2
    for number in range(_ROWS):
        start = _STEP * number
        cells = ["".join(2 * cell for cell in _DIGITS[int(digit)][start:][:_WIDTH]) for digit in digits]
        yield f"{'  '.join(cells[:half])}      {'  '.join(cells[half:])}".rstrip()
