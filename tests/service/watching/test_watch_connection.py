"""The watcher's connection: made again, given up or never made, and what is said of it."""

import threading
from collections.abc import Callable, Sequence
from email import message_from_bytes

import pytest

from connectors.errors import (
    AuthError,
    ConfigError,
    FolderError,
    StoreError,
    Unreachable,
)
from connectors.imap.mailbox import ImapMailbox
from service.backoff import Backoff
from service.draft_row import State
from service.ledger import Ledger
from service.watching.settings import WatchSettings
from service.watching.watch import Watcher, WatchState, WatchStatus
from tests.dovecot import PASSWORDS, Dovecot
from tests.service.watching.fake_mailbox import INBOX, FakeDrafter, FakeMailbox
from tests.service.watching.watched import ANA, NOW, World, mail
from tests.waiting import until


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


def test_a_lost_connection_is_made_again(world: World) -> None:
    """Unreachable, no such folder, a bug: it goes on, and says meanwhile what is wrong."""
    mailbox = world.server
    faults = [Unreachable("No network."), FolderError("No folder."), ZeroDivisionError(), Unreachable("Again.")]
    watcher, stop, thread = _start(Server(mailbox, faults), world.ledger)
    mailbox.put(INBOX, mail())
    until(lambda: len(mailbox.draft_bytes) == 1)
    mailbox.fault = Unreachable("Cut.", hint="Wait.")
    until(lambda: watcher.status.error == "Cut.")
    assert (watcher.status.state, watcher.status.hint) == (WatchState.UNREACHABLE, "Wait.")
    mailbox.fault = None
    mailbox.put(INBOX, mail(2))
    until(lambda: len(mailbox.draft_bytes) == 2)
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
    until(lambda: len(reports) > 5)
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
    until(lambda: watcher.status.state is WatchState.WATCHING)
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
        until(lambda: watcher.status.last_pass_at is not None, 20)
        client.select_folder(INBOX)
        client.add_flags(client.search(["HEADER", "MESSAGE-ID", "m1@x"]), [rb"\Flagged"])
        until(lambda: any(row.state is State.APPENDED for row in ledger.recent("ana", 5)), 20)
        drafts = client.find_special_folder(rb"\Drafts")
        client.select_folder(drafts)
        (uid,) = client.search()
        found = client.fetch([uid], ["FLAGS", "BODY.PEEK[]"])[uid]
        assert {rb"\Draft", rb"\Seen"} <= set(found[b"FLAGS"])
        assert message_from_bytes(found[b"BODY[]"])["In-Reply-To"] == "<m1@x>"
        client.delete_messages([uid])
        client.expunge()
        client.append(INBOX, mail(3), (rb"\Flagged",))
        until(lambda: len([row for row in ledger.recent("ana", 5) if row.state is State.APPENDED]) == 2, 20)
        client.select_folder(drafts)
        (uid,) = client.search()
        assert b"Re: Question 3" in client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
        # The newer mail of the thread, flagged by nobody, takes the draft over.
        client.append(INBOX, mail(4, answers=3))
        until(lambda: ledger.recent("ana", 1)[0].state is State.APPENDED and len(ledger.recent("ana", 9)) == 3, 20)
        client.select_folder(drafts)
        until(lambda: len(client.search()) == 1, 20)
        (uid,) = client.search()
        assert b"Re: Question 4" in client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
