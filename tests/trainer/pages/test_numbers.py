"""Numbers as a reader wants them."""

import pytest

from trainer.pages.numbers import MISSING, format_column, format_number


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (1234567, "1,234,567"), (1234.5, "1,234"), (56.54, "56.54"), (0.1256, "0.126"), (0.00001, "1e-05"),
     (-3.0, "-3"), (0.0, "0"), (float("inf"), "inf")],
)  # fmt: skip
def test_numbers_have_the_digits_they_deserve(number: float, text: str) -> None:
    """Large numbers have no decimals, small ones as many as tell something."""
    assert format_number(number) == text


def test_a_column_has_equally_many_decimals() -> None:
    """Points stand below each other, and what is missing is a cross."""
    assert format_column([10.0, 1.25, None, 3]) == ["10.00", "1.25", MISSING, "3"]


def test_a_column_does_not_hide_small_numbers() -> None:
    """Where the largest number's decimals would leave nothing of the smallest, each has its own."""
    assert format_column([1500.0, 0.25]) == ["1,500", "0.25"]
