"""Drafts in the background: one account's, for a while, and never more than it may have."""

import threading
from collections.abc import Iterator

import pytest

from connectors.message import Address
from retrieval.prompt import Request
from service.addon.jobs import MOST_KEPT, Asked, Job, Jobs
from service.addon.orders import Fresh
from service.addon.pages import Place
from service.addon.wishes import Wish
from service.drafting.draft import Done, DraftEvent, Timings, Token
from service.problems import TooManyDrafts
from tests.clock import Clock

REQUEST = Request(account="ana", owner=Address(addr="ana@example.org"))
ORDER = Fresh(place=Place(name="compose"), wish=Wish())
DONE = Done(
    draft_id="d1",
    text="Yes.",
    subject="",
    language="en",
    adapter="",
    notice=None,
    sources=(),
    unsupported=(),
    timings_ms=Timings(retrieved=1, first_token=1, total=1),
)


def events() -> Iterator[DraftEvent]:
    """A draft."""
    yield Token(text="Yes.")
    yield DONE


def make() -> Asked:
    """A job that works."""
    return Asked(request=REQUEST, exclude=frozenset({"m1"}), events=events())


@pytest.fixture
def clock() -> Clock[float]:
    """Time that stands still."""
    return Clock(0.0)


@pytest.fixture
def jobs(clock: Clock[float]) -> Jobs:
    """Room for one draft at a time, kept for a minute."""
    numbers = iter(range(100))
    return Jobs(at_once=1, keep_s=60, clock=clock, ids=lambda: f"j{next(numbers)}")


def finished(jobs: Jobs, account: str = "ana") -> Job:
    """A job that is over."""
    job = jobs.start(account, make, ORDER)
    assert job.wait(5)
    while jobs._slots._taken[account]:
        pass
    return job


def test_job_holds_what_went_in_and_came_out(jobs: Jobs) -> None:
    """Its account finds the draft, and what it was asked by."""
    job = finished(jobs)
    found = jobs.find("ana", job.job_id)
    assert found is job
    assert (job.done, job.error, job.request, job.exclude) == (DONE, None, REQUEST, {"m1"})


def test_job_of_another_account_is_not_found(jobs: Jobs) -> None:
    """A number is not enough."""
    job = finished(jobs)
    assert jobs.find("bob", job.job_id) is None
    assert jobs.newest("bob") is None
    assert jobs.find("ana", "j99") is None


def test_one_that_fails_says_so_and_makes_room(jobs: Jobs) -> None:
    """Whatever breaks, in gathering or in writing, waits for whoever asks."""

    def broken() -> Asked:
        raise OSError("gone")

    job = jobs.start("ana", broken, ORDER)
    assert job.wait(5)
    assert isinstance(job.error, OSError)
    assert finished(jobs).done


def test_account_has_no_more_than_it_may(jobs: Jobs) -> None:
    """The next one is refused until one ends; another account has room of its own."""
    gate = threading.Event()

    def slow() -> Asked:
        gate.wait(5)
        return make()

    job = jobs.start("ana", slow, ORDER)
    with pytest.raises(TooManyDrafts):
        jobs.start("ana", make, ORDER)
    assert jobs.start("bob", make, ORDER).wait(5)
    gate.set()
    assert job.wait(5)


def test_finished_draft_is_kept_for_a_while(jobs: Jobs, clock: Clock[float]) -> None:
    """Asking after it keeps it; then it is gone, and not offered either."""
    job = finished(jobs)
    clock.now = 59
    assert jobs.find("ana", job.job_id)
    clock.now = 118
    assert jobs.newest("ana") is job
    clock.now = 120
    assert jobs.find("ana", job.job_id) is None
    assert jobs.newest("ana") is None


def test_old_drafts_of_others_go_too(jobs: Jobs, clock: Clock[float]) -> None:
    """Whoever looks for a draft sweeps: nobody's stays in memory because its owner never comes back."""
    finished(jobs)
    clock.now = 61
    assert jobs.find("bob", "j9") is None
    assert jobs._jobs == {}


def test_dropped_job_is_gone(jobs: Jobs) -> None:
    """It is neither found nor offered, and to drop it twice does no harm."""
    job = finished(jobs)
    jobs.drop(job)
    jobs.drop(job)
    assert (jobs.find("ana", job.job_id), jobs.newest("ana")) == (None, None)


def test_newest_is_the_last_that_was_finished_and_not_thrown_away(jobs: Jobs, clock: Clock[float]) -> None:
    """Discarded ones are passed over."""
    first = finished(jobs)
    clock.now = 1
    second = finished(jobs)
    assert jobs.newest("ana") is second
    second.is_discarded = True
    assert jobs.newest("ana") is first


def test_memory_does_not_grow(jobs: Jobs, clock: Clock[float]) -> None:
    """Of an account only the newest few are kept."""
    made = []
    for number in range(MOST_KEPT * 3):
        clock.now = number / 10
        made.append(finished(jobs))
    assert len(jobs._jobs) <= MOST_KEPT + 1
    assert jobs.newest("ana") is made[-1]
