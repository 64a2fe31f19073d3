"""From Gmail into the archive, the parts joined as they are in the service."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from connectors.archive import Archive
from connectors.gmail.account import GmailAccount
from connectors.sync import SyncReport, SyncSettings, sync
from tests.connectors.samples import account_record, raw_mail
from tests.gmail.faults import Fault
from tests.gmail.standin import Gmail, connect
from tests.gmail.tokens import Tokens

pytestmark = pytest.mark.server

RECORD = account_record(kind="gmail")
GET = "gmail.users.messages.get"


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An archive with Ana's account."""
    with Archive.open(f"sqlite:///{tmp_path / 'a.db'}") as opened:
        opened.add_account(RECORD)
        yield opened


def run(
    gmail: Gmail, archive: Archive, on_progress: Callable[[int, int | None], None] = lambda _done, _total: None
) -> SyncReport:
    """Sync once."""

    def is_known(ids: Collection[str]) -> set[str]:
        return archive.known_server_ids(RECORD.name, ids)

    account = GmailAccount(RECORD, Tokens("good"), is_known=is_known, wire=connect(gmail), max_message_bytes=1 << 20)
    return sync(account, archive, SyncSettings(min_words=3), on_progress)


def reply(number: int, *, answers: int) -> bytes:
    """Write a mail of Ana's that answers one."""
    text = f"Hello Ben, what you wrote in mail {answers} is as good as number {number} gets.\n"
    return raw_mail(number, body=text).replace(b"Subject: ", b"In-Reply-To: <m%d@example.org>\nSubject: Re: " % answers)


def test_sent_mail_and_what_it_answers_are_archived(gmail: Gmail, archive: Archive) -> None:
    """Each sent mail once, with Gmail's own id, and the received mails that were answered."""
    for number in range(10):
        gmail.deliver(raw_mail(100 + number, sender="Ben <ben@example.net>"))
    for number in range(30):
        gmail.send(reply(number, answers=100 + number))
    assert run(gmail, archive).new >= 30
    sent = [archive.get("ana", f"m{number}@example.org") for number in range(30)]
    assert all(mail is not None and mail.server_id and not mail.is_received for mail in sent)
    parents = [archive.get("ana", f"m{100 + number}@example.org") for number in range(30)]
    assert [mail is not None and mail.is_received for mail in parents] == [True] * 10 + [False] * 20


def test_a_kill_anywhere_loses_nothing_and_doubles_nothing(gmail: Gmail, archive: Archive) -> None:
    """Whether it is killed, history is forgotten, or Google is out of sorts: each mail is archived once."""
    for number in range(450):
        gmail.send(raw_mail(number))

    def kill(done: int, _: int | None) -> None:
        if done:
            raise Killed

    for _ in range(2):
        with pytest.raises(Killed):
            run(gmail, archive, kill)
        gmail.forget_history()
    gmail.faults.add(Fault(method=GET, times=40, skip=7, status=429))
    run(gmail, archive)
    run(gmail, archive)
    assert archive.count("ana").total == 450
    assert gmail.methods().count(GET) < 450 + 40 + 60


def test_what_is_too_large_is_put_aside_and_told(gmail: Gmail, archive: Archive) -> None:
    """Once, with its reason."""
    gmail.send(raw_mail(1))
    gmail.send(raw_mail(2, body="x" * (2 << 20)))
    assert run(gmail, archive).quarantined == 1
    assert run(gmail, archive).quarantined == 0
    assert [reason for _, reason in archive.quarantined("ana")] == ["larger than 1 MB"]
