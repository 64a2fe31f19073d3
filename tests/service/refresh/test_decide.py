"""service/refresh/decide.py: when an account is due, by facts and a time that the test gives."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.refresh.decide import Decision, Facts, decide, next_opening
from service.refresh.runs import RunRecord, RunState
from service.refresh.settings import RefreshSettings

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = datetime(2026, 11, 21, 23, tzinfo=BERLIN)
DAY = datetime(2026, 11, 21, 12, tzinfo=BERLIN)
SETTINGS = RefreshSettings(new_mails=5)


def mails(count: int, *, before: datetime = NIGHT, hours: float = 1.0) -> tuple[datetime, ...]:
    """Some mails, an hour between two, the last one an hour before a time."""
    return tuple(before - timedelta(hours=hours * (count - number)) for number in range(count))


def facts(count: int = 0, **changes: object) -> Facts:
    """An account with an adapter made two days ago, and so many new mails."""
    known = Facts(
        account="ana", adapter="ana@v3", learned_at=NIGHT - timedelta(days=2),
        new=mails(count), has_changed=count > 0,
    )  # fmt: skip
    return replace(known, **changes)  # type: ignore[arg-type]


def run(state: RunState, *, asked: datetime = NIGHT, ended: datetime = NIGHT) -> RunRecord:
    """A run that is over."""
    return RunRecord(
        run_id="ana-20261121-220000", account="ana", trigger="schedule", why="", state=state, asked_at=asked,
        changed_at=ended, ended_at=ended,
    )  # fmt: skip


def at(now: datetime, known: Facts, settings: RefreshSettings = SETTINGS) -> Decision:
    """Decide, in Berlin."""
    return decide(known, settings, now, zone=BERLIN)


def test_enough_new_mail_makes_a_run_due_within_its_hours() -> None:
    """At night; by day it says when the night begins."""
    assert at(NIGHT, facts(5)) == Decision(is_due=True, why="5 new mails since ana@v3.", next_at=NIGHT)
    waits = at(DAY, facts(5, new=mails(5, before=DAY)))
    assert (waits.is_due, waits.next_at) == (False, datetime(2026, 11, 21, 22, tzinfo=BERLIN))
    assert waits.why == "5 new mails since ana@v3. It waits for its hours, 22:00-07:00."


def test_too_few_new_mails_wait_for_more_or_for_their_day() -> None:
    """The day is told; it is moved into the hours."""
    waits = at(NIGHT, facts(1, learned_at=DAY))
    assert waits.why == "1 new mail of 5 since ana@v3."
    assert (waits.is_due, waits.next_at) == (False, datetime(2026, 11, 28, 22, tzinfo=BERLIN))
    old = at(NIGHT, facts(1, learned_at=NIGHT - timedelta(days=7)))
    assert (old.is_due, old.why) == (True, "1 new mail of 5 since ana@v3; ana@v3 is 7 days old.")


def test_without_any_change_nothing_is_due_ever() -> None:
    """However old the adapter is."""
    assert at(NIGHT, facts(learned_at=NIGHT - timedelta(days=400))) == Decision(
        is_due=False, why="Nothing is new since ana@v3."
    )


def test_mail_that_was_taken_out_counts_as_a_change() -> None:
    """There is none that is new, and yet the adapter knows what it should not."""
    changed = at(NIGHT, facts(has_changed=True, learned_at=NIGHT - timedelta(days=8)))
    assert (changed.is_due, changed.why) == (True, "The mail changed; ana@v3 is 7 days old.")


def test_a_machine_that_is_off_at_night_learns_by_day_after_a_while() -> None:
    """After `overdue_days`; and before that it says when that will be, if that comes before the night."""
    long_ago = facts(5, new=mails(5, before=DAY - timedelta(days=3)))
    late = at(DAY, long_ago)
    assert (late.is_due, late.why) == (True, "5 new mails since ana@v3. It has waited for long enough.")
    soon = at(DAY - timedelta(hours=3), long_ago)
    assert (soon.is_due, soon.next_at) == (False, long_ago.new[4] + timedelta(days=3))


def test_hours_may_be_always() -> None:
    """An empty string."""
    assert at(DAY, facts(5), RefreshSettings(new_mails=5, hours="")).is_due


def test_what_is_asked_for_begins_whenever_it_is() -> None:
    """Also where nothing begins by itself, and where there is no adapter yet."""
    for settings in (SETTINGS, RefreshSettings(when="off")):
        decision = at(DAY, facts(is_asked=True, adapter=""), settings)
        assert (decision.is_due, decision.why, decision.next_at) == (True, "You asked for it.", DAY)


def test_nothing_begins_by_itself_where_it_is_off_or_never_began() -> None:
    """Each says what to type."""
    off = at(NIGHT, facts(50), RefreshSettings(when="off"))
    first = at(NIGHT, facts(50, adapter=""))
    assert (off.is_due, off.next_at, first.is_due, first.next_at) == (False, None, False, None)
    assert "cyrano train --now --account ana" in off.why
    assert "cyrano train --account ana" in first.why


def test_a_run_under_way_is_not_due_again() -> None:
    """It says where it is."""
    running = replace(run(RunState.RUNNING), stage="train")
    decision = at(NIGHT, facts(5, running=running, is_asked=True))
    assert (decision.is_due, decision.why) == (False, "A run is under way: train.")


def test_an_adapter_of_no_use_is_replaced_before_the_new_mail_is_counted() -> None:
    """It learned from what was forgotten, or the model changed under it."""
    spoilt = "ana@v3 learned from mail that was forgotten since."
    assert at(NIGHT, facts(0, spoilt=spoilt)) == Decision(is_due=True, why=spoilt, next_at=NIGHT)


def test_an_interrupted_run_goes_on_within_its_hours() -> None:
    """Even if nothing else would make it due."""
    broken = run(RunState.INTERRUPTED)
    assert at(NIGHT, facts(last=broken)).is_due
    waits = at(NIGHT + timedelta(hours=12), facts(last=broken))
    assert (waits.is_due, waits.next_at) == (False, datetime(2026, 11, 22, 22, tzinfo=BERLIN))
    assert waits.why.startswith("The last run was interrupted, and goes on.")


def test_what_was_asked_for_and_interrupted_goes_on_whenever_it_is() -> None:
    """As it began: by day, where nothing begins by itself, and before there is an adapter."""
    broken = replace(run(RunState.INTERRUPTED), trigger="asked")
    for settings in (SETTINGS, RefreshSettings(when="off")):
        decision = at(DAY, facts(last=broken, adapter=""), settings)
        assert (decision.is_due, decision.why) == (True, "The run that you asked for was interrupted, and goes on.")
    assert not at(NIGHT, facts(last=run(RunState.INTERRUPTED)), RefreshSettings(when="off")).is_due


def test_a_failed_run_is_tried_again_after_growing_waits() -> None:
    """It waits for half as long as it has been tried, a minute at least, a day at most."""
    waits = []
    for tried in (timedelta(), timedelta(minutes=10), timedelta(days=30)):
        failed = run(RunState.FAILED, asked=NIGHT - tried)
        decision = at(NIGHT, facts(5, last=failed), RefreshSettings(new_mails=5, hours=""))
        assert not decision.is_due
        assert decision.why == "5 new mails since ana@v3. The last run failed; it is tried again."
        assert decision.next_at is not None
        waits.append(decision.next_at - NIGHT)
    assert waits == [timedelta(minutes=1), timedelta(minutes=5), timedelta(days=1)]
    failed = run(RunState.FAILED, ended=NIGHT - timedelta(minutes=1), asked=NIGHT - timedelta(minutes=2))
    assert at(NIGHT, facts(5, last=failed)).is_due


def test_a_clock_that_was_set_back_holds_nothing_up() -> None:
    """What was noted in a future that did not come counts for nothing: mail, adapters and failures."""
    future = NIGHT + timedelta(days=365)
    always = RefreshSettings(new_mails=5, hours="")
    assert at(NIGHT, facts(5, new=mails(5, before=future), learned_at=future), always).is_due
    assert at(NIGHT, facts(1, learned_at=future), always).is_due
    assert at(NIGHT, facts(5, last=run(RunState.FAILED, asked=future, ended=future)), always).is_due


def test_clocks_of_two_machines_need_not_agree() -> None:
    """An adapter that another one has just made is no reason to make the next one."""
    waits = at(NIGHT, facts(1, learned_at=NIGHT + timedelta(minutes=5)))
    assert not waits.is_due


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        # The clock goes from 2:00 to 3:00: the hour from 2:30 is not there, and 3:00 is within the hours.
        (datetime(2026, 3, 29, 1, tzinfo=BERLIN), datetime(2026, 3, 29, 3, tzinfo=BERLIN)),
        # It goes from 3:00 to 2:00: 2:30 comes twice, and the first one counts.
        (datetime(2026, 10, 25, 1, tzinfo=BERLIN), datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)),
        (datetime(2026, 10, 25, 12, tzinfo=BERLIN), datetime(2026, 10, 26, 2, 30, tzinfo=BERLIN)),
    ],
)
def test_the_hours_open_when_the_clock_on_the_wall_says_so(now: datetime, opens: datetime) -> None:
    """Also in the nights in which summer time begins and ends."""
    assert next_opening("02:30-04:00", now, BERLIN) == opens.astimezone(UTC)


def test_a_run_is_due_once_on_the_long_night() -> None:
    """Where 2:30 comes twice, whoever ran at the first has nothing to do at the second."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=0)
    second = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)
    settings = RefreshSettings(new_mails=5, hours="02:15-02:45")
    new = mails(5, before=first - timedelta(hours=1))
    assert at(first, facts(5, new=new), settings).is_due
    assert second.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=1)
    assert not at(second, facts(0, learned_at=first), settings).is_due


_TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda time: time.replace(tzinfo=UTC))  # noqa: DTZ001


@given(_TIMES, _TIMES, st.integers(0, 12), st.sampled_from(["", "22:00-07:00", "00:00-00:01", "09:00-17:00"]))
def test_whatever_the_facts_there_is_a_reason_and_a_time_to_come(
    now: datetime, learned: datetime, count: int, hours: str
) -> None:
    """What is due begins now; what is not begins later, and at that time it is due."""
    settings = RefreshSettings(new_mails=5, hours=hours)
    known = facts(count, learned_at=learned, new=mails(count, before=learned))
    decision = at(now, known, settings)
    assert decision.why.endswith((".", "ana"))
    if count == 0:
        assert (decision.is_due, decision.next_at) == (False, None)
    elif decision.is_due:
        assert decision.next_at == now
    else:
        assert decision.next_at is not None
        assert decision.next_at > now
        assert at(decision.next_at, known, settings).is_due
