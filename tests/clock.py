"""A clock for whatever takes one as an argument."""

from datetime import datetime
from typing import Generic, TypeVar

Time = TypeVar("Time", datetime, float)


class Clock(Generic[Time]):
    """It stands still until a test moves it."""

    def __init__(self, now: Time) -> None:
        self.now = now

    def __call__(self) -> Time:
        """Return the time."""
        return self.now
