"""The watcher that answers all mail: none is skipped, and none but new mail is taken up."""

import pytest

from connectors.archive import Archive
from connectors.errors import (
    AccountError,
    Unreachable,
)
from service.draft_row import State
from service.watching.watch import MAX_TRIES
from tests.service.watching.fake_mailbox import INBOX
from tests.service.watching.watched import World, mail, points_of


def test_all_mail_means_what_comes_from_now_on(world: World) -> None:
    """What lay there before gets nothing; what comes while Cyrano is off gets its draft when it is on again."""
    world.options = {"trigger": "all"}
    world.server.put(INBOX, mail(1))
    world.look()
    assert world.rows == []
    world.server.put(INBOX, mail(2))
    world.watcher = None
    world.server.put(INBOX, mail(3))
    world.settle()
    assert [len(world.drafts_for(number)) for number in (1, 2, 3)] == [0, 1, 1]


def test_killed_at_any_point_no_mail_that_came_in_is_skipped(archive: Archive) -> None:
    """The cursor moves when the ledger knows all mail before it."""

    def make() -> World:
        world = World(archive, options={"trigger": "all"})
        world.look()
        for number in (1, 2):
            world.server.put(INBOX, mail(number))
        return world

    for point in range(points_of(make)):
        world = make()
        assert world.look_until_killed(point)
        world.settle()
        assert [len(world.drafts_for(number)) for number in (1, 2)] == [1, 1], f"killed at point {point}"


def test_a_mailbox_that_fails_midway_keeps_the_cursor(world: World) -> None:
    """All of it is read again."""
    world.options = {"trigger": "all"}
    world.look()
    cursor = world.ledger.arrival("ana")
    world.server.put(INBOX, mail(1))
    world.server.fetch_fault = Unreachable("Cut.")
    with pytest.raises(AccountError):
        world.look()
    assert world.ledger.arrival("ana") == cursor
    world.server.fetch_fault = None
    world.look()
    assert len(world.drafts_for(1)) == 1


@pytest.mark.parametrize("trigger", ["all", "flagged"])
def test_a_mail_that_is_never_handed_over_holds_up_the_others_for_a_while_only(world: World, trigger: str) -> None:
    """Not for ever; and not passed over for a short outage either."""
    world.options = {"trigger": trigger}
    world.look()
    world.server.put(INBOX, mail(1))
    world.server.put(INBOX, mail(2))
    world.server.fetch_fault, world.server.fetch_fault_in = Unreachable("Cut."), b"<m1@x>"
    for _ in range(MAX_TRIES + 2):
        with pytest.raises(AccountError):
            world.look(after_s=60)
    assert world.drafts_for(2) == []
    world.look(after_s=3600)
    assert len(world.drafts_for(2)) == 1
    assert world.drafts_for(1) == []


def test_with_all_mail_an_edited_draft_does_not_hinder_the_next(world: World) -> None:
    """The thread goes on while its draft is the owner's: theirs stays, and the newer mail gets its own."""
    world.options = {"trigger": "all"}
    world.look()
    world.with_draft(1)
    world.server.edit(b"I will come.", b"I might come.")
    world.server.put(INBOX, mail(2, answers=1))
    world.settle()
    assert [len(world.drafts_for(number)) for number in (1, 2)] == [1, 1]
    assert world.states == [State.EDITED, State.APPENDED]


def test_with_all_mail_an_untouched_draft_makes_room_for_the_next(world: World) -> None:
    """One draft in the thread."""
    world.options = {"trigger": "all"}
    world.look()
    world.with_draft(1)
    world.server.put(INBOX, mail(2, answers=1))
    world.settle()
    assert [len(world.drafts_for(number)) for number in (1, 2)] == [0, 1]
