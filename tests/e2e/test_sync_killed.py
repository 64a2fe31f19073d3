"""Law: losing power anywhere loses no mail and doubles none. A sync from a real server, killed again and again.

With SYNC_MESSAGES=20000 it is the size a person has.
"""

import os
import random
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from connectors.archive import Archive
from connectors.imap.account import ImapAccount
from connectors.sync import SyncReport, SyncSettings, sync
from tests.connectors.samples import account_record, raw_mail
from tests.dovecot import PASSWORDS, Dovecot

pytestmark = pytest.mark.server

MESSAGES = int(os.environ.get("SYNC_MESSAGES", "3000"))
KILLS = 10
UNREADABLE = 7
"""Every so many-hundredth message has neither sender nor text."""
SYNC = """
import sys
from connectors.archive import Archive
from connectors.imap.account import ImapAccount
from connectors.sync import SyncSettings, sync
archive = Archive.open(sys.argv[1])
account = ImapAccount(archive.account("ana"), sys.argv[2])
sync(account, archive, SyncSettings(), lambda done, total: print(done, flush=True))
"""


def message(number: int) -> bytes:
    """Write a message: most answer one of the inbox, some are unreadable."""
    if number % 100 == UNREADABLE:
        return b"Subject: %d\r\n\r\n" % number
    raw = raw_mail(number).replace(b"Subject: Mail", b"Subject: Re: Mail")
    raw = raw.replace(b"\n\n", b"\nIn-Reply-To: <m%d@example.net>\n\n" % (number % 300), 1)
    return raw.replace(b"\n", b"\r\n")


def question(number: int) -> bytes:
    """Write a mail of the inbox that was answered."""
    raw = raw_mail(number, sender="Ben <ben@example.net>", body=f"Question {number}: when can you come?\n")
    return raw.replace(b"@example.org>\n", b"@example.net>\n").replace(b"\n", b"\r\n")


def fill(server: Dovecot) -> None:
    """Put mail into Alice's mailbox."""
    server.forget("alice")
    with server.login("alice") as client:
        for start in range(0, MESSAGES, 500):
            client.multiappend("Gesendet", [message(n) for n in range(start, min(start + 500, MESSAGES))])
        client.multiappend("INBOX", [question(number) for number in range(200)])


def kill_somewhere(url: str, dice: random.Random) -> bool:
    """Start a sync and kill it within the next few batches; tell whether it was still at work."""
    process = subprocess.Popen([sys.executable, "-c", SYNC, url, PASSWORDS["alice"]], stdout=subprocess.PIPE)
    assert process.stdout is not None
    for _ in range(dice.randint(1, max(2, MESSAGES // 200 // KILLS + 1))):
        process.stdout.readline()
    time.sleep(dice.random() * 0.15)
    was_running = process.poll() is None
    process.kill()
    process.wait()
    return was_running


def test_a_sync_killed_ten_times_loses_and_doubles_nothing(dovecot: Dovecot, tmp_path: Path) -> None:
    """After the last kill one more sync ends where an undisturbed one does, down to the mail that was answered."""
    fill(dovecot)
    url, dice = f"sqlite:///{tmp_path / 'cyrano.db'}", random.Random(4)  # noqa: S311  no secret
    settings = {"host": "127.0.0.1", "port": dovecot.port, "user": "alice", "security": "plain"}
    record = account_record(kind="imap", **settings)
    with Archive.open(url) as archive:
        archive.add_account(record)
        kills = sum(kill_somewhere(url, dice) for _ in range(KILLS))
        assert kills == KILLS
        with closing(ImapAccount(record, PASSWORDS["alice"])) as account:
            sync(account, archive, SyncSettings(), lambda _done, _total: None)
            began_at = time.monotonic()
            assert sync(account, archive, SyncSettings(), lambda _done, _total: None) == SyncReport()
            assert time.monotonic() - began_at < 5
        found = [mail.email.message_id for mail in archive.mails("ana")]
        wanted = [number for number in range(MESSAGES) if number % 100 != UNREADABLE]
        assert found == [f"m{number}@example.org" for number in wanted]
        assert len(archive.quarantined("ana")) == MESSAGES - len(wanted)
        answered = {number % 300 for number in wanted[-1000:]}
        held = {number for number in range(300) if archive.get("ana", f"m{number}@example.net")}
        assert held == {number for number in answered if number < 200}
    dovecot.forget("alice")
