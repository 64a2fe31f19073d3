"""The time, where nobody hands in another clock."""

from datetime import UTC, datetime


def now_utc() -> datetime:
    """Return the time."""
    return datetime.now(UTC)
