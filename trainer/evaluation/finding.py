"""What one check of the gate found, and what to do where it did not pass."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found."""

    name: str
    words: str
    """What was found, with numbers, in a line."""
    step: str = ""
    """What to do next; a check that passed has nothing to say here."""
    is_undecided: bool = False
    """Whether it did not pass for want of mail alone."""

    @property
    def is_passed(self) -> bool:
        """Whether what was asked for is there."""
        return not self.step
