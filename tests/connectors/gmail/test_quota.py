"""The bucket of quota units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.gmail.quota import COSTS, Quota, QuotaSettings
from connectors.gmail.wire import METHODS
from tests.clock import Clock

GET = "gmail.users.messages.get"


class SleepingClock(Clock[float]):
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        super().__init__(100.0)
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> SleepingClock:
    """A clock of one's own."""
    return SleepingClock()


def quota(clock: SleepingClock, **settings: int) -> Quota:
    """Fill a bucket."""
    return Quota(QuotaSettings.model_validate(settings), clock=clock, sleep=clock.sleep)


def test_a_few_calls_do_not_wait(clock: SleepingClock) -> None:
    """What a watcher asks now and then goes out at once."""
    bucket = quota(clock)
    for _ in range(20):
        bucket.spend(GET)
    assert clock.slept == []


def test_ten_thousand_mails_take_as_long_as_google_wants(clock: SleepingClock) -> None:
    """A first sync of 10,000 mails takes between 33 and 40 minutes at 6,000 units a minute, and no less."""
    bucket = quota(clock)
    for _ in range(10_000 // 25):
        bucket.spend(GET, 25, is_bulk=True)
    assert 33 < (clock.now - 100) / 60 < 40


@given(st.lists(st.tuples(st.sampled_from(sorted(COSTS)), st.floats(0, 30)), max_size=200), st.integers(100, 20_000))
def test_no_minute_costs_more_than_allowed(calls: list[tuple[str, float]], allowed: int) -> None:
    """Whatever is asked and whenever: no sixty seconds cost more than the allowance."""
    clock = SleepingClock()
    bucket = quota(clock, units_per_minute=allowed)
    spent: list[tuple[float, int]] = []
    for method, pause_s in calls:
        clock.now += pause_s
        bucket.spend(method)
        spent.append((clock.now, COSTS[method]))
    for since, _ in spent:
        within = sum(units for at, units in spent if since <= at < since + 60)
        assert within <= allowed + max(COSTS.values())


def test_bulk_leaves_something_for_others(clock: SleepingClock) -> None:
    """While a first sync has emptied what it may, a watcher's small call does not wait."""
    bucket = quota(clock)
    for _ in range(50):
        bucket.spend(GET, 5, is_bulk=True)
    slept = len(clock.slept)
    bucket.spend("gmail.users.history.list")
    assert slept
    assert len(clock.slept) == slept


def test_what_costs_more_than_the_bucket_holds_goes_when_it_is_full(clock: SleepingClock) -> None:
    """No call waits for ever, however small the allowance is."""
    bucket = quota(clock, units_per_minute=100)
    for _ in range(3):
        bucket.spend("gmail.users.threads.get", is_bulk=True)
    assert clock.now - 100 < 120


def test_too_much_asked_empties_the_bucket(clock: SleepingClock) -> None:
    """After Google said so, the next call waits."""
    bucket = quota(clock)
    bucket.drain()
    bucket.spend(GET)
    assert clock.slept


def test_costs_can_be_set() -> None:
    """Google changes its table; so can the owner. What is in no table counts as the dearest."""
    settings = QuotaSettings(costs={GET: 5})
    assert settings.cost(GET) == 5
    assert settings.cost("gmail.users.threads.get") == 40
    assert settings.cost("gmail.users.something.new") == max(COSTS.values())


def test_every_method_has_its_cost() -> None:
    """No call is counted by guess."""
    assert COSTS.keys() == METHODS
