"""The mails that the owner answered: fetched for context, where the mailbox still holds them. Never learned from.

The rules this module keeps:
1. Each is sought once; what is not found is remembered in the transaction that stores what was.
2. They are fetched in small batches, newest replies first: what breaks off goes on there next time.
"""

import logging
from collections.abc import Callable

from connectors.account import Account
from connectors.archive import Archive
from connectors.errors import AccountError, UnreadableMessage
from connectors.message import ArchivedEmail, Email

logger = logging.getLogger(__name__)

NEWEST = 1_000
"""For how many of the newest replies the mail they answer is fetched."""
REASON = "received"

_BATCH = 50


def fetch_parents(
    account: Account,
    archive: Archive,
    *,
    parse: Callable[[bytes], Email],
    is_forgotten: Callable[[Email], bool],
    on_batch: Callable[[], None] = lambda: None,
    newest: int = NEWEST,
) -> int:
    """Fetch and archive the mails that the newest replies answer; return how many were found.

    A mailbox that fails meanwhile ends it, and the next sync goes on. `on_batch` is called after each batch that is
    stored; what it raises ends it, too.

    Raises:
        StoreError: the archive failed.
    """
    name = account.record.name
    wanted = archive.missing_parents(name, newest=newest)
    count = 0
    try:
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            found = _read(account, batch, parse, is_forgotten)
            archive.store(name, found, None, unfound={*batch} - {mail.email.message_id for mail in found})
            count += len(found)
            on_batch()
    except AccountError as error:
        logger.warning("The mails that %s answered were not all fetched: %s", name, type(error).__name__)
    return count


def _read(
    account: Account, message_ids: list[str], parse: Callable[[bytes], Email], is_forgotten: Callable[[Email], bool]
) -> list[ArchivedEmail]:
    """Read some of them. One that is unreadable, left out or forgotten counts as not found: it is only context."""
    found: dict[str, ArchivedEmail] = {}
    for message in account.received(message_ids):
        try:
            email = parse(message.raw) if message.raw else None
        except UnreadableMessage:
            email = None
        if email is not None and email.message_id in message_ids and not is_forgotten(email):
            found[email.message_id] = ArchivedEmail(
                account=account.record.name,
                email=email,
                kept=False,
                reason=REASON,
                server_id=message.server_id,
                is_received=True,
            )
    return list(found.values())
