"""What every account kind promises. A new kind adds one fixture of 10-20 lines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.account import Account
from connectors.gmail.account import GmailAccount
from connectors.imap.account import ImapAccount
from connectors.mbox import MboxAccount
from tests.connectors.samples import account_record, as_mbox, raw_mail
from tests.dovecot import PASSWORDS, Dovecot
from tests.gmail.standin import Gmail, plenty
from tests.gmail.tokens import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One account kind: how to open the account, and how to put sent mail into it."""

    open: Callable[[], Account]
    send: Callable[[list[bytes]], None]


@pytest.fixture
def mbox(tmp_path: Path) -> Kind:
    """An mbox file that grows."""
    path = tmp_path / "Sent.mbox"

    def send(messages: list[bytes]) -> None:
        with path.open("ab") as file:
            file.write(as_mbox(messages))

    return Kind(open=lambda: MboxAccount(account_record(path=str(path))), send=send)


@pytest.fixture
def imap(dovecot: Dovecot) -> Iterator[Kind]:
    """The Sent folder of a real server, over TLS."""
    dovecot.forget("alice")

    def send(messages: list[bytes]) -> None:
        with dovecot.login("alice") as client:
            for raw in messages:
                client.append("Gesendet", raw.replace(b"\n", b"\r\n"), (rb"\Seen",))

    settings = {"host": "localhost", "port": dovecot.tls_port, "user": "alice", "ca_file": str(dovecot.ca_file)}
    yield Kind(open=lambda: ImapAccount(account_record(kind="imap", **settings), PASSWORDS["alice"]), send=send)
    dovecot.forget("alice")


@pytest.fixture
def gmail_kind(gmail: Gmail) -> Kind:
    """The sent mail of a Gmail mailbox."""

    def send(messages: list[bytes]) -> None:
        for raw in messages:
            gmail.send(raw)

    record = account_record(kind="gmail", api_endpoint=gmail.url)
    return Kind(open=lambda: GmailAccount(record, Tokens("good"), quota=plenty()), send=send)


@pytest.fixture(
    params=[
        "mbox",
        pytest.param("imap", marks=pytest.mark.server),
        pytest.param("gmail_kind", marks=pytest.mark.server, id="gmail"),
    ]
)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each account kind in turn."""
    made: Kind = request.getfixturevalue(request.param)
    return made


def read(account: Account, cursor: str | None = None) -> tuple[list[bytes], list[str]]:
    """Return messages with plain line ends, and their cursors."""
    found = list(account.sent_since(cursor))
    account.close()
    return [each.raw.replace(b"\r\n", b"\n") for each in found], [each.cursor for each in found]


def test_yields_every_message_oldest_first(kind: Kind) -> None:
    """What was sent comes out, byte for byte but for line ends, in order."""
    sent = [raw_mail(number) for number in range(120)]
    kind.send(sent)
    assert read(kind.open())[0] == sent


def test_goes_on_after_any_cursor(kind: Kind) -> None:
    """Reading on from a message's cursor yields the messages after it, those that came later included."""
    sent = [raw_mail(number) for number in range(6)]
    kind.send(sent)
    _, cursors = read(kind.open())
    later = [raw_mail(number) for number in range(6, 8)]
    kind.send(later)
    for position, cursor in enumerate(cursors, start=1):
        assert read(kind.open(), cursor)[0] == [*sent, *later][position:]


def test_yields_nothing_after_the_last_cursor(kind: Kind) -> None:
    """A mailbox that was read to its end has nothing new."""
    kind.send([raw_mail(1), raw_mail(2)])
    _, cursors = read(kind.open())
    assert read(kind.open(), cursors[-1]) == ([], [])


def test_starts_over_when_the_cursor_is_of_another_mailbox(kind: Kind) -> None:
    """A cursor that does not fit loses nothing."""
    kind.send([raw_mail(1), raw_mail(2)])
    assert len(read(kind.open(), "77:77")[0]) == 2
    assert len(read(kind.open(), "nonsense")[0]) == 2


def test_counts_what_it_will_yield_or_admits_not_to_know(kind: Kind) -> None:
    """A progress bar may trust the count."""
    kind.send([raw_mail(number) for number in range(3)])
    account = kind.open()
    cursors = [each.cursor for each in account.sent_since(None)]
    assert account.count_since(None) in {None, 3}
    assert account.count_since(cursors[1]) in {None, 1}
    assert account.count_since(cursors[2]) in {None, 0}
    account.close()


def test_refs_are_unlike(kind: Kind) -> None:
    """Each message can be told from the others by its ref."""
    kind.send([raw_mail(1), raw_mail(1), raw_mail(2)])
    assert len({each.ref for each in kind.open().sent_since(None)}) == 3


def test_closing_twice_does_no_harm(kind: Kind) -> None:
    """A closed account can be closed, and read again."""
    kind.send([raw_mail(1)])
    account = kind.open()
    account.close()
    account.close()
    assert len(read(account)[0]) == 1


def test_received_mail_that_is_not_there_is_passed_over(kind: Kind) -> None:
    """Whatever is asked for, also by ids made to trip us up."""
    kind.send([raw_mail(1)])
    account = kind.open()
    assert list(account.received(["nobody@example.org", "", 'x" OR ALL', "a\r\nb", "(", "ü"])) == []
    account.close()
