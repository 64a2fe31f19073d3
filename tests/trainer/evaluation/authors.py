"""Mail by people: the demo's two authors, as Cyrano reads their mailboxes."""

from functools import cache
from pathlib import Path

from connectors.account import AccountRecord
from connectors.cleaning.keep import judge
from connectors.cleaning.mime import parse
from connectors.cleaning.signature import cut, find_repeated
from connectors.errors import UnreadableMessage
from connectors.mbox import MboxAccount
from connectors.message import Address, Email

MAILBOXES = Path(__file__).parents[3] / "deploy" / "demo" / "mailbox"


@cache
def sent_by(name: str, language: str = "en") -> tuple[str, ...]:
    """Return the texts of the mails of "ana" or "ben" in a language, oldest first."""
    owner = Address(addr=f"{name}@example.org")
    mails = list(_read(owner, MAILBOXES / f"{name}.mbox"))
    block = find_repeated(mail.text for mail in mails)
    return tuple(cut(mail, block).text for mail in mails if mail.language == language)


def _read(owner: Address, path: Path) -> list[Email]:
    record = AccountRecord(
        name="any", kind="mbox", owner=owner, addresses=frozenset({owner.addr}), settings={"path": str(path)}
    )
    found = []
    for raw in MboxAccount(record).sent_since(None):
        try:
            mail = parse(raw.raw)
        except UnreadableMessage:
            continue
        if mail.sender.addr == owner.addr and not judge(mail, own=frozenset({owner.addr})):
            found.append(mail)
    return found
