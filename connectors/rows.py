"""Accounts and mail as rows of the archive's tables, there and back. Pure."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import RowMapping

from connectors.account import AccountRecord
from connectors.cleaning.keep import text_hash
from connectors.message import Address, ArchivedEmail, Email, Kind

EXCLUDED = "taken out by its owner"


def row_of_account(record: AccountRecord) -> dict[str, Any]:
    """Write an account as a row."""
    return {
        "name": record.name,
        "kind": record.kind,
        "owner_name": record.owner.name,
        "owner_addr": record.owner.addr,
        "addresses": sorted(record.addresses),
        "settings": dict(record.settings),
    }


def account_of_row(row: RowMapping) -> AccountRecord:
    """Read an account from its row."""
    return AccountRecord(
        name=row["name"],
        kind=row["kind"],
        owner=Address(addr=row["owner_addr"], name=row["owner_name"]),
        addresses=frozenset(row["addresses"]),
        settings=row["settings"],
    )


def row_of_mail(mail: ArchivedEmail) -> dict[str, Any]:
    """Write a mail as a row, without what only the archive knows of it (excluded, indexed)."""
    email = mail.email
    return {
        "account": mail.account,
        "message_id": email.message_id,
        "in_reply_to": email.in_reply_to,
        "references": list(email.references),
        "thread_id": email.thread_id,
        "sender": _pair(email.sender),
        "recipients": {
            "to": _pairs(email.to),
            "cc": _pairs(email.cc),
            "bcc": _pairs(email.bcc),
            "reply_to": _pairs(email.reply_to),
        },
        "sent_at": email.sent_at,
        "subject": email.subject,
        "text": email.text,
        "text_hash": text_hash(email.text),
        "quoted": email.quoted,
        "signature": email.signature,
        "language": email.language,
        "attachments": list(email.attachments),
        "kind": email.kind.value,
        "kept": mail.kept,
        "reason": mail.reason,
        "server_id": mail.server_id,
        "is_received": mail.is_received,
    }


def mail_of_row(row: RowMapping) -> ArchivedEmail:
    """Read a mail from its row; one that its owner took out is not kept, whatever was judged."""
    email = Email(
        message_id=row["message_id"],
        in_reply_to=row["in_reply_to"],
        references=tuple(row["references"]),
        sender=_address(row["sender"]),
        **{field: tuple(map(_address, pairs)) for field, pairs in row["recipients"].items()},
        sent_at=row["sent_at"],
        subject=row["subject"],
        text=row["text"],
        quoted=row["quoted"],
        signature=row["signature"],
        language=row["language"],
        attachments=tuple(row["attachments"]),
        kind=Kind(row["kind"]),
    )
    is_excluded = row["is_excluded"]
    return ArchivedEmail(
        account=row["account"],
        email=email,
        kept=row["kept"] and not is_excluded,
        reason=EXCLUDED if is_excluded else row["reason"],
        server_id=row["server_id"],
        is_received=row["is_received"],
    )


def _pair(address: Address) -> list[str]:
    return [address.addr, address.name]


def _pairs(addresses: Iterable[Address]) -> list[list[str]]:
    return [_pair(address) for address in addresses]


def _address(pair: list[str]) -> Address:
    return Address(addr=pair[0], name=pair[1])
