"""Alice's account on the throw-away server, and the mail in it."""

from connectors.account import AccountRecord
from connectors.imap.account import ImapAccount
from tests.connectors.samples import account_record, raw_mail
from tests.dovecot import PASSWORDS, Dovecot
from tests.wire import Wire

SENT = "Gesendet"


def record(server: Dovecot, **changes: str | int | bool) -> AccountRecord:
    """Make Alice's account, over TLS unless told otherwise."""
    settings = {"host": "localhost", "port": server.tls_port, "user": "alice", "ca_file": str(server.ca_file)}
    return account_record(kind="imap", **settings | changes)


def plain(wire: Wire) -> AccountRecord:
    """Make Alice's account at the other end of a wire."""
    return account_record(kind="imap", host="127.0.0.1", port=wire.port, user="alice", security="plain")


def account(server: Dovecot, **changes: str | int | bool) -> ImapAccount:
    """Open Alice's account."""
    return ImapAccount(record(server, **changes), PASSWORDS["alice"])


def send(server: Dovecot, *numbers: int, folder: str = SENT) -> None:
    """Put mail into Alice's Sent folder."""
    with server.login("alice") as client:
        client.multiappend(folder, [raw_mail(number).replace(b"\n", b"\r\n") for number in numbers])


def numbers(account: ImapAccount, cursor: str | None = None) -> list[int]:
    """Read an account, and name its mail by number."""
    return [int(each.raw.split(b"Subject: Mail ")[1].split()[0]) for each in account.sent_since(cursor)]
