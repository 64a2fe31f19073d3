"""What a running service does by the clock: sync now, and again every so many minutes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler


@contextmanager
def scheduled(work: Callable[[], object], every_minutes: int) -> Iterator[None]:
    """Do the work at once and then at every interval, while the block lasts; never twice at the same time."""
    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.add_job(work, "interval", minutes=every_minutes, next_run_time=datetime.now(UTC), coalesce=True)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown()
