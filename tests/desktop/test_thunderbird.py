"""Drafts in a real Thunderbird: it shows them, opens them rightly, and what it saves is its user's."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from imapclient import IMAPClient

from connectors.account import AccountRecord
from connectors.archive import Archive
from connectors.composing.reply import ComposeSettings
from connectors.imap.mailbox import ImapMailbox
from connectors.message import Address
from service.draft_row import DraftKind, DraftRow, State
from service.ledger import Ledger
from service.watching.settings import WatchSettings
from service.watching.watch import Watcher
from tests.desktop import thunderbird
from tests.desktop.windows import MailProgram
from tests.dovecot import PASSWORDS, Dovecot
from tests.e2e.cyrano import wait_for
from tests.machine.writer import SAID, StandInWriter
from tests.parts import require

pytestmark = pytest.mark.desktop

DRAFTS, SENT = "Entwürfe", "Gesendet"
PICTURES = Path(__file__).parent.parent.parent / ".test-parts" / "thunderbird"
BOB = Address(addr="bob@example.org", name="Bob Reed")
PLAIN = """\
From: Ann Roe <ann@example.net>
To: Bob Reed <bob@example.org>, cay@example.com
Subject: Lunch =?utf-8?q?f=C3=BCr_zwei_=F0=9F=8D=B2?=
Message-ID: <plain@example.net>
Date: {date}
Content-Type: text/plain; charset=utf-8

Are you coming on Monday?
I hope so.
"""
HTML = """\
From: Ann Roe <ann@example.net>
To: Bob Reed <bob@example.org>
Subject: Plans
Message-ID: <html@example.net>
Date: {date}
Content-Type: text/html; charset=utf-8

<p>Have you seen the <b>plans</b>?<img src="http://192.0.2.1/seen.png" alt=""></p>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Bob's mail, seen from three sides: Cyrano's, his Thunderbird's and, to look after both, the server's."""

    watcher: Watcher
    mailbox: ImapMailbox
    ledger: Ledger
    server: IMAPClient

    def deliver(self, mail: str) -> None:
        """Have Bob get a mail, and star it."""
        yesterday = datetime.now(UTC) - timedelta(days=1)
        raw = mail.format(date=f"{yesterday:%a, %d %b %Y %H:%M:%S} +0000").replace("\n", "\r\n").encode()
        self.server.append("INBOX", raw, (rb"\Flagged",))

    def check(self) -> DraftRow:
        """Have Cyrano make a pass; return what its ledger says of the one draft."""
        self.watcher.check(self.mailbox, threading.Event())
        (row,) = self.ledger.recent("bob", 2)
        return row

    def messages(self, folder: str) -> list[Message]:
        """Return what lies in a folder."""
        self.server.select_folder(folder, readonly=True)
        found = self.server.fetch(self.server.search("UNDELETED"), ["BODY.PEEK[]"])
        bodies = [each.get(b"BODY[]") for each in found.values()]
        return [message_from_bytes(body) for body in bodies if body]  # what is taken out just now has none


@pytest.fixture(params=[False, True], ids=["as it is", "with Thunderbird's header"])
def compose(request: pytest.FixtureRequest) -> ComposeSettings:
    """The two ways in which drafts are written for Thunderbird."""
    return ComposeSettings(thunderbird=request.param)


@pytest.fixture
def desk(dovecot: Dovecot, tmp_path: Path, compose: ComposeSettings) -> Iterator[Desk]:
    """Bob's desk, with nothing in the mailbox."""
    dovecot.forget("bob")
    settings = {"host": "127.0.0.1", "port": dovecot.port, "user": "bob", "security": "plain"}
    record = AccountRecord(name="bob", kind="imap", owner=BOB, addresses=frozenset({BOB.addr}), settings=settings)
    archive = Archive.open(f"sqlite:///{tmp_path}/cyrano.db")
    archive.add_account(record)
    ledger = Ledger(archive.engine)
    with ImapMailbox.open(record, PASSWORDS["bob"]) as mailbox, dovecot.login("bob") as server:
        watcher = Watcher(
            record,
            WatchSettings(trigger="flagged", settle_s=0.1),
            connect=lambda: mailbox,
            ledger=ledger,
            drafter=StandInWriter(ledger),
            compose=compose,
            signature=lambda: "Bob Reed\nHarbour Street 1",
        )
        yield Desk(watcher=watcher, mailbox=mailbox, ledger=ledger, server=server)
    archive.close()
    dovecot.forget("bob")


@pytest.fixture
def program(dovecot: Dovecot, desk: Desk) -> Iterator[MailProgram]:  # noqa: ARG001  the mailbox is emptied first
    """Bob's Thunderbird."""
    is_there = thunderbird.is_installed()
    require("Thunderbird", is_there=is_there, install="apt-get install --no-install-recommends thunderbird xvfb")
    mail = thunderbird.Mail(user="bob", port=dovecot.port, name=BOB.name, addr=BOB.addr)
    with thunderbird.running_thunderbird(mail) as running:
        yield MailProgram(running)


def test_a_plain_draft_is_shown_opened_and_saved(desk: Desk, program: MailProgram) -> None:
    """It lies in Drafts, opens for writing with the right people and quote, and once saved it is Bob's for ever."""
    desk.deliver(PLAIN)
    row = desk.check()
    assert row.state is State.APPENDED
    program.wait_for_drafts("Re: Lunch für zwei 🍲")
    program.select_draft("Re: Lunch für zwei 🍲")
    program.take_picture(PICTURES / "shown.png")
    with program.editing("Re: Lunch für zwei 🍲") as window:
        window.take_picture(PICTURES / "opened.png")
        shown = window.read()
        assert (shown.sender, shown.to, shown.cc) == (str(BOB), ("Ann Roe <ann@example.net>",), ())
        assert shown.subject == "Re: Lunch für zwei 🍲"
        assert shown.text.startswith(SAID)
        assert "> Are you coming on Monday?\n> I hope so." in shown.text
        assert "Harbour Street 1" in shown.text
        window.type_at_start("Dear Ann! ")
        window.save()
        window.take_picture(PICTURES / "saved.png")
    (saved,) = desk.messages(DRAFTS)
    assert "Dear Ann! " + SAID in saved.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert saved["In-Reply-To"] == "<plain@example.net>"
    _is_bobs_for_ever(desk, saved)


def test_an_html_draft_is_shown_opened_and_saved(desk: Desk, program: MailProgram) -> None:
    """Like a plain one, with the quote as Thunderbird quotes, and nothing in it that is loaded from elsewhere."""
    desk.deliver(HTML)
    assert desk.check().state is State.APPENDED
    program.wait_for_drafts("Re: Plans")
    with program.editing("Re: Plans") as window:
        window.take_picture(PICTURES / "html.png")
        shown = window.read()
        assert shown.to == ("Ann Roe <ann@example.net>",)
        assert shown.text.startswith(SAID)
        assert "Have you seen the plans?" in shown.text
        window.type_at_start("Dear Ann! ")
        window.save()
    (saved,) = desk.messages(DRAFTS)
    text = "\n".join(str(part.get_payload(decode=True)) for part in saved.walk() if not part.is_multipart())
    assert "Dear Ann! " in text
    assert "<blockquote" in text
    assert "192.0.2.1" not in text
    _is_bobs_for_ever(desk, saved)


def test_a_draft_deleted_there_is_not_made_again(desk: Desk, program: MailProgram) -> None:
    """Not by this watcher, and not by one that knows the ledger only."""
    desk.deliver(PLAIN)
    desk.check()
    program.wait_for_drafts("Re: Lunch für zwei 🍲")
    program.delete_draft("Re: Lunch für zwei 🍲")
    program.wait_for_drafts()
    wait_for("The end of deleting", lambda: not desk.messages(DRAFTS), within_s=20)
    for _ in range(2):
        desk.check()
        assert desk.messages(DRAFTS) == []


@pytest.mark.parametrize("compose", [ComposeSettings()], ids=["as it is"])
@pytest.mark.parametrize(
    ("mail", "subject", "quoted"),
    [
        (PLAIN, "Re: Lunch für zwei 🍲", "> Are you coming on Monday?"),
        (HTML, "Re: Plans", "Have you seen the <b>plans"),
    ],
    ids=["plain", "HTML"],
)
def test_an_instruction_typed_there_is_carried_out(
    desk: Desk, program: MailProgram, mail: str, subject: str, quoted: str
) -> None:
    """The full mail stands in its place, with the people, the quote and the headers Thunderbird gave the draft."""
    desk.deliver(mail)
    desk.check()
    program.wait_for_drafts(subject)
    with program.editing(subject) as window:
        window.type_at_start("@cyrano say that Eve comes too. ")
        window.save()
    wait_for("The end of saving", lambda: len(desk.messages(DRAFTS)) == 1, within_s=20)

    def is_carried_out() -> bool:
        desk.watcher.check(desk.mailbox, threading.Event())
        return desk.ledger.recent("bob", 1)[0].kind is DraftKind.INSTRUCTED and not desk.ledger.pending("bob")

    wait_for("The full mail", is_carried_out, within_s=20)
    (full,) = desk.messages(DRAFTS)
    body = (full.get_payload(decode=True) or b"").decode()  # type: ignore[union-attr]
    assert "@cyrano" not in body
    assert SAID in body.replace("\r\n", "").replace(" \n", " ")
    assert quoted in body
    assert full["To"] == "Ann Roe <ann@example.net>"
    assert full["X-Identity-Key"]
    program.wait_for_drafts(subject)


def _is_bobs_for_ever(desk: Desk, saved: Message) -> None:
    """Whatever the thread does next, what he saved stays as it is, and nothing is put beside it."""
    assert desk.check().state is State.EDITED
    desk.deliver(PLAIN.replace("<plain@", "<later@").replace("Date:", "In-Reply-To: <plain@example.net>\nDate:"))
    desk.server.append(SENT, b"From: bob@example.org\r\nIn-Reply-To: <plain@example.net>\r\n\r\nI come.\r\n")
    for _ in range(2):
        desk.watcher.check(desk.mailbox, threading.Event())
    kept = [each for each in desk.messages(DRAFTS) if each["Message-ID"] == saved["Message-ID"]]
    assert [each.as_bytes() for each in kept] == [saved.as_bytes()]
