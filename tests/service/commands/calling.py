"""A command of Cyrano's, as a person types it."""

from collections.abc import Callable
from dataclasses import dataclass

MAILS = 8
"""How many mails of Ana's a test begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it printed, by line."""
        return self.out.splitlines()


Cyrano = Callable[..., Said]
"""Runs a command to its end."""
