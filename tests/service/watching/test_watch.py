"""The watcher: what is taken up, when, and what it says of how it does. How drafts come about: `test_answer`."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest

from connectors.archive import Archive
from connectors.errors import (
    AccountError,
    AuthError,
    ConfigError,
    EngineDown,
    EngineError,
    EngineTaken,
    FolderError,
    ModelMissing,
    StoreError,
    Unreachable,
)
from connectors.imap.mailbox import ImapMailbox
from service.backoff import Backoff
from service.ledger import DraftKind, Ledger, State
from service.watching.settings import WatchSettings
from service.watching.watch import MAX_TRIES, Watcher, WatchState, WatchStatus
from tests.dovecot import PASSWORDS, Dovecot
from tests.service.watching.fake_mailbox import DRAFTS, INBOX, FakeDrafter, FakeMailbox
from tests.service.watching.watched import ANA, NOW, World, mail, points_of


def status(world: World) -> WatchStatus:
    """How its watcher does."""
    assert world.watcher is not None
    return world.watcher.status


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


def test_a_draft_with_an_instruction_becomes_the_full_mail(world: World) -> None:
    """Watching and instructions go together; how, is told in `test_instructed`."""
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


class Server:
    """Connections to a mailbox, some of which fail."""

    def __init__(self, mailbox: FakeMailbox, faults: Sequence[Exception]) -> None:
        self.mailbox = mailbox
        self.faults = list(faults)
        self.tries = 0

    def connect(self) -> FakeMailbox:
        """The next connection."""
        self.tries += 1
        if self.faults:
            raise self.faults.pop(0)
        return self.mailbox


def _start(
    server: Server, ledger: Ledger, report: Callable[[WatchStatus], None] = lambda _: None
) -> tuple[Watcher, threading.Event, threading.Thread]:
    watcher = Watcher(
        ANA,
        WatchSettings(poll_s=0.01),
        connect=server.connect,
        ledger=ledger,
        drafter=FakeDrafter(ledger),
        report=report,
        clock=lambda: NOW,
        backoff=Backoff(lambda: 0.0, first_s=0.01, cap_s=0.01),
    )
    stop = threading.Event()
    thread = threading.Thread(target=watcher.run, args=(stop,), daemon=True)
    thread.start()
    return watcher, stop, thread


def _until(is_so: Callable[[], object], within_s: float = 5) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def test_a_lost_connection_is_made_again(world: World) -> None:
    """Unreachable, no such folder, a bug: it goes on, and says meanwhile what is wrong."""
    mailbox = world.server
    faults = [Unreachable("No network."), FolderError("No folder."), ZeroDivisionError(), Unreachable("Again.")]
    watcher, stop, thread = _start(Server(mailbox, faults), world.ledger)
    mailbox.put(INBOX, mail())
    _until(lambda: len(mailbox.draft_bytes) == 1)
    mailbox.fault = Unreachable("Cut.", hint="Wait.")
    _until(lambda: watcher.status.error == "Cut.")
    assert (watcher.status.state, watcher.status.hint) == (WatchState.UNREACHABLE, "Wait.")
    mailbox.fault = None
    mailbox.put(INBOX, mail(2))
    _until(lambda: len(mailbox.draft_bytes) == 2)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


def test_how_it_does_is_reported_and_a_report_that_fails_ends_nothing(world: World) -> None:
    """After each failure and each pass; the store that cannot keep it may be what failed."""
    reports: list[WatchStatus] = []

    def report(said: WatchStatus) -> None:
        reports.append(said)
        if len(reports) in {1, 3}:
            raise StoreError("The disk is full.")

    _, stop, thread = _start(Server(world.server, [Unreachable("No network.")]), world.ledger, report)
    _until(lambda: len(reports) > 5)
    stop.set()
    thread.join(5)
    states = [said.state for said in reports]
    assert states[:2] == [WatchState.UNREACHABLE, WatchState.WATCHING]
    assert "The disk is full." in {said.error for said in reports}


def test_a_missing_password_is_said_in_its_own_words(world: World) -> None:
    """What to do about it reaches the person; given meanwhile, the watch begins."""
    server = Server(world.server, [ConfigError("No password.", hint="Set it.")] * 3)
    said: list[tuple[str, str]] = []
    watcher, stop, thread = _start(server, world.ledger, lambda status: said.append((status.error, status.hint)))
    _until(lambda: watcher.status.state is WatchState.WATCHING)
    assert said[0] == ("No password.", "Set it.")
    stop.set()
    thread.join(5)


def test_a_refused_password_is_not_tried_again(world: World) -> None:
    """Servers lock accounts for that: the watcher ends and says what to do."""
    server = Server(world.server, [AuthError("Refused.", hint="Set a new password.")])
    watcher, _, thread = _start(server, world.ledger)
    thread.join(5)
    assert not thread.is_alive()
    assert server.tries == 1
    assert (watcher.status.state, watcher.status.hint) == (WatchState.REFUSED, "Set a new password.")


def test_switched_off_it_does_nothing(world: World) -> None:
    """No connection is made."""
    server = Server(world.server, [])
    watcher = Watcher(
        ANA,
        WatchSettings(trigger="off"),
        connect=server.connect,
        ledger=world.ledger,
        drafter=FakeDrafter(world.ledger),
    )
    watcher.run(threading.Event())
    assert (server.tries, watcher.status.state) == (0, WatchState.OFF)


@pytest.mark.server
def test_on_a_real_server_flagging_a_mail_is_enough(dovecot: Dovecot, world: World) -> None:
    """IDLE tells of the flag, the draft lies in Drafts with its flags, and deleting it is the last word."""
    user = "bob"
    dovecot.forget(user)
    settings = {
        "host": "localhost", "port": dovecot.tls_port, "user": user, "security": "tls",
        "ca_file": str(dovecot.ca_file),
    }  # fmt: skip
    record = ANA.__class__(name="ana", kind="imap", owner=ANA.owner, addresses=ANA.addresses, settings=settings)
    ledger = world.ledger
    watcher = Watcher(
        record,
        WatchSettings(poll_s=30),
        connect=lambda: ImapMailbox.open(record, PASSWORDS[user], folder=""),
        ledger=ledger,
        drafter=FakeDrafter(ledger),
        clock=world.tick,
    )
    stop = threading.Event()
    thread = threading.Thread(target=watcher.run, args=(stop,), daemon=True)
    thread.start()
    with dovecot.login(user) as client:
        client.append(INBOX, mail(1))
        client.append(INBOX, mail(2), (rb"\Flagged", rb"\Answered"))
        _until(lambda: watcher.status.last_pass_at is not None, 20)
        client.select_folder(INBOX)
        client.add_flags(client.search(["HEADER", "MESSAGE-ID", "m1@x"]), [rb"\Flagged"])
        _until(lambda: any(row.state is State.APPENDED for row in ledger.recent("ana", 5)), 20)
        drafts = client.find_special_folder(rb"\Drafts")
        client.select_folder(drafts)
        (uid,) = client.search()
        found = client.fetch([uid], ["FLAGS", "BODY.PEEK[]"])[uid]
        assert {rb"\Draft", rb"\Seen"} <= set(found[b"FLAGS"])
        assert message_from_bytes(found[b"BODY[]"])["In-Reply-To"] == "<m1@x>"
        client.delete_messages([uid])
        client.expunge()
        client.append(INBOX, mail(3), (rb"\Flagged",))
        _until(lambda: len([row for row in ledger.recent("ana", 5) if row.state is State.APPENDED]) == 2, 20)
        client.select_folder(drafts)
        (uid,) = client.search()
        assert b"Re: Question 3" in client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
        # The newer mail of the thread, flagged by nobody, takes the draft over.
        client.append(INBOX, mail(4, answers=3))
        _until(lambda: ledger.recent("ana", 1)[0].state is State.APPENDED and len(ledger.recent("ana", 9)) == 3, 20)
        client.select_folder(drafts)
        _until(lambda: len(client.search()) == 1, 20)
        (uid,) = client.search()
        assert b"Re: Question 4" in client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
