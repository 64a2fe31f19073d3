"""What can be set for drafts of mail that comes in."""

from datetime import time

import pytest
from pydantic import ValidationError

from service.watching.settings import WatchSettings


@pytest.mark.parametrize(
    ("hours", "now", "is_quiet"),
    [
        ("22:00-07:00", time(23), True),
        ("22:00-07:00", time(6, 59), True),
        ("22:00-07:00", time(7), False),
        ("22:00-07:00", time(22), True),
        ("9:30 - 12:00", time(9, 29), False),
        ("9:30 - 12:00", time(10), True),
        ("9:30 - 12:00", time(12), False),
        ("", time(3), False),
    ],
)
def test_quiet_hours_may_go_over_midnight(hours: str, now: time, *, is_quiet: bool) -> None:
    """The first minute belongs to them, the last does not."""
    assert WatchSettings(quiet_hours=hours).is_quiet(now) is is_quiet


@pytest.mark.parametrize("hours", ["22-7", "22:00", "24:00-07:00", "22:60-07:00", "at night"])
def test_quiet_hours_that_cannot_be_read_are_refused(hours: str) -> None:
    """When the configuration is read, not at night."""
    with pytest.raises(ValidationError, match="22:00-07:00"):
        WatchSettings(quiet_hours=hours)
