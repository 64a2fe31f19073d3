"""From a mail to one draft, wherever Cyrano is killed."""

from email import message_from_bytes

import pytest

from connectors.archive import Archive
from connectors.errors import EngineDown
from service.draft_row import State
from tests.service.watching.fake_mailbox import DRAFTS, INBOX, SENT
from tests.service.watching.watched import World, answer, mail, points_of


def asked(archive: Archive) -> World:
    """A world in which a mail waits for its draft."""
    world = World(archive)
    world.server.put(INBOX, mail())
    return world


def test_a_flagged_mail_gets_one_threaded_draft(world: World) -> None:
    """And keeps that one, however often the mailbox is looked at, and whoever looks."""
    world.server.put(INBOX, mail())
    world.look(3)
    drafter = world.drafter
    world.settle()
    (raw,) = world.server.draft_bytes
    draft = message_from_bytes(raw)
    assert draft["In-Reply-To"] == "<m1@x>"
    assert draft["Subject"] == "Re: Question 1"
    assert draft["X-Cyrano-Draft"] == world.rows[0].draft_id
    assert b"I will come." in raw
    assert b"> Can you come on Monday?" in raw
    assert drafter is not None
    assert len(drafter.asked) == 1
    assert world.states == [State.APPENDED]
    assert world.rows[0].ref.startswith(DRAFTS)
    assert world.rows[0].thread_id == "m1@x"


def test_the_drafter_gets_the_mail_as_a_thread(world: World) -> None:
    """What is asked of the model is what training showed it: the message, its sender, the subject of the answer."""
    world.server.put(INBOX, mail())
    world.look()
    assert world.drafter is not None
    request = world.drafter.asked[0].request
    assert [message.text for message in request.thread] == ["Can you come on Monday?"]
    assert [each.addr for each in request.recipients] == ["ben@example.net"]
    assert request.subject == "Re: Question 1"
    assert world.drafter.asked[0].exclude == {"m1@x"}


def test_the_prompt_shows_what_led_to_the_mail(world: World) -> None:
    """Up to three earlier messages, whoever wrote them, oldest first; and none of them is retrieved beside."""
    world.server.put(INBOX, mail(1).replace(b"on Monday", b"on Friday"))
    world.server.put(SENT, answer(1, text="Why?", message_id="m2@x"))
    world.server.put(INBOX, mail(3, answers=2))
    world.options = {"trigger": "folder"}
    world.server.put("Cyrano", mail(3, answers=2))
    world.look()
    assert world.drafter is not None
    (request,) = world.drafter.asked
    texts = [message.text for message in request.request.thread]
    assert texts == ["Can you come on Friday?", "Why?", "Can you come on Monday?"]
    assert request.exclude == {"m1@x", "m2@x", "m3@x"}


def test_killed_at_any_point_there_is_exactly_one_draft(archive: Archive) -> None:
    """Every point between two steps: who goes on makes the one draft, and the same one."""
    points = points_of(lambda: asked(archive))
    assert points > 12
    for point in range(points):
        world = asked(archive)
        assert world.look_until_killed(point)
        assert not world.look_until_killed(None)
        assert not world.look_until_killed(None)
        assert len(world.server.draft_bytes) == 1, f"killed at point {point}"
        assert world.rows[-1].state is State.APPENDED


def test_killed_twice_there_is_exactly_one_draft(archive: Archive) -> None:
    """Killed at any point, and the one who goes on too."""
    points = points_of(lambda: asked(archive))
    for first, second in ((f, s) for f in range(0, points, 3) for s in range(0, points, 4)):
        world = asked(archive)
        world.look_until_killed(first)
        world.look_until_killed(second)
        world.look_until_killed(None)
        assert len(world.server.draft_bytes) == 1, f"killed at points {first} and {second}"


def test_an_append_that_comes_late_is_taken_out_again(archive: Archive) -> None:
    """Killed while the server was still storing the draft: the one who goes on does not see it yet."""
    for point in range(points_of(lambda: asked(archive))):
        world = asked(archive)
        world.server.is_late = True
        world.look_until_killed(point)
        world.server.is_late = False
        world.settle()
        assert len(world.server.draft_bytes) == 1, f"killed at point {point}"


def test_what_the_owner_made_of_it_after_a_crash_is_theirs(archive: Archive) -> None:
    """Killed after the append: what is found says something else by now, and is neither doubled nor ever removed."""
    for point in range(points_of(lambda: asked(archive))):
        world = asked(archive)
        world.look_until_killed(point)
        if world.server.draft_bytes:
            world.server.edit(b"I will come.", b"I would rather not.")
            world.settle()
            world.server.put(SENT, answer())
            world.settle()
            (raw,) = world.server.draft_bytes
            assert b"I would rather not." in raw, f"killed at point {point}"
            assert world.rows[-1].state is State.EDITED


def test_a_draft_sent_before_the_crash_was_noticed_is_not_made_again(archive: Archive) -> None:
    """Killed after the append, and the owner sends what they find: there is nothing left to do."""
    for point in range(points_of(lambda: asked(archive))):
        world = asked(archive)
        world.look_until_killed(point)
        if world.server.draft_bytes:
            world.server.send(world.server.draft_bytes[0])
            world.settle()
            assert world.server.draft_bytes == [], f"killed at point {point}"
            assert world.rows[-1].state in {State.SENT, State.WITHDRAWN}


@pytest.mark.parametrize("is_rewritten", [False, True])
def test_a_mailbox_that_writes_the_draft_otherwise_changes_nothing(world: World, *, is_rewritten: bool) -> None:
    """The seal is of what the mailbox gives back: a header more does not make the draft the owner's."""
    world.server.rewrites = (lambda raw: b"X-Received: now\r\n" + raw) if is_rewritten else bytes
    world.with_draft()
    world.server.generation = 2
    world.look(2, after_s=60)
    assert world.states == [State.APPENDED]
    assert world.rows[0].ref == "Drafts;2;2"


def test_a_mailbox_that_shows_no_drafts_gets_one_all_the_same(world: World) -> None:
    """That must not fill the folder."""
    world.server.is_blind = True
    world.server.put(INBOX, mail())
    world.settle()
    world.settle()
    assert len(world.server.draft_bytes) == 1


def test_what_is_answered_already_gets_no_draft(world: World) -> None:
    """The owner was quicker than the flag."""
    world.server.put(SENT, answer())
    world.server.put(INBOX, mail())
    world.look()
    assert world.server.draft_bytes == []
    assert world.drafter is not None
    assert world.drafter.asked == []
    assert world.states == [State.WITHDRAWN]


@pytest.mark.parametrize(
    "raw", [answer(subject="Fwd: Question"), answer().replace(b"From:", b"Auto-Submitted: auto-replied\r\nFrom:")]
)
def test_passing_it_on_is_no_answer(world: World, raw: bytes) -> None:
    """Nor is what a vacation program sent: the mail still gets its draft."""
    world.server.put(SENT, raw)
    world.server.put(INBOX, mail())
    world.look()
    assert len(world.server.draft_bytes) == 1


def test_an_answer_sent_while_the_model_writes_is_enough(world: World) -> None:
    """It is looked at again right before the append."""
    world.meanwhile = lambda: world.server.put(SENT, answer())
    world.server.put(INBOX, mail())
    world.look()
    assert world.server.draft_bytes == []
    assert world.states == [State.WITHDRAWN]


def test_what_the_owner_is_answering_gets_no_draft(world: World) -> None:
    """A draft of their own answers the mail. Flagged again without it, the mail gets one."""
    own = answer(text="Dear Ben,")
    world.server.put(DRAFTS, own)
    world.server.put(INBOX, mail())
    world.look(2)
    assert world.server.draft_bytes == [own]
    assert world.states == []
    world.server.folders[DRAFTS].clear()
    world.settle()
    assert len(world.drafts_for(1)) == 1


def test_a_draft_the_owner_begins_while_the_model_writes_is_left_alone_with_the_mail(world: World) -> None:
    """The text is kept, but not appended beside theirs."""
    world.meanwhile = lambda: world.server.put(DRAFTS, answer(text="Dear Ben,"))
    world.server.put(INBOX, mail())
    world.settle()
    assert world.server.draft_bytes == [answer(text="Dear Ben,")]
    assert world.states == [State.WITHDRAWN]


def test_a_mail_that_is_gone_is_not_waited_for(world: World) -> None:
    """Deleted before its draft was written: the row is withdrawn."""
    world.faults = [EngineDown("down")]
    world.server.put(INBOX, mail())
    world.look()
    world.server.folders[INBOX].clear()
    world.look()
    assert world.states == [State.WITHDRAWN]
    assert world.server.draft_bytes == []


def thread(archive: Archive, *, can_replace: bool = False) -> World:
    """A world with an untouched draft, into whose thread a newer mail has come that is not flagged."""
    world = World(archive, options={"trigger": "folder"})
    world.server.can_replace = can_replace
    world.server.put("Cyrano", mail(1))
    world.look()
    world.server.put(INBOX, mail(2, answers=1))
    world.text = "I will come then."
    return world


@pytest.mark.parametrize("can_replace", [False, True])
def test_a_newer_mail_of_the_thread_gets_the_draft(archive: Archive, *, can_replace: bool) -> None:
    """The untouched one before it is taken out once the new one is there, in the same pass."""
    world = thread(archive, can_replace=can_replace)
    world.start()
    world.look()
    assert [len(world.drafts_for(number)) for number in (1, 2)] == [0, 1]
    assert b"I will come then." in world.server.draft_bytes[0]
    assert world.states == [State.WITHDRAWN, State.APPENDED]
    assert world.rows[0].reason == "A newer message came."
    assert world.rows[0].ref == ""
    assert world.rows[1].replaces == world.rows[0].draft_id


@pytest.mark.parametrize("can_replace", [False, True])
@pytest.mark.parametrize("passes", [0, 1])
def test_killed_anywhere_while_replacing_one_draft_is_left(archive: Archive, passes: int, *, can_replace: bool) -> None:
    """Every point of both passes it takes: the newer mail has its one draft, the older one none."""

    def make() -> World:
        world = thread(archive, can_replace=can_replace)
        for _ in range(passes):
            assert not world.look_until_killed(None)
        return world

    points = points_of(make)
    assert points > 5
    for point in range(points):
        world = make()
        assert world.look_until_killed(point)
        world.settle()
        assert [len(world.drafts_for(number)) for number in (1, 2)] == [0, 1], f"killed at point {point}"


def test_a_server_that_stores_late_while_replacing_leaves_one_draft(archive: Archive) -> None:
    """Killed while the newer draft was still being stored."""
    for point in range(points_of(lambda: ready_to_replace(archive))):
        world = ready_to_replace(archive)
        world.server.is_late = True
        world.look_until_killed(point)
        world.server.is_late = False
        world.settle()
        assert [len(world.drafts_for(number)) for number in (1, 2)] == [0, 1], f"killed at point {point}"


def ready_to_replace(archive: Archive) -> World:
    """A world in which the newer mail is in the ledger, and its draft is next."""
    world = thread(archive)
    world.options |= {"quiet_hours": "08:00-10:00"}
    world.start()
    world.look()
    world.options.pop("quiet_hours")
    assert world.states[-1] is State.WANTED
    return world


def test_touched_while_the_newer_draft_is_written_it_stays(archive: Archive) -> None:
    """The owner's words are theirs; the newer mail, which nobody flagged, gets no draft, until somebody does."""
    world = thread(archive)
    world.meanwhile = lambda: world.server.edit(b"I will come.", b"I will come at nine.")
    world.settle()
    (raw,) = world.server.draft_bytes
    assert b"I will come at nine." in raw
    assert world.states == [State.EDITED]
    world.meanwhile = bool
    world.server.put("Cyrano", mail(2, answers=1))
    world.settle()
    assert [len(world.drafts_for(number)) for number in (1, 2)] == [1, 1]
    assert world.states == [State.EDITED, State.APPENDED]


@pytest.mark.parametrize("can_replace", [False, True])
def test_touched_at_any_point_of_a_replacement_no_word_is_lost(archive: Archive, *, can_replace: bool) -> None:
    """The owner saves other words at any moment: they are there in the end, unless the mailbox replaced at once."""
    for point in range(int(can_replace), points_of(lambda: ready_to_replace(archive)), 2):
        world = ready_to_replace(archive)
        world.server.can_replace = can_replace
        world.look_until_killed(point)
        before = next(iter(world.drafts_for(1)), None)
        if before is None:
            continue
        number = next(each for each, raw in world.server.folders[DRAFTS].items() if raw == before)
        touched = before.replace(b"I will come.", b"I will come at nine.")
        world.server.put(DRAFTS, touched)
        del world.server.folders[DRAFTS][number]
        world.settle()
        assert touched in world.server.draft_bytes, f"touched at point {point}"


def test_a_thread_that_goes_on_while_the_model_server_is_away_gets_one_draft(world: World) -> None:
    """Only the newest mail is answered, and the model is asked once."""
    world.faults = [EngineDown("down")] * 3
    for number in (1, 2, 3):
        world.server.put(INBOX, mail(number, answers=number - 1 if number > 1 else None))
        world.look(after_s=60)
    world.faults.clear()
    world.settle()
    assert world.drafter is not None
    assert len(world.drafter.asked) == 1
    assert [len(world.drafts_for(number)) for number in (1, 2, 3)] == [0, 0, 1]
    assert world.states == [State.WITHDRAWN, State.WITHDRAWN, State.APPENDED]


def test_a_draft_marked_for_deletion_after_a_crash_is_not_made_again(archive: Archive) -> None:
    """IMAP knows messages that are there and not there; the ledger takes it as its owner's doing."""
    for point in range(points_of(lambda: asked(archive))):
        world = asked(archive)
        world.look_until_killed(point)
        if world.server.draft_bytes and world.rows[-1].state is State.WRITTEN:
            world.server.hidden.update(world.server.folders[DRAFTS])
            world.settle()
            assert len(world.server.draft_bytes) == 1, f"killed at point {point}"
            assert world.rows[-1].state is State.DELETED
