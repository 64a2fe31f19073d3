"""Where the clock keeps its jobs: the table `clockwork` of the one database, by APScheduler's own rules.

A job holds the account's name, and nothing else of it. What goes wrong in the database is tried again, and never ends
the scheduler's thread: nobody would start it anew.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.jobstores.base import JobLookupError
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from sqlalchemy import Engine

from connectors.errors import CyranoError
from connectors.schema import clockwork

logger = logging.getLogger(__name__)

AGAIN = timedelta(seconds=10)


class Store(SQLAlchemyJobStore):  # type: ignore[misc]  # APScheduler 3 has no types
    """APScheduler's store on an engine that belongs to others."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine=engine, tablename=clockwork.name)

    def shutdown(self) -> None:
        """Leave the database open."""

    def update_job(self, job: Any) -> None:  # noqa: ANN401
        """Write a job's next time; an account that was removed has none any more."""
        try:
            super().update_job(job)
        except JobLookupError:
            logger.debug("the job %s is gone", job.id)
        except CyranoError as error:
            logger.warning("the clock could not be written: %s", error)

    def get_next_run_time(self) -> datetime | None:
        """Return when the scheduler is to look again."""
        try:
            found: datetime | None = super().get_next_run_time()
        except CyranoError as error:
            logger.warning("the clock could not be read: %s", error)
            return datetime.now(UTC) + AGAIN
        return found
