"""What a running service does by the clock: sync now, and again every so many minutes."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler

from connectors.errors import CyranoError

logger = logging.getLogger(__name__)


@contextmanager
def scheduled(work: Callable[[], object], every_minutes: int) -> Iterator[None]:
    """Do the work at once and then at every interval, while the block lasts; never twice at the same time.

    The end of the block waits for work under way, which must have been told to stop by then.
    """
    scheduler = BackgroundScheduler(timezone=UTC)
    now = datetime.now(UTC)
    scheduler.add_job(_attempt, "interval", [work], minutes=every_minutes, next_run_time=now, coalesce=True)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown()


def _attempt(work: Callable[[], object]) -> None:
    """Do the work; what fails is logged, and tried again the next time."""
    try:
        work()
    except CyranoError as error:
        logger.warning("scheduled work failed: %s", error)
    except Exception as error:  # noqa: BLE001  the clock goes on
        # Where, not what: the message of a foreign exception may quote mail.
        where = "".join(traceback.format_tb(error.__traceback__))
        logger.error("scheduled work failed: %s\n%s", type(error).__name__, where)  # noqa: TRY400  see above
