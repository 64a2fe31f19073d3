"""Wherever Cyrano is killed, each instruction becomes one full mail."""

from datetime import timedelta

from connectors.archive import Archive
from connectors.errors import EngineError
from service.draft_row import State
from tests.service.watching.fake_mailbox import DRAFTS, Killed, Steps
from tests.service.watching.instructed.asking import OPTIONS, SETTLE_S, WORDS, Mailbox, asking, full_mail, settle
from tests.service.watching.watched import World


def test_killed_at_any_point_there_is_exactly_one_full_mail(archive: Archive) -> None:
    """And at no point neither the owner's draft nor the full mail."""
    for kill_at in range(_points(archive)):
        world = _killed(archive, kill_at)
        assert world.server.draft_bytes
        world.start()
        settle(world)
        full_mail(world)
        assert world.states == [State.APPENDED]


def test_killed_and_changed_at_any_point_there_is_one_full_mail_of_the_new_instruction(archive: Archive) -> None:
    """The owner goes on writing in the window that is still open; the old full mail nobody touched is taken out."""
    for kill_at in range(_points(archive)):
        world = _killed(archive, kill_at)
        if not any(WORDS.encode() in raw for raw in world.server.draft_bytes):
            world.server.put(DRAFTS, asking())
        world.server.folders[DRAFTS] = {
            number: raw.replace(b"kindly", b"harshly") for number, raw in world.server.folders[DRAFTS].items()
        }
        world.server.generation += 1
        world.text = "No."
        world.start()
        settle(world)
        full_mail(world)
        assert world.rows[-1].instruction == "decline, but harshly"


def test_killed_at_any_point_of_a_failure_the_words_come_back_once(archive: Archive) -> None:
    """Never lost, never twice."""
    fault = EngineError("The model wrote nothing.", hint="Say more.")
    for kill_at in range(_points(archive, fault)):
        world = _killed(archive, kill_at, fault)
        assert any(b"kindly" in raw for raw in world.server.draft_bytes)
        world.faults[:] = [fault]
        world.start()
        settle(world)
        (raw,) = world.server.draft_bytes
        assert b"kindly" in raw
        assert b"The model wrote nothing. Say more." in raw.replace(b"=\r\n", b"").replace(b"=20\r\n", b" ")
        assert world.states == [State.WITHDRAWN]


def _points(archive: Archive, *faults: Exception) -> int:
    world = _settled(archive, *faults)
    steps = Steps()
    world.server.steps = steps
    assert world.watcher is not None
    _count(world, steps)
    world.look()
    return steps.done


def _settled(archive: Archive, *faults: Exception) -> World:
    """A world in which the next look carries an instruction out."""
    world = World(archive, server=Mailbox(), options=dict(OPTIONS), faults=list(faults))
    world.server.put(DRAFTS, asking())
    world.look()
    world.now += timedelta(seconds=SETTLE_S + 1)
    return world


def _killed(archive: Archive, kill_at: int, *faults: Exception) -> World:
    world = _settled(archive, *faults)
    _count(world, Steps(kill_at=kill_at))
    try:
        world.look()
    except Killed:
        world.watcher = None
        return world
    raise AssertionError("there is such a point")


def _count(world: World, steps: Steps) -> None:
    """Count from now on, in all parts of a Cyrano that runs."""
    assert world.watcher is not None
    assert world.drafter is not None
    world.server.steps = world.drafter.steps = steps
    for ledger in (world.watcher._ledger, world.drafter.ledger):
        ledger.steps = steps  # type: ignore[attr-defined]  # the one that counts
