"""service/refresh/following.py: a run that another process carries out, seen from a terminal."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from connectors.archive import Archive
from connectors.errors import EngineDown, TrainError
from service.progress import OnProgress
from service.refresh.following import follow
from service.refresh.runs import RunRecord, Runs, RunState

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Story:
    """What happens to a run between two looks, step by step; each look at whether somebody is there is a step."""

    def __init__(self, runs: Runs, *steps: Callable[[], object]) -> None:
        self.runs = runs
        self.steps = list(steps)
        self.shown: list[tuple[str, int, int | None]] = []

    def start_bar(self, title: str) -> OnProgress:
        """Open a bar."""
        return lambda done, total: self.shown.append((title, done, total))

    def tell(self) -> bool:
        """Go on by a step."""
        if not self.steps:
            return False
        self.steps.pop(0)()
        return True

    def follow(self, asked: RunRecord) -> RunRecord:
        """Follow the run."""
        return follow(self.runs, asked, self.start_bar, is_kept=self.tell, ask_every=1, poll_s=0.001)


@pytest.fixture
def now() -> list[datetime]:
    """The time, to be changed."""
    return [NOON]


@pytest.fixture
def runs(archive: Archive, now: list[datetime]) -> Runs:
    """The runs of a home with one account, ana."""
    return Runs(archive.engine, clock=lambda: now[0])


def test_a_run_is_followed_from_the_wish_to_the_end(runs: Runs) -> None:
    """A bar for each stage, and each state shown once: where nobody sees bars they are lines."""
    asked = runs.ask("ana")
    run_id = asked.run_id
    story = Story(
        runs,
        lambda: None,
        lambda: runs.begin("ana", why=""),
        lambda: runs.progress(run_id, "sync"),
        lambda: None,
        lambda: runs.progress(run_id, "train", 1, 3),
        lambda: runs.end(run_id, RunState.LIVE, adapter="ana@v2"),
    )
    assert story.follow(asked).adapter == "ana@v2"
    assert story.shown == [("waiting for its turn", 0, None), ("sync", 0, None), ("train", 1, 3)]


def test_a_wish_that_becomes_a_run_that_goes_on_is_followed_there(runs: Runs, now: list[datetime]) -> None:
    """The one that was broken off takes its place."""
    broken = runs.begin("ana", why="")
    runs.end(broken.run_id, RunState.INTERRUPTED)
    now[0] += timedelta(minutes=1)
    asked = runs.ask("ana")
    story = Story(
        runs,
        lambda: runs.begin("ana", why="", run_id=broken.run_id),
        lambda: runs.end(broken.run_id, RunState.REJECTED, reason="No better."),
    )
    ended = story.follow(asked)
    assert (ended.run_id, ended.reason) == (broken.run_id, "No better.")


def test_nobody_waits_for_a_service_that_is_gone(runs: Runs) -> None:
    """What was asked for is still asked for."""
    asked = runs.ask("ana")
    with pytest.raises(EngineDown) as caught:
        Story(runs).follow(asked)
    assert "cyrano up" in caught.value.hint
    assert runs.asked() == [asked]


def test_an_account_that_is_removed_ends_it(runs: Runs, archive: Archive) -> None:
    """There is nothing to follow any more."""
    asked = runs.ask("ana")
    with pytest.raises(TrainError, match="gone"):
        Story(runs, lambda: archive.remove_account("ana")).follow(asked)
