"""What becomes of a draft: edited, sent, deleted, withdrawn, replaced; wherever Cyrano is killed."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from connectors.archive import Archive
from connectors.mailbox import MailboxEntry, Place
from service.draft_row import State
from service.watching.follow import SEARCHES_A_PASS
from tests.service.watching.fake_mailbox import DRAFTS, INBOX, SENT, FakeMailbox
from tests.service.watching.watched import World, answer, mail, points_of

LATER_S = 70.0


def _strip(raw: bytes) -> bytes:
    """Take away all marks of Cyrano's, as some mail programs do when they save."""
    raw = re.sub(rb"Message-ID: <[^>]*>", b"Message-ID: <new@thunderbird>", raw)
    return re.sub(rb"X-Cyrano-Draft: \w+\r\n", b"", raw)


def _save(world: World, change: Callable[[bytes], bytes]) -> bytes:
    """Save the one draft as something else."""
    ((number, raw),) = world.server.folders[DRAFTS].items()
    changed = change(raw)
    world.server.put(DRAFTS, changed)
    del world.server.folders[DRAFTS][number]
    return changed


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b"I will come.", b"I will come at nine."),
        lambda raw: raw.replace(b"X-Cyrano-Draft:", b"X-Gone:").replace(b"will come", b"shall come"),
        lambda raw: re.sub(rb"Message-ID: <[^>]*>", b"Message-ID: <new@program>", raw),
        _strip,
    ],
    ids=["other words", "header gone", "other id", "both gone"],
)
def test_a_draft_the_owner_saved_is_theirs_for_ever(world: World, change: Callable[[bytes], bytes]) -> None:
    """Followed by whatever mark is left; never removed or replaced, whoever answers and whatever comes."""
    world.with_draft()
    saved = _save(world, change)
    world.look(2, after_s=LATER_S)
    assert world.states == [State.EDITED]
    world.server.put(SENT, answer())
    world.server.put(INBOX, mail(2, answers=1))
    world.settle()
    assert saved in world.server.draft_bytes


def test_autosaves_are_followed_until_it_is_sent(world: World) -> None:
    """Each save has another place; in the end it went with the mail that was sent."""
    world.with_draft()
    for minute in (b"one", b"two", b"three"):
        _save(world, lambda raw, minute=minute: re.sub(rb"I will come[^.]*", b"I will come at " + minute, raw))
        world.look(after_s=10)
        assert world.rows[0].ref == f"Drafts;1;{world.server.last_number}"
    world.server.send(world.server.draft_bytes[0])
    world.look(after_s=10)
    assert world.states == [State.SENT]


def test_a_program_that_takes_out_before_it_puts_in_is_followed(world: World) -> None:
    """A draft that is missing once is not deleted yet."""
    raw = world.with_draft()
    world.server.folders[DRAFTS].clear()
    world.look(after_s=10)
    assert world.rows[0].missed_at is not None
    world.server.put(DRAFTS, raw.replace(b"I will", b"I shall"))
    world.look(after_s=LATER_S)
    assert world.states == [State.EDITED]
    assert world.rows[0].missed_at is None


def test_a_draft_that_is_sent_as_it_is_was_sent(world: World) -> None:
    """Even where the mail program gives it another id."""
    world.with_draft()
    sent = re.sub(rb"Message-ID: <[^>]*>", b"Message-ID: <sent@program>", world.server.draft_bytes[0])
    world.server.folders[DRAFTS].clear()
    world.server.put(SENT, sent)
    world.look()
    assert world.states == [State.SENT]


def test_a_draft_that_lingers_after_it_was_sent_is_taken_out(world: World) -> None:
    """Some programs leave it there: Sent shows its id, so it was sent, and not withdrawn."""
    raw = world.with_draft()
    world.server.put(SENT, raw)
    world.look()
    assert world.states == [State.SENT]
    assert world.server.draft_bytes == []


def test_a_draft_the_owner_deleted_is_never_made_again(world: World) -> None:
    """It takes two looks, a minute apart, to be sure; then not by this process, and not by the next."""
    world.with_draft()
    world.server.folders[DRAFTS].clear()
    world.look()
    assert world.states == [State.APPENDED]
    world.look(after_s=30)
    assert world.states == [State.APPENDED]
    world.look(after_s=31)
    assert world.states == [State.DELETED]
    world.settle()
    assert world.server.draft_bytes == []
    assert world.states == [State.DELETED]


def test_a_deleted_draft_that_turns_out_to_be_sent_was_sent(world: World) -> None:
    """Sent may show the mail long after Drafts is empty."""
    raw = world.with_draft()
    world.server.folders[DRAFTS].clear()
    world.look(2, after_s=LATER_S)
    assert world.states == [State.DELETED]
    world.server.put(SENT, raw)
    world.look(after_s=3600)
    assert world.states == [State.SENT]


def test_a_deleted_draft_that_is_put_back_is_its_owners(world: World) -> None:
    """They took it out of the bin: not one of Cyrano's any more."""
    raw = world.with_draft()
    world.server.folders[DRAFTS].clear()
    world.look(2, after_s=LATER_S)
    world.server.put(DRAFTS, raw)
    world.look()
    assert world.states == [State.EDITED]


def test_a_clock_that_is_put_back_deletes_nothing_too_early(world: World) -> None:
    """And nothing too late: from then on it takes the minute again."""
    world.with_draft()
    world.server.folders[DRAFTS].clear()
    world.look()
    world.now -= timedelta(days=3)
    world.look()
    assert world.states == [State.APPENDED]
    world.look(after_s=LATER_S)
    assert world.states == [State.DELETED]


def test_an_answer_without_the_draft_withdraws_it(world: World) -> None:
    """Untouched, it is of no use any more."""
    world.with_draft()
    world.server.put(SENT, answer())
    world.look()
    assert world.server.draft_bytes == []
    assert world.states == [State.WITHDRAWN]
    assert world.rows[0].ref == ""


def test_passing_the_mail_on_leaves_the_draft(world: World) -> None:
    """A forward is no answer."""
    world.with_draft()
    world.server.put(SENT, answer(subject="Fwd: Question 1"))
    world.settle()
    assert world.states == [State.APPENDED]


def answered(archive: Archive) -> World:
    """A world in which the mail of a draft was answered without it."""
    world = World(archive)
    world.with_draft()
    world.server.put(SENT, answer())
    return world


def test_killed_at_any_point_of_a_withdrawal_the_draft_is_gone(archive: Archive) -> None:
    """And the ledger says why."""
    points = points_of(lambda: answered(archive))
    assert points > 8
    for point in range(points):
        world = answered(archive)
        assert world.look_until_killed(point)
        world.settle()
        assert world.server.draft_bytes == [], f"killed at point {point}"
        assert world.states == [State.WITHDRAWN]


def test_touched_at_any_point_of_a_withdrawal_it_stays(archive: Archive) -> None:
    """Killed on the way, and the owner saves it before it is removed: their words are there in the end."""
    points = points_of(lambda: answered(archive))
    kept = 0
    for point in range(points):
        world = answered(archive)
        world.look_until_killed(point)
        if not world.server.draft_bytes:
            continue
        saved = _save(world, lambda raw: raw.replace(b"I will", b"I shall"))
        world.settle()
        assert world.server.draft_bytes == [saved], f"killed at point {point}"
        assert world.states == [State.EDITED]
        kept += 1
    assert kept > points / 2


def test_nothing_is_removed_while_a_touched_copy_lies_beside_it(world: World) -> None:
    """A mail program puts the new one in before it takes the old one out: both are the owner's."""
    raw = world.with_draft()
    world.server.put(DRAFTS, raw.replace(b"I will", b"I shall"))
    world.server.put(SENT, answer())
    world.settle()
    assert len(world.server.draft_bytes) == 2
    assert world.states == [State.EDITED]


def test_killed_at_any_point_after_a_deletion_it_is_not_made_again(archive: Archive) -> None:
    """Between any two steps of both looks."""

    def make(looks: int) -> World:
        world = World(archive)
        world.with_draft()
        world.server.folders[DRAFTS].clear()
        for _ in range(looks):
            world.look(after_s=LATER_S)
        return world

    for looks in (0, 1):
        for point in range(points_of(lambda looks=looks: make(looks))):
            world = make(looks)
            world.look_until_killed(point)
            world.settle()
            assert world.server.draft_bytes == [], f"killed at point {point} after {looks} looks"
            assert world.states == [State.DELETED]


def test_killed_at_any_point_after_it_was_sent_it_is_sent(archive: Archive) -> None:
    """Once."""

    def make() -> World:
        world = World(archive)
        world.server.send(world.with_draft())
        return world

    for point in range(points_of(make)):
        world = make()
        world.look_until_killed(point)
        world.settle()
        assert world.states == [State.SENT], f"killed at point {point}"
        assert world.server.draft_bytes == []


def test_numbers_given_anew_change_nothing(world: World) -> None:
    """UIDVALIDITY changed: the draft is found by its marks, is untouched by its bytes, and not deleted."""
    world.with_draft()
    world.server.generation = 2
    world.look(2, after_s=LATER_S)
    assert world.states == [State.APPENDED]
    world.server.put(SENT, answer())
    world.look(after_s=LATER_S)
    assert world.server.draft_bytes == []


@pytest.mark.parametrize(
    "newer",
    [
        mail(2, answers=1, extra="Auto-Submitted: auto-replied\r\n"),
        mail(2, answers=1, extra="List-Id: <all.example>\r\n"),
        mail(2, answers=1, sender="ana@example.org"),
        mail(2, answers=1, to="carl@example.net", extra="Cc: ana@example.org\r\n"),
        mail(2, extra="In-Reply-To: <m1@x>\r\n", sent_at="Fri, 20 Nov 2026 11:00:00 +0000"),
    ],
    ids=["auto", "list", "own", "cc", "older than the draft"],
)
def test_what_deserves_no_answer_replaces_no_draft(archive: Archive, newer: bytes) -> None:
    """Nobody chose it, so it must be written to the owner by a person, after the draft was begun."""
    world = World(archive, options={"trigger": "folder"})
    world.server.put("Cyrano", mail(1))
    world.look()
    world.server.put(INBOX, newer)
    world.settle()
    assert world.states == [State.APPENDED]
    assert len(world.drafts_for(1)) == 1


def test_the_newest_of_several_newer_mails_is_answered(archive: Archive) -> None:
    """The thread went on by two: one draft, for the last."""
    world = World(archive, options={"trigger": "folder"})
    world.server.put("Cyrano", mail(1))
    world.look()
    for number in (2, 3):
        world.server.put(INBOX, mail(number, extra="References: <m1@x>\r\n", sent_at="Sat, 21 Nov 2026 09:20:00 +0000"))
    world.settle()
    assert [len(world.drafts_for(number)) for number in (1, 2, 3)] == [0, 0, 1]


def test_a_thread_may_go_on_for_long(archive: Archive) -> None:
    """Draft by draft, each takes the place of the one before."""
    world = World(archive, options={"trigger": "folder"})
    world.server.put("Cyrano", mail(1))
    world.look()
    for number in range(2, 7):
        world.server.put(INBOX, mail(number, answers=number - 1))
        world.settle()
        assert [len(world.drafts_for(each)) for each in range(1, number + 1)] == [0] * (number - 1) + [1]
    assert world.states == [*[State.WITHDRAWN] * 5, State.APPENDED]


@dataclass
class CountingMailbox(FakeMailbox):
    """Counts how often a thread is searched."""

    searches: list[str] = field(default_factory=list)

    def find_answers(self, place: Place, message_id: str) -> list[MailboxEntry]:
        """Counted."""
        self.searches.append(place)
        return FakeMailbox.find_answers(self, place, message_id)


def test_an_old_draft_costs_few_searches(archive: Archive) -> None:
    """After a week its thread is searched once an hour, however often the mailbox is looked at."""
    server = CountingMailbox()
    world = World(archive, server)
    world.with_draft()
    world.now += timedelta(days=7)
    world.look()
    server.searches.clear()
    world.look(120, after_s=60)
    assert server.searches.count(Place.SENT) == 2
    world.server.put(SENT, answer())
    world.look(60, after_s=60)
    assert world.states == [State.WITHDRAWN]


def test_many_drafts_are_searched_for_in_turn(archive: Archive) -> None:
    """No pass searches more than its share of the threads, not even the first one after a start; none is left out."""
    server = CountingMailbox()
    world = World(archive, server, options={"daily_cap": 1000})
    count = 2 * SEARCHES_A_PASS + 1
    for number in range(count):
        server.put(INBOX, mail(number))
    world.look()
    world.now += timedelta(days=7)
    server.put(SENT, answer(0))
    world.start()
    for turn in range(3):
        server.searches.clear()
        world.look(after_s=60)
        assert 0 < server.searches.count(Place.SENT) <= SEARCHES_A_PASS, f"pass {turn}"
    assert world.states.count(State.WITHDRAWN) == 1
    server.searches.clear()
    world.look(after_s=60)
    assert server.searches == []


@pytest.mark.parametrize("comes", ["an answer", "a newer mail"])
def test_what_was_changed_where_it_lies_is_not_taken_out(world: World, comes: str) -> None:
    """A server that gives a changed draft no new place still loses none of its owner's words."""
    saved = world.with_draft().replace(b"I will come.", b"I will come at nine.")
    ((number, _),) = world.server.folders[DRAFTS].items()
    world.server.folders[DRAFTS][number] = saved
    world.server.put(*((SENT, answer()) if comes == "an answer" else (INBOX, mail(2, answers=1))))
    world.settle()
    assert saved in world.server.draft_bytes
    assert world.states[0] is State.EDITED


def test_the_ends_are_not_looked_at_any_more(world: World) -> None:
    """With nothing to follow, Drafts is not even listed."""
    world.server.send(world.with_draft())
    world.settle()
    assert world.ledger.followed("ana") == []
    before = world.server.steps.done
    world.look()
    assert world.server.steps.done == before + 1  # the arrivals
