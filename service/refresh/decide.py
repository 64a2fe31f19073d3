"""Whether an account is due to be trained again, and if not, when and why it will be. Pure.

The rules this module keeps:
1. There is always a reason, in a sentence: `cyrano status` and the console show it.
2. What was asked for begins at once, and goes on at once where it was interrupted. All else begins within its hours, or
   when it has been due for too long: machines are switched off at night.
3. A clock that was set back holds nothing up: what was noted in a future far off counts for nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from service.hours import is_within
from service.refresh.runs import ASKED, ASKED_WHY, SKEW, RunRecord, RunState
from service.refresh.settings import RefreshSettings

SHORTEST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(days=1)
_STEP = timedelta(minutes=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an account."""

    account: str
    is_asked: bool = False
    """Whether somebody asked for a run."""
    running: RunRecord | None = None
    """Its run that is under way."""
    last: RunRecord | None = None
    """Its last run that is over."""
    adapter: str = ""
    """Its newest adapter, good enough or not; "" where there is none."""
    learned_at: datetime | None = None
    """When that one was made."""
    spoilt: str = ""
    """Why that one is of no use any more, in a sentence."""
    new: tuple[datetime, ...] = ()
    """When the mails were sent that it did not know, oldest first."""
    has_changed: bool = False
    """Whether there is any other mail to learn from than there was then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether a run is due."""

    is_due: bool
    why: str
    """A sentence that says so, or what it waits for."""
    next_at: datetime | None = None
    """When it begins, if nothing happens before; None where nothing would make it begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    why: str
    since: datetime
    """A time to come where it is not due yet."""


def decide(facts: Facts, settings: RefreshSettings, now: datetime, *, zone: tzinfo | None = None) -> Decision:
    """Say whether a run of an account is to begin now.

    Args:
        facts: What is known of the account.
        settings: When its owner wants it.
        now: The time, aware.
        zone: In which `settings.hours` are meant; None for this machine's.
    """
    now = now.astimezone(UTC)  # times of one zone are compared by the clock on the wall, and some come twice
    if facts.running:
        return Decision(is_due=False, why=f"A run is under way: {facts.running.stage or 'it begins'}.")
    if wish := _wish(facts):
        return Decision(is_due=True, why=wish, next_at=now)
    if settings.when == "off":
        how = f"cyrano train --now --account {facts.account} begins one"
        return Decision(is_due=False, why=f'Nothing begins by itself ([refresh] when = "off"); {how}.')
    if not facts.adapter:
        return Decision(is_due=False, why=f"It waits for its first adapter: cyrano train --account {facts.account}")
    due = _first(facts, settings, now)
    if due is None:
        return Decision(is_due=False, why=f"Nothing is new since {facts.adapter}.")
    return _plan(due, _held_until(facts, now), settings, now, zone)


def _wish(facts: Facts) -> str:
    """Say that somebody asked for a run that is still to come, or to go on; "" where nobody did."""
    if facts.is_asked:
        return ASKED_WHY
    if facts.last and (facts.last.state, facts.last.trigger) == (RunState.INTERRUPTED, ASKED):
        return "The run that you asked for was interrupted, and goes on."
    return ""


def _first(facts: Facts, settings: RefreshSettings, now: datetime) -> _Due | None:
    """Return what makes a run due, or will first."""
    reasons = list(_reasons(facts, settings, now))
    ripe = [due for due in reasons if due.since <= now]
    return ripe[0] if ripe else min(reasons, key=lambda due: due.since, default=None)


def _reasons(facts: Facts, settings: RefreshSettings, now: datetime) -> Iterator[_Due]:
    """Yield all that makes a run due now or later, the more telling first."""
    learned_at = facts.learned_at or now
    if facts.last and facts.last.state is RunState.INTERRUPTED:
        yield _Due(why="The last run was interrupted, and goes on.", since=min(facts.last.asked_at, now))
    if facts.spoilt:
        yield _Due(why=facts.spoilt, since=min(learned_at, now))
    count = len(facts.new)
    if count >= settings.new_mails:
        since = min(facts.new[settings.new_mails - 1], now)
        yield _Due(why=f"{_mails(count)} since {facts.adapter}.", since=since)
    elif facts.has_changed:
        old_at = learned_at + timedelta(days=settings.every_days)
        since = now if _is_nonsense(learned_at, now) else old_at
        said = f"{_mails(count)} of {settings.new_mails} since {facts.adapter}" if count else "The mail changed"
        is_old = f"; {facts.adapter} is {settings.every_days:g} days old" if old_at <= now else ""
        yield _Due(why=f"{said}{is_old}.", since=since)


def _is_nonsense(time: datetime, now: datetime) -> bool:
    """Tell whether a time was noted by a clock that was wrong: it has not come by far."""
    return time > now + SKEW


def _mails(count: int) -> str:
    return f"{count} new mail{'' if count == 1 else 's'}"


def _held_until(facts: Facts, now: datetime) -> datetime:
    """Return when a failed run may be tried again: it waits for half as long as it has been tried."""
    last = facts.last
    if last is None or last.state is not RunState.FAILED:
        return now
    ended_at = last.ended_at or last.changed_at
    wait = min(max((ended_at - last.asked_at) / 2, SHORTEST_WAIT), LONGEST_WAIT)
    return now if _is_nonsense(ended_at, now) else ended_at + wait


def _plan(due: _Due, held_until: datetime, settings: RefreshSettings, now: datetime, zone: tzinfo | None) -> Decision:
    """Say when what is due begins."""
    earliest = max(due.since, held_until, now)
    overdue_at = due.since + timedelta(days=settings.overdue_days)
    begins_at = earliest if earliest >= overdue_at else min(next_opening(settings.hours, earliest, zone), overdue_at)
    if begins_at <= now:
        late = "" if _is_open(settings.hours, now, zone) else " It has waited for long enough."
        return Decision(is_due=True, why=due.why + late, next_at=now)
    return Decision(is_due=False, why=due.why + _wait(due, held_until, settings, now), next_at=begins_at)


def _wait(due: _Due, held_until: datetime, settings: RefreshSettings, now: datetime) -> str:
    """Say what holds up what is due already."""
    if due.since > now:
        return ""
    if held_until > now:
        return " The last run failed; it is tried again."
    return f" It waits for its hours, {settings.hours}."


def next_opening(hours: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """Return the first time from now on that is within some hours of the day, in a zone; "" is always.

    It goes by the minute, through whatever the clocks of that zone do meanwhile.
    """
    if _is_open(hours, now, zone):
        return now
    moment = now.astimezone(UTC).replace(second=0, microsecond=0) + _STEP
    while not _is_open(hours, moment, zone) and moment - now <= 2 * _DAY:
        moment += _STEP
    return moment


def _is_open(hours: str, now: datetime, zone: tzinfo | None) -> bool:
    return not hours or is_within(hours, now.astimezone(zone).time())
