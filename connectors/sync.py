"""From a mailbox into the archive: read, parse, judge, store. Wherever a sync breaks off, the next one goes on.

The rules this module keeps:
1. A cursor moves in the transaction that stores the mail before it; what was put aside is on the disk by then.
2. One broken message is put aside and reported, and so is one that the mailbox does not hand over; the sync goes on.
3. Memory holds one batch of parsed mail, whatever the size of the mailbox.
4. What the owner had forgotten is not stored again.
5. Mail the owner answered is fetched after all sent mail is in: it is context, and its failure is no failure.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace

from pydantic import BaseModel, ConfigDict, Field

from connectors.account import Account, AccountRecord, RawMessage
from connectors.archive import Archive
from connectors.cleaning import mime, signature
from connectors.cleaning.keep import DEFAULT_MIN_WORDS, judge, text_hash
from connectors.errors import AccountError, UnreadableMessage
from connectors.message import ArchivedEmail, Email
from connectors.parents import fetch_parents

logger = logging.getLogger(__name__)

_BATCH = 200
_LONGEST_BATCH_S = 5.0
"""A slow mailbox is stored more often: what was fetched at a cost must not be fetched twice."""
_SIGNATURE_MAILS = 2_000
"""How many of the newest mails are looked at for the signature that repeats."""

Parse = Callable[[bytes], Email]
OnProgress = Callable[[int, int | None], None]
Veto = Callable[[Email], str]
"""Says why a mail that was judged worth learning from is not learned from all the same, or ""."""
IsForgotten = Callable[[Email], bool]
"""Tells whether the owner had a mail, or the people in it, forgotten."""


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
    forgotten: int = 0
    """How many were not stored, because their owner had them forgotten."""
    parents: int = 0
    """How many mails that were answered were fetched for context."""

    def __add__(self, other: "SyncReport") -> "SyncReport":
        names = [field.name for field in fields(self)]
        return SyncReport(**{name: getattr(self, name) + getattr(other, name) for name in names})

    def __str__(self) -> str:
        said = (
            f"{self.new} new mails, {self.kept} of them learned from; "
            f"{self.seen_before} seen before, {self.quarantined} put aside"
        )
        said += f", {self.forgotten} forgotten" if self.forgotten else ""
        return said + (f"; {self.parents} mails they answer" if self.parents else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A message that was read; `email` is None where it was put aside, or is known and was not fetched again."""

    cursor: str
    server_id: str
    email: Email | None = None
    is_known: bool = False


def sync(
    account: Account,
    archive: Archive,
    settings: SyncSettings,
    on_progress: OnProgress,
    *,
    veto: Veto = lambda _email: "",
    is_forgotten: IsForgotten = lambda _email: False,
    parse: Parse = mime.parse,
    tick: Callable[[], float] = time.monotonic,
) -> SyncReport:
    """Archive what was sent since the last sync.

    Args:
        account: The mailbox.
        archive: Where the mail goes.
        settings: What is worth learning from.
        on_progress: Is told how many messages of how many are done.
        veto: Says why a mail is not learned from that would be otherwise.
        is_forgotten: Tells which mail is not even stored.
        parse: Makes an `Email` of a message.
        tick: A clock that only goes forward, in seconds.

    Raises:
        AccountError: the mailbox failed on the way; what was read until then is archived.
        StoreError: the archive failed; what is not in it is read again next time.
    """
    record = account.record
    cursor, block = archive.cursor(record.name), archive.signature(record.name)
    total = account.count_since(cursor)
    judging = _Judging(record, archive, settings, veto)
    report, done = SyncReport(), 0
    on_progress(done, total)
    for batch in _batches(_parsed(record, archive, account.sent_since(cursor), parse), tick):
        report += _store(batch, judging, block, is_forgotten)
        done += len(batch)
        on_progress(done, total)
    if not block:  # even where nothing is new: the sync before may have ended before it got here
        judging.cut_signature()

    def show() -> None:  # whoever is told may want to break it off
        on_progress(done, total)

    parents = fetch_parents(account, archive, parse=parse, is_forgotten=is_forgotten, on_batch=show)
    report += SyncReport(parents=parents)
    logger.info("Synced %s: %s.", record.name, report)
    return report


def _parsed(record: AccountRecord, archive: Archive, messages: Iterable[RawMessage], parse: Parse) -> Iterator[_Read]:
    """Parse messages one by one, putting aside the unreadable and what the mailbox left out."""
    for message in messages:
        read = _Read(cursor=message.cursor, server_id=message.server_id)
        if message.left_out:
            archive.quarantine(record.name, message.ref, message.left_out, message.raw)
            yield read
        elif not message.raw and message.server_id:
            yield replace(read, is_known=True)
        else:
            try:
                yield replace(read, email=parse(message.raw))
            except UnreadableMessage as error:
                archive.quarantine(record.name, message.ref, str(error), message.raw)
                yield read


def _batches(parsed: Iterable[_Read], tick: Callable[[], float]) -> Iterator[list[_Read]]:
    """Group what was parsed; when the mailbox fails, hand out what came before it did."""
    batch: list[_Read] = []
    began_at = tick()
    try:
        for each in parsed:
            batch.append(each)
            if len(batch) == _BATCH or tick() - began_at > _LONGEST_BATCH_S:
                yield batch
                batch, began_at = [], tick()
    except AccountError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _store(batch: Sequence[_Read], judging: "_Judging", block: str, is_forgotten: IsForgotten) -> SyncReport:
    """Judge and store one batch, and move the cursor behind it."""
    found = [(each.email, each.server_id) for each in batch if each.email is not None]
    kept = [(signature.cut(email, block), server_id) for email, server_id in found if not is_forgotten(email)]
    mails = judging.judge_new(kept)
    judging.archive.store(judging.record.name, mails, batch[-1].cursor)
    known = sum(each.is_known for each in batch)
    return SyncReport(
        new=len(mails),
        kept=sum(mail.kept for mail in mails),
        seen_before=len(kept) - len(mails) + known,
        quarantined=len(batch) - len(found) - known,
        forgotten=len(found) - len(kept),
    )


@dataclass(frozen=True, slots=True)
class _Judging:
    """Judges the mail of one account."""

    record: AccountRecord
    archive: Archive
    settings: SyncSettings
    veto: Veto

    def judge_new(self, mails: Sequence[tuple[Email, str]]) -> list[ArchivedEmail]:
        """Judge the mails that the archive does not hold yet."""
        name = self.record.name
        known = self.archive.known_ids(name, {email.message_id for email, _ in mails})
        fresh: dict[str, tuple[Email, str]] = {}
        for email, server_id in mails:
            if email.message_id not in known:
                fresh.setdefault(email.message_id, (email, server_id))
        hashes = self.archive.known_texts(name, {text_hash(email.text) for email, _ in fresh.values()})
        return [self._verdict(email, hashes, server_id) for email, server_id in fresh.values()]

    def cut_signature(self) -> None:
        """Find the block that repeats under the owner's mails, and cut it off those that the archive holds."""
        block = signature.find_repeated(self.archive.texts(self.record.name, newest=_SIGNATURE_MAILS))
        if block:
            self.archive.set_signature(self.record.name, block, self._without(block))

    def _without(self, block: str) -> Iterator[ArchivedEmail]:
        """Yield the mails that end with a block, without it; what was kept for its length alone is judged anew."""
        hashes: set[str] = set()
        for mail in self.archive.mails(self.record.name):
            email = signature.cut(mail.email, block)
            if email is not mail.email:
                anew = mail.kept
                yield self._verdict(email, hashes, mail.server_id) if anew else replace(mail, email=email)

    def _verdict(self, email: Email, hashes: set[str], server_id: str) -> ArchivedEmail:
        """Judge one mail, and remember its text among `hashes` if it is kept."""
        reason = judge(email, own=self.record.addresses, min_words=self.settings.min_words, seen=hashes)
        reason = reason or self.veto(email)
        if not reason:
            hashes.add(text_hash(email.text))
        return ArchivedEmail(account=self.record.name, email=email, kept=not reason, reason=reason, server_id=server_id)
