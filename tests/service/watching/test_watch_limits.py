"""The watcher within its limits: so many drafts a day, none at night, and none for mail that grew old."""

from datetime import UTC, datetime, timedelta

from connectors.archive import Archive
from connectors.errors import (
    EngineError,
)
from service.draft_row import State
from service.watching.watch import WatchState
from tests.service.watching.fake_mailbox import INBOX
from tests.service.watching.watched import NOW, World, mail, points_of, status


def test_what_exceeds_the_daily_cap_waits_for_tomorrow(world: World) -> None:
    """Nothing is lost, and the status says what it waits for. A day begins at midnight where its owner is."""
    world.options = {"daily_cap": 2}
    for number in range(5):
        world.server.put(INBOX, mail(number))
    world.look(3)
    assert len(world.server.draft_bytes) == 2
    assert (status(world).state, status(world).waiting) == (WatchState.WATCHING, 3)
    assert status(world).held == "tomorrow: 2 drafts were begun today"
    world.now = datetime(2026, 11, 22, 0, 1, tzinfo=UTC)
    world.look(3)
    assert len(world.server.draft_bytes) == 4
    world.now += timedelta(days=1)
    world.look()
    assert len(world.server.draft_bytes) == 5
    assert (status(world).waiting, status(world).held) == (0, "")


def test_mail_does_not_wait_its_turn_for_ever(world: World) -> None:
    """Where every day brings more than its drafts reach for, what waited as long as mail may be old is given up."""
    world.options = {"daily_cap": 1, "max_age_days": 2}
    for number in range(4):
        world.server.put(INBOX, mail(number))
    world.look()
    world.look(after_s=86_400.0)
    assert world.states == [State.APPENDED] * 2 + [State.WANTED] * 2
    world.look(after_s=86_400.0)
    assert world.states == [State.APPENDED] * 2 + [State.WITHDRAWN] * 2
    assert {row.reason for row in world.rows[2:]} == {"It waited for too long."}
    assert status(world).waiting == 0


def test_a_failed_try_does_not_count_twice(world: World) -> None:
    """What was begun today goes on today."""
    world.options = {"daily_cap": 1}
    world.faults = [EngineError("Hm.")] * 2
    world.server.put(INBOX, mail())
    world.look(3)
    assert len(world.server.draft_bytes) == 1


def test_in_quiet_hours_mail_waits_and_drafts_are_followed(world: World) -> None:
    """What the owner does is still seen."""
    world.options = {"quiet_hours": "22:00-07:00"}
    world.server.send(world.with_draft(1))
    world.now = NOW.replace(hour=23)
    world.server.put(INBOX, mail(2))
    world.look(2, after_s=60)
    assert world.states == [State.SENT, State.WANTED]
    assert (status(world).waiting, status(world).held) == (1, "quiet hours, 22:00-07:00")
    world.now = NOW + timedelta(days=1)
    world.look()
    assert len(world.drafts_for(2)) == 1


def test_quiet_hours_do_not_keep_what_may_lie_there_already_from_being_seen_to(archive: Archive) -> None:
    """Killed between append and note, in the last minute before."""
    for point in range(points_of(lambda: _asked(archive))):
        world = _asked(archive)
        world.look_until_killed(point)
        if world.states == [State.WRITTEN]:
            world.options = {"quiet_hours": "08:00-10:00"}
            world.start()
            world.look()
            assert world.states == [State.APPENDED]
            assert len(world.server.draft_bytes) == 1


def _asked(archive: Archive) -> World:
    world = World(archive)
    world.server.put(INBOX, mail())
    return world
