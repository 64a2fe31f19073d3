"""From the mailboxes to the index: sync every account, index what is new, and note what became of drafts.

The rule this module keeps: neither what was forgotten comes back, nor is a draft learned from that nobody edited.
"""

import logging
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from connectors.account import Account, AccountRecord
from connectors.archive import Archive
from connectors.cleaning import mime
from connectors.errors import CyranoError
from connectors.forgotten import cut_forgotten, forgotten
from connectors.sync import SyncReport, SyncSettings, sync
from retrieval.rank import Retriever
from service.learn import Learner
from service.progress import OnProgress

BATCH = 64

logger = logging.getLogger(__name__)

_UNEXPECTED = "Nothing is lost, and it is tried again. The log says where it failed: tell those who make Cyrano."


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """How one account fared: a report, or the error that stopped it."""

    account: str
    report: SyncReport | None = None
    error: CyranoError | None = None


def ingest(
    records: Iterable[AccountRecord],
    open_account: Callable[[AccountRecord], Account],
    archive: Archive,
    retriever: Retriever,
    settings: SyncSettings,
    *,
    learner: Learner,
    start_bar: Callable[[str], OnProgress],
) -> list[Ingested]:
    """Sync and index accounts one after the other; one that fails never stops the next."""
    results = []
    for record in records:
        try:
            on_progress = start_bar(f"Reading {record.name}")
            report = _sync_one(open_account(record), archive, settings, learner, on_progress)
            if report.new:
                learner.learn(record.name)
            index_new(record.name, archive, retriever, start_bar(f"Indexing {record.name}"))
            results.append(Ingested(account=record.name, report=report))
        except CyranoError as error:
            logger.warning("sync of %s stopped: %s", record.name, type(error).__name__)
            results.append(Ingested(account=record.name, error=error))
        except Exception as error:  # noqa: BLE001  what nobody thought of must not stop the other accounts
            # Where, not what: the message of a foreign exception may quote mail.
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("sync of %s failed: %s\n%s", record.name, type(error).__name__, where)  # noqa: TRY400
            said = CyranoError(f"Something unexpected failed: {type(error).__name__}.", hint=_UNEXPECTED)
            results.append(Ingested(account=record.name, error=said))
    return results


def _sync_one(
    account: Account, archive: Archive, settings: SyncSettings, learner: Learner, on_progress: OnProgress
) -> SyncReport:
    name = account.record.name
    is_forgotten, cut = forgotten(archive.engine, name), cut_forgotten(archive.engine, name)
    try:
        return sync(
            account,
            archive,
            settings,
            on_progress,
            veto=learner.veto(name),
            is_forgotten=is_forgotten,
            parse=lambda raw: cut(mime.parse(raw)),
        )
    finally:
        account.close()


def index_new(account: str, archive: Archive, retriever: Retriever, on_progress: OnProgress) -> int:
    """Index an account's mail that is learned from and not yet indexed; return how many.

    A mail is marked only once the index holds it, so an interrupted run goes on where it stopped.
    """
    drop_outdated(account, archive, retriever)
    mails = [archived.email for archived in archive.unindexed(account)]
    for start in range(0, len(mails), BATCH):
        batch = mails[start : start + BATCH]
        on_progress(start, len(mails))
        retriever.add(account, batch)
        archive.mark_indexed(account, [email.message_id for email in batch])
    if mails:
        on_progress(len(mails), len(mails))
    return len(mails)


def drop_outdated(account: str, archive: Archive, retriever: Retriever) -> None:
    """Take out of the index what is not learned from any more."""
    if outdated := archive.outdated(account):
        retriever.remove(account, outdated)
        archive.mark_indexed(account, outdated, is_indexed=False)
