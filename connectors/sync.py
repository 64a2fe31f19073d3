"""From a mailbox into the archive: read, parse, judge, store. Wherever a sync breaks off, the next one goes on.

The rules this module keeps:
1. A cursor moves in the transaction that stores the mail before it; what was put aside is on the disk by then.
2. One broken message is put aside and reported; the sync goes on.
3. Memory holds one batch of parsed mail, whatever the size of the mailbox.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field

from connectors import mime, signature
from connectors.account import Account, AccountRecord, RawMessage
from connectors.archive import Archive
from connectors.errors import AccountError, UnreadableMessage
from connectors.keep import DEFAULT_MIN_WORDS, judge, text_hash
from connectors.message import ArchivedEmail, Email

logger = logging.getLogger(__name__)

_BATCH = 200

Parse = Callable[[bytes], Email]
OnProgress = Callable[[int, int | None], None]
_Parsed = tuple[str, Email | None]
"""A cursor, and the mail before it unless that was put aside."""


class SyncSettings(BaseModel):
    """How sent mail is fetched and judged."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_words: int = Field(default=DEFAULT_MIN_WORDS, ge=1)
    """Mails with fewer words are archived but not learned from."""
    every_minutes: int = Field(default=15, ge=1)
    """How often a running service looks for mail sent meanwhile."""
    max_message_mb: int = Field(default=25, ge=1)
    """Larger messages are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a sync did."""

    new: int = 0
    kept: int = 0
    """How many of the new mails are learned from."""
    seen_before: int = 0
    quarantined: int = 0

    def __add__(self, other: "SyncReport") -> "SyncReport":
        return SyncReport(
            new=self.new + other.new,
            kept=self.kept + other.kept,
            seen_before=self.seen_before + other.seen_before,
            quarantined=self.quarantined + other.quarantined,
        )

    def __str__(self) -> str:
        return (
            f"{self.new} new mails, {self.kept} of them learned from; "
            f"{self.seen_before} seen before, {self.quarantined} put aside"
        )


def sync(
    account: Account, archive: Archive, settings: SyncSettings, on_progress: OnProgress, *, parse: Parse = mime.parse
) -> SyncReport:
    """Archive what was sent since the last sync. `on_progress` is told how many messages of how many are done.

    Raises:
        AccountError: the mailbox failed on the way; what was read until then is archived.
        StoreError: the archive failed; what is not in it is read again next time.
    """
    record = account.record
    cursor, block = archive.cursor(record.name), archive.signature(record.name)
    total = account.count_since(cursor)
    report, done = SyncReport(), 0
    on_progress(done, total)
    for batch in _batches(_parsed(record, archive, account.sent_since(cursor), parse)):
        emails = [signature.cut(email, block) for _, email in batch if email is not None]
        mails = _judge(record, archive, emails, settings)
        archive.store(record.name, mails, batch[-1][0])
        done += len(batch)
        report += SyncReport(
            new=len(mails),
            kept=sum(mail.kept for mail in mails),
            seen_before=len(emails) - len(mails),
            quarantined=len(batch) - len(emails),
        )
        on_progress(done, total)
    if not block:  # even where nothing is new: the sync before may have ended before it got here
        _cut_signature(record, archive, settings)
    logger.info("Synced %s: %s.", record.name, report)
    return report


def _parsed(record: AccountRecord, archive: Archive, messages: Iterable[RawMessage], parse: Parse) -> Iterator[_Parsed]:
    """Parse messages one by one, putting aside the unreadable."""
    for message in messages:
        try:
            email = parse(message.raw)
        except UnreadableMessage as error:
            archive.quarantine(record.name, message.ref, str(error), message.raw)
            yield message.cursor, None
        else:
            yield message.cursor, email


def _batches(parsed: Iterable[_Parsed]) -> Iterator[list[_Parsed]]:
    """Group what was parsed; when the mailbox fails, hand out what came before it did."""
    batch: list[_Parsed] = []
    try:
        for each in parsed:
            batch.append(each)
            if len(batch) == _BATCH:
                yield batch
                batch = []
    except AccountError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _judge(
    record: AccountRecord, archive: Archive, emails: Sequence[Email], settings: SyncSettings
) -> list[ArchivedEmail]:
    """Judge the mails that the archive does not hold yet."""
    known = archive.known_ids(record.name, {email.message_id for email in emails})
    fresh: dict[str, Email] = {}
    for email in emails:
        if email.message_id not in known:
            fresh.setdefault(email.message_id, email)
    hashes = archive.known_texts(record.name, {text_hash(email.text) for email in fresh.values()})
    return [_verdict(record, email, settings, hashes) for email in fresh.values()]


def _verdict(record: AccountRecord, email: Email, settings: SyncSettings, hashes: set[str]) -> ArchivedEmail:
    """Judge one mail, and remember its text among `hashes` if it is kept."""
    reason = judge(email, own=record.addresses, min_words=settings.min_words, seen=hashes)
    if not reason:
        hashes.add(text_hash(email.text))
    return ArchivedEmail(account=record.name, email=email, kept=not reason, reason=reason)


def _cut_signature(record: AccountRecord, archive: Archive, settings: SyncSettings) -> None:
    """Find the block that repeats under the owner's mails, and cut it off those that the archive holds."""
    block = signature.find_repeated(archive.texts(record.name))
    if block:
        archive.set_signature(record.name, block, _without(block, record, archive, settings))


def _without(block: str, record: AccountRecord, archive: Archive, settings: SyncSettings) -> Iterator[ArchivedEmail]:
    """Yield the mails that end with a block, without it; what was kept for its length alone is judged anew."""
    hashes: set[str] = set()
    for mail in archive.mails(record.name):
        email = signature.cut(mail.email, block)
        if email is not mail.email:
            yield _verdict(record, email, settings, hashes) if mail.kept else replace(mail, email=email)
