"""The watcher: exactly one draft for each mail, wherever it is killed."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from connectors.account import AccountRecord
from connectors.archive import Archive
from connectors.errors import AuthError, ConfigError, EngineDown, EngineError, FolderError, ModelMissing, Unreachable
from connectors.imap_mailbox import INBOX, ImapMailbox, MailboxEntry
from connectors.message import Address, Email, Kind
from service.answer import Mailbox
from service.backoff import Backoff
from service.deserves import why_no_draft
from service.draft import DraftEvent, DraftRequest, Token
from service.ledger import Ledger, State, Written
from service.watch import MAX_TRIES, Watcher, WatchSettings, WatchState
from tests.dovecot import PASSWORDS, Dovecot

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DRAFTS = "Drafts"
ANA = AccountRecord(
    name="ana",
    kind="imap",
    owner=Address(addr="ana@example.org", name="Ana"),
    addresses=frozenset({"ana@example.org"}),
)


class Killed(BaseException):
    """SIGKILL, as far as a test in one process can have it."""


def mail(number: int = 1, *, sender: str = "ben@example.net", extra: str = "") -> bytes:
    """A mail that asks something."""
    return (
        f"From: Ben <{sender}>\r\nTo: ana@example.org\r\nSubject: Question {number}\r\nMessage-ID: <m{number}@x>\r\n"
        f"Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n{extra}\r\nCan you come on Monday?\r\n"
    ).encode()


@dataclass
class Steps:
    """Counts what is done to the outside world, and kills before or after one of those steps."""

    kill_at: int | None = None
    done: int = 0

    def run(self, act: Callable[[], Any]) -> Any:
        """Do one step, with a point to be killed before it and one after it."""
        self._point()
        result = act()
        self._point()
        return result

    def _point(self) -> None:
        if self.done == self.kill_at:
            raise Killed
        self.done += 1


@dataclass
class FakeMailbox:
    """A mailbox in memory; the server's side survives whoever is killed."""

    drafts = DRAFTS
    folders: dict[str, dict[int, bytes]] = field(default_factory=lambda: {INBOX: {}, DRAFTS: {}, "Cyrano": {}})
    steps: Steps = field(default_factory=Steps)
    is_blind: bool = False
    """Its search finds nothing in Drafts."""
    fault: Exception | None = None
    late: list[bytes] = field(default_factory=list)
    """Appends the server finishes only after the next search."""
    is_late: bool = False
    next_uid: int = 1
    changes: threading.Event = field(default_factory=threading.Event)

    def put(self, folder: str, raw: bytes) -> int:
        """Have a message in a folder."""
        self.next_uid += 1
        self.folders[folder][self.next_uid] = raw
        return self.next_uid

    def find_flagged(self) -> list[MailboxEntry]:
        """Everything in INBOX is flagged."""
        return self.find_in(INBOX)

    def find_in(self, folder: str) -> list[MailboxEntry]:
        """All messages of a folder."""
        if self.fault is not None:
            raise self.fault
        found = self.steps.run(self.folders[folder].copy)
        return [MailboxEntry(folder=folder, uid=uid, message_id=_id(raw)) for uid, raw in found.items()]

    def find_by_message_id(self, folder: str, message_id: str) -> list[int]:
        """As a server's search does, exactly."""
        if self.is_blind and folder == DRAFTS:
            return []
        found = self.steps.run(lambda: [u for u, r in self.folders[folder].items() if _id(r) == message_id])
        while folder == DRAFTS and self.late and not self.is_late:
            self.put(DRAFTS, self.late.pop())
        return list(found)

    def fetch(self, folder: str, uid: int) -> bytes | None:
        """One message."""
        found: bytes | None = self.steps.run(lambda: self.folders[folder].get(uid))
        return found

    def append_draft(self, raw: bytes) -> None:
        """Keep a draft, now or, for a slow server, a little later."""
        self.steps.run(lambda: self.late.append(raw) if self.is_late else self.put(DRAFTS, raw))

    def expunge(self, folder: str, uid: int) -> None:
        """Take one out."""
        self.steps.run(lambda: self.folders[folder].pop(uid))

    def wait_for_change(self, timeout_s: float, *, stop: threading.Event | None = None) -> bool:
        """Until the test says so."""
        is_changed = self.changes.wait(min(timeout_s, 0.05))
        self.changes.clear()
        return is_changed and stop is not None

    def close(self) -> None:
        """Nothing to do."""


def _id(raw: bytes) -> str:
    return str(message_from_bytes(raw)["Message-ID"] or "").strip("<>")


@dataclass
class FakeDrafter:
    """Writes one sentence, and keeps the ledger as the real one does."""

    ledger: Ledger
    steps: Steps = field(default_factory=Steps)
    faults: list[Exception] = field(default_factory=list)
    asked: list[DraftRequest] = field(default_factory=list)

    def draft(self, asked: DraftRequest) -> Iterator[DraftEvent]:
        """Move the row along, with points to be killed at."""
        draft_id = asked.draft_id or ""
        self.asked.append(asked)
        self.steps.run(lambda: self.ledger.set_generating(draft_id))
        if self.faults:
            error = self.faults.pop(0)
            self.ledger.fail(draft_id, str(error))
            raise error
        yield Token(text="I will come.")
        self.steps.run(lambda: self.ledger.keep_text(draft_id, Written(text="I will come.", language="en")))


class SteppedLedger(Ledger):
    """A ledger whose writes by the watcher are points to be killed at."""

    steps = Steps()

    def want(self, account: str, answers: str, message_id: str) -> Any:
        """Counted."""
        return self.steps.run(lambda: Ledger.want(self, account, answers, message_id))

    def set_appended(self, draft_id: str) -> None:
        """Counted."""
        self.steps.run(lambda: Ledger.set_appended(self, draft_id))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """A database with one account."""
    opened = Archive.open(f"sqlite:///{tmp_path}/cyrano.db")
    opened.add_account(ANA)
    yield opened
    opened.close()


@pytest.fixture
def ledger(archive: Archive) -> Ledger:
    """Its ledger, in the time of the tests."""
    return Ledger(archive.engine, clock=lambda: NOW)


def _watcher(mailbox: Mailbox, ledger: Ledger, drafter: FakeDrafter | None = None, **changes: Any) -> Watcher:
    return Watcher(
        ANA,
        WatchSettings.model_validate({"poll_s": 0.01, **changes}),
        connect=lambda: mailbox,
        ledger=ledger,
        drafter=drafter or FakeDrafter(ledger),
        clock=lambda: NOW,
        backoff=Backoff(lambda: 0.0, first_s=0.01, cap_s=0.01),
    )


def _pass(watcher: Watcher, mailbox: Mailbox) -> None:
    watcher.check(mailbox, threading.Event())


def _drafts(mailbox: FakeMailbox) -> list[bytes]:
    return list(mailbox.folders[DRAFTS].values())


def test_a_flagged_mail_gets_one_threaded_draft(ledger: Ledger) -> None:
    """And keeps that one, however often the mailbox is looked at."""
    mailbox = FakeMailbox()
    mailbox.put(INBOX, mail())
    drafter = FakeDrafter(ledger)
    watcher = _watcher(mailbox, ledger, drafter)
    for _ in range(3):
        _pass(watcher, mailbox)
    _pass(_watcher(mailbox, ledger, drafter), mailbox)
    (raw,) = _drafts(mailbox)
    draft = message_from_bytes(raw)
    assert draft["In-Reply-To"] == "<m1@x>"
    assert draft["Subject"] == "Re: Question 1"
    assert draft["X-Cyrano-Draft"] == ledger.recent("ana", 1)[0].draft_id
    assert b"I will come." in raw
    assert b"> Can you come on Monday?" in raw
    assert len(drafter.asked) == 1
    assert watcher.status.state is WatchState.WATCHING
    assert watcher.status.waiting == 0


def test_the_drafter_gets_the_mail_as_a_thread(ledger: Ledger) -> None:
    """What is asked of the model is what training showed it: one message, its sender, the subject of the answer."""
    mailbox = FakeMailbox()
    mailbox.put(INBOX, mail())
    drafter = FakeDrafter(ledger)
    _pass(_watcher(mailbox, ledger, drafter), mailbox)
    request = drafter.asked[0].request
    assert [message.text for message in request.thread] == ["Can you come on Monday?"]
    assert [each.addr for each in request.recipients] == ["ben@example.net"]
    assert request.subject == "Re: Question 1"
    assert drafter.asked[0].exclude == {"m1@x"}


def _run_until_killed(archive: Archive, server: FakeMailbox, kill_at: int | None, *, late: bool = False) -> bool:
    """Make one pass in a process that is killed at a point; tell whether it was."""
    steps = Steps(kill_at=kill_at)
    server.steps, server.is_late = steps, late
    ledger = SteppedLedger(archive.engine, clock=lambda: NOW)
    ledger.steps = steps
    try:
        _pass(_watcher(server, ledger, FakeDrafter(ledger, steps)), server)
    except Killed:
        return True
    return False


def _points(archive: Archive) -> int:
    server = FakeMailbox()
    server.put(INBOX, mail(0))
    _run_until_killed(archive, server, None)
    return server.steps.done


def test_killed_at_any_point_there_is_exactly_one_draft(archive: Archive) -> None:
    """Every point, before and after each step: who goes on makes the one draft, and the same one."""
    points = _points(archive)
    assert points > 20
    for point in range(points):
        server = FakeMailbox()
        server.put(INBOX, mail(point + 1))
        assert _run_until_killed(archive, server, point)
        assert not _run_until_killed(archive, server, None)
        assert not _run_until_killed(archive, server, None)
        assert len(_drafts(server)) == 1, f"killed at point {point}"


def test_killed_twice_there_is_exactly_one_draft(archive: Archive) -> None:
    """Killed at any point, and the one who goes on too."""
    points = _points(archive)
    for number, (first, second) in enumerate((f, s) for f in range(0, points, 3) for s in range(0, points, 5)):
        server = FakeMailbox()
        server.put(INBOX, mail(number + 1))
        _run_until_killed(archive, server, first)
        _run_until_killed(archive, server, second)
        _run_until_killed(archive, server, None)
        assert len(_drafts(server)) == 1, f"killed at points {first} and {second}"


def test_an_append_that_comes_late_is_taken_out_again(archive: Archive) -> None:
    """Killed while the server was still storing the draft: the one who goes on does not see it yet."""
    for point in range(_points(archive)):
        server = FakeMailbox()
        server.put(INBOX, mail(point + 1))
        _run_until_killed(archive, server, point, late=True)
        _run_until_killed(archive, server, None)
        _run_until_killed(archive, server, None)
        assert len(_drafts(server)) == 1, f"killed at point {point}"


def test_a_double_that_the_user_touched_stays(ledger: Ledger) -> None:
    """No word of the user's is ever taken away."""
    mailbox = FakeMailbox()
    mailbox.put(INBOX, mail())
    watcher = _watcher(mailbox, ledger)
    _pass(watcher, mailbox)
    mailbox.put(DRAFTS, _drafts(mailbox)[0].replace(b"I will come.", b"I cannot come."))
    _pass(watcher, mailbox)
    assert len(_drafts(mailbox)) == 2


def test_a_draft_the_user_deleted_is_not_made_again(ledger: Ledger) -> None:
    """Not by this process, and not by the next."""
    mailbox = FakeMailbox()
    mailbox.put(INBOX, mail())
    watcher = _watcher(mailbox, ledger)
    _pass(watcher, mailbox)
    mailbox.folders[DRAFTS].clear()
    _pass(watcher, mailbox)
    _pass(_watcher(mailbox, ledger), mailbox)
    assert _drafts(mailbox) == []


def test_a_server_that_does_not_find_drafts_gets_one_all_the_same(ledger: Ledger) -> None:
    """The search of some servers is broken: that must not fill the folder."""
    mailbox = FakeMailbox(is_blind=True)
    mailbox.put(INBOX, mail())
    for _ in range(2):
        _pass(_watcher(mailbox, ledger), mailbox)
    assert len(_drafts(mailbox)) == 1


def test_while_the_engine_is_down_mail_waits_its_turn(ledger: Ledger) -> None:
    """Nothing is lost, the status says why, and afterwards every mail is answered."""
    mailbox = FakeMailbox()
    for number in (1, 2):
        mailbox.put(INBOX, mail(number))
    drafter = FakeDrafter(ledger, faults=[EngineDown("The model server sleeps.", hint="Wait.", retry_after_s=7)] * 9)
    watcher = _watcher(mailbox, ledger, drafter)
    for _ in range(9):
        _pass(watcher, mailbox)
    assert (watcher.status.state, watcher.status.waiting) == (WatchState.WAITING, 2)
    assert (watcher.status.error, watcher.status.hint) == ("The model server sleeps.", "Wait.")
    _pass(watcher, mailbox)
    assert len(_drafts(mailbox)) == 2
    assert (watcher.status.state, watcher.status.waiting) == (WatchState.WATCHING, 0)


def test_without_its_model_no_mail_is_given_up(ledger: Ledger) -> None:
    """A wrong setting is mended some day; until then every mail waits."""
    mailbox = FakeMailbox()
    mailbox.put(INBOX, mail(1))
    drafter = FakeDrafter(ledger, faults=[ModelMissing("There is no such model.")] * (MAX_TRIES + 2))
    watcher = _watcher(mailbox, ledger, drafter)
    for _ in range(MAX_TRIES + 2):
        _pass(watcher, mailbox)
    assert (watcher.status.state, watcher.status.waiting) == (WatchState.WAITING, 1)
    _pass(watcher, mailbox)
    assert len(_drafts(mailbox)) == 1


@pytest.mark.parametrize("fault", [EngineError("It wrote nothing."), ZeroDivisionError()])
def test_a_mail_that_cannot_be_answered_is_given_up_and_the_others_go_on(ledger: Ledger, fault: Exception) -> None:
    """After a few tries its row says why."""
    mailbox = FakeMailbox()
    mailbox.put(INBOX, mail(1))
    drafter = FakeDrafter(ledger, faults=[fault] * (MAX_TRIES + 1))
    watcher = _watcher(mailbox, ledger, drafter)
    for _ in range(MAX_TRIES):
        _pass(watcher, mailbox)
    row = ledger.recent("ana", 1)[0]
    assert row.state is State.WITHDRAWN
    assert "Given up" in row.reason
    drafter.faults.clear()
    mailbox.put(INBOX, mail(2))
    _pass(watcher, mailbox)
    assert len(_drafts(mailbox)) == 1


def test_a_mail_that_is_gone_is_not_waited_for(ledger: Ledger) -> None:
    """Deleted before its draft was written: the row is withdrawn."""
    mailbox = FakeMailbox()
    uid = mailbox.put(INBOX, mail())
    drafter = FakeDrafter(ledger, faults=[EngineDown("down")])
    watcher = _watcher(mailbox, ledger, drafter)
    _pass(watcher, mailbox)
    mailbox.folders[INBOX].pop(uid)
    _pass(watcher, mailbox)
    assert ledger.recent("ana", 1)[0].state is State.WITHDRAWN
    assert _drafts(mailbox) == []


def test_a_mail_can_be_moved_into_a_folder_instead(ledger: Ledger) -> None:
    """With the other trigger INBOX is left alone."""
    mailbox = FakeMailbox()
    mailbox.put(INBOX, mail(1))
    mailbox.put("Cyrano", mail(2))
    _pass(_watcher(mailbox, ledger, trigger="folder"), mailbox)
    (raw,) = _drafts(mailbox)
    assert b"Re: Question 2" in raw


@pytest.mark.parametrize(
    "raw",
    [
        mail(sender="ana@example.org"),
        mail(sender="no-reply@shop.example"),
        mail(extra="Auto-Submitted: auto-replied\r\n"),
        mail(extra="List-Id: <all.example>\r\nPrecedence: bulk\r\n"),
        mail(extra="Reply-To: ana@example.org\r\n"),
        mail().replace(b"20 Nov 2026", b"20 Nov 2024"),
        mail().replace(b"Can you come on Monday?", b""),
        mail().replace(b"Message-ID: <m1@x>\r\n", b""),
        b"\r\n",
    ],
    ids=["own", "no-reply", "auto", "bulk", "to oneself", "old", "empty", "no id", "unreadable"],
)
def test_what_deserves_no_answer_gets_none(ledger: Ledger, raw: bytes) -> None:
    """Even flagged: machines, lists, oneself, the distant past."""
    mailbox = FakeMailbox()
    mailbox.put(INBOX, raw)
    _pass(_watcher(mailbox, ledger), mailbox)
    assert _drafts(mailbox) == []
    assert ledger.recent("ana", 1) == []


def test_a_recent_question_deserves_one() -> None:
    """The other side of the rule above; a mail without a date counts as new."""
    asked = Email(message_id="m", sender=Address(addr="ben@example.net"), text="Hm?", kind=Kind.NEW)
    assert why_no_draft(asked, ANA, now=NOW, max_age=timedelta(days=1)) == ""


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


def _start(server: Server, ledger: Ledger) -> tuple[Watcher, threading.Event, threading.Thread]:
    watcher = Watcher(
        ANA,
        WatchSettings(poll_s=0.01),
        connect=server.connect,
        ledger=ledger,
        drafter=FakeDrafter(ledger),
        clock=lambda: NOW,
        backoff=Backoff(lambda: 0.0, first_s=0.01, cap_s=0.01),
    )
    stop = threading.Event()
    thread = threading.Thread(target=watcher.run, args=(stop,), daemon=True)
    thread.start()
    return watcher, stop, thread


def _until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def test_a_lost_connection_is_made_again(ledger: Ledger) -> None:
    """Unreachable, no such folder, a bug: it goes on, and says meanwhile what is wrong."""
    mailbox = FakeMailbox()
    faults = [Unreachable("No network."), FolderError("No folder."), ZeroDivisionError(), Unreachable("Again.")]
    watcher, stop, thread = _start(Server(mailbox, faults), ledger)
    mailbox.put(INBOX, mail())
    _until(lambda: len(_drafts(mailbox)) == 1)
    mailbox.fault = Unreachable("Cut.", hint="Wait.")
    _until(lambda: watcher.status.error == "Cut.")
    assert (watcher.status.state, watcher.status.hint) == (WatchState.UNREACHABLE, "Wait.")
    mailbox.fault = None
    mailbox.put(INBOX, mail(2))
    _until(lambda: len(_drafts(mailbox)) == 2)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


def test_a_missing_password_is_said_in_its_own_words(ledger: Ledger) -> None:
    """What to do about it reaches the person; given meanwhile, the watch begins."""
    watcher, stop, thread = _start(Server(FakeMailbox(), [ConfigError("No password.", hint="Set it.")] * 3), ledger)
    _until(lambda: watcher.status.error)
    assert (watcher.status.error, watcher.status.hint) == ("No password.", "Set it.")
    _until(lambda: watcher.status.state is WatchState.WATCHING)
    stop.set()
    thread.join(5)


def test_a_refused_password_is_not_tried_again(ledger: Ledger) -> None:
    """Servers lock accounts for that: the watcher ends and says what to do."""
    server = Server(FakeMailbox(), [AuthError("Refused.", hint="Set a new password.")])
    watcher, _, thread = _start(server, ledger)
    thread.join(5)
    assert not thread.is_alive()
    assert server.tries == 1
    assert (watcher.status.state, watcher.status.hint) == (WatchState.REFUSED, "Set a new password.")


def test_switched_off_it_does_nothing(ledger: Ledger) -> None:
    """No connection is made."""
    server = Server(FakeMailbox(), [])
    watcher = Watcher(
        ANA, WatchSettings(trigger="off"), connect=server.connect, ledger=ledger, drafter=FakeDrafter(ledger)
    )
    watcher.run(threading.Event())
    assert (server.tries, watcher.status.state) == (0, WatchState.OFF)


@pytest.mark.server
def test_on_a_real_server_flagging_a_mail_is_enough(dovecot: Dovecot, ledger: Ledger) -> None:
    """IDLE tells of the flag, the draft lies in Drafts with its flags, and deleting it is the last word."""
    user = "bob"
    dovecot.forget(user)
    record = AccountRecord(
        name="ana",
        kind="imap",
        owner=ANA.owner,
        addresses=ANA.addresses,
        settings={
            "host": "localhost", "port": dovecot.tls_port, "user": user, "security": "tls",
            "ca_file": str(dovecot.ca_file),
        },
    )  # fmt: skip
    watcher = Watcher(
        record,
        WatchSettings(poll_s=30),
        connect=lambda: ImapMailbox.open(record, PASSWORDS[user]),
        ledger=ledger,
        drafter=FakeDrafter(ledger),
        clock=lambda: NOW,
    )
    stop = threading.Event()
    thread = threading.Thread(target=watcher.run, args=(stop,), daemon=True)
    thread.start()
    with dovecot.login(user) as client:
        client.append(INBOX, mail(1))
        client.append(INBOX, mail(2), (rb"\Flagged", rb"\Answered"))
        _until(lambda: watcher.status.last_pass_at is not None)
        client.select_folder(INBOX)
        client.add_flags(client.search(["HEADER", "MESSAGE-ID", "m1@x"]), [rb"\Flagged"])
        _until(lambda: any(row.state is State.APPENDED for row in ledger.recent("ana", 5)))
        drafts = client.find_special_folder(rb"\Drafts")
        client.select_folder(drafts)
        (uid,) = client.search()
        found = client.fetch([uid], ["FLAGS", "BODY.PEEK[]"])[uid]
        assert {rb"\Draft", rb"\Seen"} <= set(found[b"FLAGS"])
        assert message_from_bytes(found[b"BODY[]"])["In-Reply-To"] == "<m1@x>"
        client.delete_messages([uid])
        client.expunge()
        client.append(INBOX, mail(3), (rb"\Flagged",))
        _until(lambda: sum(row.state is State.APPENDED for row in ledger.recent("ana", 5)) == 2)
        client.select_folder(drafts)
        (uid,) = client.search()
        assert b"Re: Question 3" in client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
