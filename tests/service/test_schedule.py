"""service/schedule.py: work by the clock."""

import logging
import threading

import pytest

from connectors.errors import StoreError
from service.schedule import scheduled

SECRET = "Dear Marta, this stays between us."


def test_work_is_done_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """A service that just started does not wait for its first sync."""
    is_done = threading.Event()
    with scheduled(is_done.set, every_minutes=60):
        assert is_done.wait(5)
    assert not caplog.records


@pytest.mark.parametrize(
    ("error", "said"), [(StoreError("The disk is full."), "The disk is full."), (ValueError(SECRET), "ValueError")]
)
def test_what_fails_is_logged_without_quoting_mail(
    error: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Our own errors are for people; of others only the kind and the place are told, not what they quote."""
    is_done = threading.Event()

    def fail() -> None:
        is_done.set()
        raise error

    with caplog.at_level(logging.DEBUG), scheduled(fail, every_minutes=60):
        assert is_done.wait(5)
    assert said in caplog.text
    assert SECRET not in caplog.text
