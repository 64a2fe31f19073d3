"""What cannot be written now waits, or comes back to its owner with the reason."""

import threading
from datetime import timedelta

import pytest

from connectors.cleaning.mime import parse
from connectors.errors import EngineDown, EngineError, ModelMissing
from service.draft_row import State
from tests.service.watching.fake_mailbox import DRAFTS
from tests.service.watching.instructed.asking import SETTLE_S, WORDS, asking, full_mail, settle
from tests.service.watching.watched import World


def test_what_cannot_be_written_comes_back_with_the_reason(world: World) -> None:
    """And is tried again when the line is taken out."""
    world.faults.append(EngineError("The model wrote nothing.", hint="Say more."))
    settle(world)
    (raw,) = world.server.draft_bytes
    note, _, words = parse(raw).text.partition("\n\n")
    assert note.startswith("[Cyrano could not write this. The model wrote nothing. Say more.")
    assert words == WORDS
    (row,) = world.rows
    assert (row.state, row.reason, row.original) == (State.WITHDRAWN, "The model wrote nothing. Say more.", None)
    world.server.folders[DRAFTS].clear()
    world.server.put(DRAFTS, asking(message_id=parse(raw).message_id))
    settle(world)
    full_mail(world)


def test_a_mistake_of_ours_comes_back_too(world: World) -> None:
    """Without the words of whatever failed, which may quote mail."""
    world.faults.append(KeyError("ben@example.net"))
    settle(world)
    (raw,) = world.server.draft_bytes
    assert "KeyError" in parse(raw).text
    assert "ben@" not in parse(raw).text


def test_an_instruction_that_says_nothing_is_answered_by_a_line(world: World) -> None:
    """A new mail needs a word of what to write."""
    world.server.folders[DRAFTS].clear()
    world.server.put(DRAFTS, asking("@cyrano"))
    settle(world)
    (raw,) = world.server.draft_bytes
    assert "Say after @cyrano what to write." in parse(raw).text


@pytest.mark.parametrize("fault", [EngineDown("It starts.", retry_after_s=1), ModelMissing("No model.")])
def test_while_the_engine_is_away_the_draft_waits(world: World, fault: Exception) -> None:
    """As its owner left it."""
    world.faults.append(fault)
    world.look()
    world.look(after_s=SETTLE_S + 1)
    assert world.server.draft_bytes == [asking()]
    world.look(2, after_s=60)
    full_mail(world)


def test_stopping_breaks_the_writing_off(world: World) -> None:
    """And the next start goes on."""
    world.look()
    world.now += timedelta(seconds=SETTLE_S + 1)
    stop = threading.Event()
    world.meanwhile = lambda: None
    assert world.watcher is not None
    world.watcher._instructed.collect(world.server, world.server.drafts())
    stop.set()
    with pytest.raises(EngineDown):
        world.watcher._instructed.advance(world.rows[0], world.server, stop)
    world.start()
    settle(world)
    full_mail(world)


def test_a_reason_that_shows_late_keeps_the_instruction_until_then(world: World) -> None:
    """The owner's words lie there once in the end, and the model is not asked again."""
    world.server.is_late = True
    world.faults.append(EngineError("The model wrote nothing."))
    world.look()
    world.look(2, after_s=SETTLE_S + 1)
    assert world.server.draft_bytes == [asking()]
    world.server.is_late = False
    world.server.put(DRAFTS, world.server.late.pop())
    world.look()
    (raw,) = world.server.draft_bytes
    assert parse(raw).text.startswith("[Cyrano")
    assert len(world.drafter.asked) == 1  # type: ignore[union-attr]


def test_an_append_that_shows_late_keeps_the_owners_draft_until_then(world: World) -> None:
    """What was appended must be seen first."""
    world.server.is_late = True
    world.look()
    world.look(after_s=SETTLE_S + 1)
    assert world.server.draft_bytes == [asking()]
    world.server.is_late = False
    world.look(4, after_s=1)
    full_mail(world)
