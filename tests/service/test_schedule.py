"""service/schedule.py: each account's turn, by the clock."""

import itertools
import logging
import threading
import time

import pytest

from connectors.errors import StoreError
from service import schedule
from service.schedule import scheduled
from tests.waiting import until

SECRET = "Dear Marta, this stays between us."


def test_work_is_done_at_once_and_when_it_says(caplog: pytest.LogCaptureFixture) -> None:
    """A service that just started does not wait for its first sync; the next one comes when the work wants it."""
    times: list[float] = []

    def work(name: str) -> float:
        assert name == "ana"
        times.append(time.monotonic())
        return 0.2

    with scheduled(lambda: ["ana"], work):
        until(lambda: len(times) == 3)
    assert all(0.15 < later - earlier < 5 for earlier, later in itertools.pairwise(times))
    assert not caplog.records


def test_an_account_that_hangs_holds_up_no_other() -> None:
    """Each has a thread of its own."""
    is_over, done = threading.Event(), list[str]()

    def work(name: str) -> float:
        if name == "hangs":
            is_over.wait(10)
        done.append(name)
        return 0.05

    with scheduled(lambda: ["hangs", "runs"], work):
        until(lambda: done.count("runs") > 3)
        assert "hangs" not in done
        is_over.set()


def test_accounts_come_and_go_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to start Cyrano again for them."""
    monkeypatch.setattr(schedule, "LOOK_EVERY_S", 0.05)
    names, done = ["ana"], list[str]()

    def work(name: str) -> float:
        done.append(name)
        return 0.05

    with scheduled(lambda: list(names), work):
        until(lambda: "ana" in done)
        names[:] = ["ben"]
        until(lambda: done.count("ben") > 1)
        count = done.count("ana")
        until(lambda: done.count("ben") > 5)
        assert done.count("ana") <= count + 1


@pytest.mark.parametrize(
    ("error", "said"), [(StoreError("The disk is full."), "The disk is full."), (ValueError(SECRET), "ValueError")]
)
def test_what_fails_is_logged_without_quoting_mail(
    error: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Our own errors are for people; of others only the kind and the place are told, not what they quote."""
    is_done = threading.Event()

    def fail(_: str) -> float:
        is_done.set()
        raise error

    with caplog.at_level(logging.DEBUG), scheduled(lambda: ["ana"], fail):
        assert is_done.wait(5)
        until(lambda: said in caplog.text)
    assert SECRET not in caplog.text
