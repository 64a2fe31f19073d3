"""The watcher: what is taken up, and what holds it up. How drafts come about: `test_answer`."""

import pytest

from connectors.errors import (
    AccountError,
    EngineDown,
    EngineError,
    EngineTaken,
    ModelMissing,
)
from service.draft_row import DraftKind, State
from service.watching.watch import MAX_TRIES, WatchState
from tests.service.watching.fake_mailbox import DRAFTS, INBOX
from tests.service.watching.watched import World, mail, status


def test_while_the_engine_is_down_mail_waits_its_turn(world: World) -> None:
    """Nothing is lost, the status says why, and afterwards every mail is answered."""
    for number in (1, 2):
        world.server.put(INBOX, mail(number))
    world.faults = [EngineDown("The model server sleeps.", hint="Wait.", retry_after_s=7)] * 9
    world.look(9)
    assert (status(world).state, status(world).waiting) == (WatchState.WAITING, 2)
    assert (status(world).error, status(world).hint) == ("The model server sleeps.", "Wait.")
    world.look()
    assert len(world.server.draft_bytes) == 2
    assert (status(world).state, status(world).waiting, status(world).error) == (WatchState.WATCHING, 0, "")


def test_a_missing_model_gives_no_mail_up(world: World) -> None:
    """It is a mistake in the settings, and lasts as long as its owner leaves it."""
    world.server.put(INBOX, mail())
    world.faults = [ModelMissing("There is no such model.")] * (MAX_TRIES + 2)
    world.look(MAX_TRIES + 2)
    assert (status(world).state, status(world).waiting) == (WatchState.WAITING, 1)
    world.look()
    assert len(world.server.draft_bytes) == 1


def test_while_the_engine_serves_another_account_no_mail_is_given_up(world: World) -> None:
    """Its turn comes when the other's owner says so; until then the status says what is waited for."""
    world.server.put(INBOX, mail())
    world.faults = [EngineTaken("The engine serves the adapter of ben.")] * (MAX_TRIES + 2)
    world.look(MAX_TRIES + 2)
    assert (status(world).waiting, status(world).held) == (1, "The engine serves the adapter of ben.")
    world.look()
    assert len(world.server.draft_bytes) == 1


@pytest.mark.parametrize("fault", [EngineError("It wrote nothing."), ZeroDivisionError()])
def test_a_mail_that_cannot_be_answered_is_given_up_and_the_others_go_on(world: World, fault: Exception) -> None:
    """After a few tries its row says why."""
    world.server.put(INBOX, mail(1))
    world.faults = [fault] * MAX_TRIES
    world.look(MAX_TRIES)
    assert world.states == [State.WITHDRAWN]
    assert "Given up" in world.rows[0].reason
    world.server.put(INBOX, mail(2))
    world.look()
    assert len(world.server.draft_bytes) == 1


def test_a_mail_can_be_moved_into_a_folder_instead(world: World) -> None:
    """With the other trigger INBOX is left alone."""
    world.options = {"trigger": "folder"}
    world.server.put(INBOX, mail(1))
    world.server.put("Cyrano", mail(2))
    world.look()
    (raw,) = world.server.draft_bytes
    assert b"Re: Question 2" in raw


@pytest.mark.parametrize(
    "raw",
    [mail(sender="no-reply@shop.example"), mail().replace(b"Message-ID: <m1@x>\r\n", b""), b"\r\n"],
    ids=["no-reply", "no id", "unreadable"],
)
def test_what_deserves_no_answer_gets_none(world: World, raw: bytes) -> None:
    """Even flagged; and is looked at once."""
    world.server.put(INBOX, raw)
    world.look()
    done = world.server.steps.done
    world.look()
    assert world.server.steps.done == done + 1
    assert world.server.draft_bytes == []
    assert world.rows == []


def test_a_draft_the_mailbox_refuses_holds_up_no_other(world: World) -> None:
    """It comes last from then on, and is there as soon as the mailbox takes it."""

    def refuse_one(raw: bytes) -> bytes:
        if b"<m0@x>" in raw:
            raise AccountError("It is not taken.")
        return raw

    world.server.rewrites = refuse_one
    for number in range(3):
        world.server.put(INBOX, mail(number))
    for _ in range(2):
        with pytest.raises(AccountError):
            world.look()
    assert [len(world.drafts_for(number)) for number in range(3)] == [0, 1, 1]
    world.server.rewrites = bytes
    world.look()
    assert [len(world.drafts_for(number)) for number in range(3)] == [1, 1, 1]


def test_a_draft_with_an_instruction_becomes_the_full_mail(world: World) -> None:
    """Watching and instructions go together; how, is told in `instructed/`."""
    world.options = {"instructions": True, "settle_s": 20}
    asked = b"From: ana@example.org\r\nTo: ben@example.net\r\nSubject: Monday\r\nMessage-ID: <own@ana>\r\n\r\n"
    world.server.put(DRAFTS, asked + b"@cyrano decline kindly\r\n")
    world.server.needs_answers = False
    world.look(3, after_s=15)
    (raw,) = world.server.draft_bytes
    assert b"I will come." in raw
    assert world.rows[0].kind is DraftKind.INSTRUCTED
    world.settle()
    assert world.server.draft_bytes == [raw]
