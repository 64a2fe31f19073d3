"""Forgetting a person, a message or old mail: archive, ledger, index, runs, and the adapters that learned from it.

The rules this module keeps:
1. It is told first what would go, and nothing goes before that was confirmed.
2. The archive's rows go last: wherever forgetting breaks off, the same command run again finds the rest.
3. Adapters are not deleted: one that learned from what is forgotten is tainted, until a newer one takes its place.
   Where it is strict, it does not write any more.
4. The mailbox itself stays as it is, with drafts that lie in it.
"""

import fcntl
import logging
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Engine

from connectors.adapter import AdapterCard, current_version, has_learned, is_tainted, is_withdrawn, list_cards, taint
from connectors.errors import CyranoError, StoreBusy, StoreError
from connectors.forget import Found, erase, find, shred
from connectors.forgotten import Scope
from connectors.job import FILE, TrainJob, read_job
from service.notices import Notice, NoticeKind
from service.training import RESULT

logger = logging.getLogger(__name__)

_LOCK = "lock"


class ForgetSettings(BaseModel):
    """What happens to adapters that learned from mail which was forgotten. The section `[forget]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    strict: bool = False
    """Whether such an adapter is put out of service at once; else it writes until a newer one takes its place."""


class Index(Protocol):
    """What holds mail to be found: `retrieval.rank.Retriever`."""

    def remove(self, account: str, message_ids: Collection[str]) -> None:
        """Take mails out."""

    def rewrite(self) -> None:
        """Leave nothing of them in the files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would go from one account."""

    account: str
    scope: Scope
    found: Found
    adapters: tuple[AdapterCard, ...]
    """Those that learned from it."""


def plan(engine: Engine, account: str, scope: Scope, *, adapters: Path) -> Plan:
    """Look for all that is to go from an account."""
    found = find(engine, account, scope)
    cards = tuple(card for card in list_cards(adapters, account) if _learned_from(adapters, card, found))
    return Plan(account=account, scope=scope, found=found, adapters=cards)


def carry_out(
    plans: Sequence[Plan], *, engine: Engine, index: Callable[[], Index], home: Path, adapters: Path, now: datetime
) -> int:
    """Forget what was planned; return how many training runs have to begin anew for it.

    Args:
        plans: One of each account.
        engine: The database.
        index: Opens the index.
        home: Where runs lie.
        adapters: Where adapters lie.
        now: The time.

    Raises:
        StoreBusy: a training run is under way, or another process reads the database; run the command again.
        StoreError: something could not be deleted, likewise.
    """
    with made_from_mail_deleted(home / "runs", adapters) as gone:
        for each in plans:
            for card in each.adapters:
                taint(adapters, card.account, card.version)
        _empty_index(plans, index())
        for each in plans:
            erase(engine, each.account, each.scope, each.found, now)
        shred(engine)
    for each in plans:
        logger.info("account %s: %d mails forgotten", each.account, len(each.found.mails))
    return gone


@contextmanager
def made_from_mail_deleted(runs: Path, adapters: Path) -> Iterator[int]:
    """Delete what training runs made from mail, and let none go on within the block; yield how many had made any.

    Those of all accounts: a run holds held-out mail of the others too. One that was under way begins anew.

    Raises:
        StoreBusy: a training run is under way.
        StoreError: something could not be deleted.
    """
    with _held(runs) as folders:
        made = [path for folder in folders for path in _made_from_mail(folder)]
        for path in (*made, *adapters.glob("*/.*-*")):
            _delete(path)
        yield len({path.parent for path in made})


def retrain_note(adapters: Path, account: str, *, is_strict: bool) -> str:
    """Return why an account is to be trained again, in a sentence; "" where it need not."""
    notice = retrain_notice(adapters, account, is_strict=is_strict)
    return notice.text if notice else ""


def retrain_notice(adapters: Path, account: str, *, is_strict: bool) -> Notice | None:
    """Return why an account is to be trained again; None where it need not."""
    approved = [card for card in list_cards(adapters, account) if card.is_approved]
    cards = [card for card in approved if not is_withdrawn(adapters, account, card.version)]
    in_service = current_version(adapters, account) or max((card.version for card in cards), default=0)
    if not is_tainted(adapters, account, in_service):
        return None
    if any(card.version > in_service and not is_tainted(adapters, account, card.version) for card in cards):
        return None
    meanwhile = "the base model writes until then" if is_strict else "it goes on writing until then"
    name, kind = f"{account}@v{in_service}", NoticeKind.FORGOTTEN_RESTS if is_strict else NoticeKind.FORGOTTEN_WRITES
    again = f"Train again ({meanwhile}): cyrano train --account {account}"
    return Notice(kind=kind, about=name, text=f"{name} learned from mail that was forgotten. {again}")


def _learned_from(adapters: Path, card: AdapterCard, found: Found) -> bool:
    """Tell whether an adapter learned from what goes; where it does not say, it did if it may have."""
    if not found.touched:
        return False
    is_known = has_learned(adapters, card, found.touched)
    return _may_have_learned(card, found) if is_known is None else is_known


def _may_have_learned(card: AdapterCard, found: Found) -> bool:
    """Go by the dates of the mail that an adapter learned from."""
    if found.quoting:
        return True
    try:
        oldest, newest = (datetime.fromisoformat(str(card.data[name])) for name in ("oldest", "newest"))
    except (KeyError, ValueError):
        return bool(found.mails)
    return any(mail.sent_at is None or oldest <= mail.sent_at <= newest for mail in found.mails)


def _empty_index(plans: Sequence[Plan], index: Index) -> None:
    for each in plans:
        index.remove(each.account, sorted(each.found.ids))
    index.rewrite()


@contextmanager
def _held(runs: Path) -> Iterator[list[Path]]:
    """Yield the folders of all runs, and see to it that none of them is worked on."""
    folders = sorted(path for path in runs.iterdir() if path.is_dir()) if runs.is_dir() else []
    with ExitStack() as stack:
        for folder in folders:
            file = stack.enter_context((folder / _LOCK).open("w", encoding="ascii"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                hint = "Wait until it ends or stop it, then run the command again."
                raise StoreBusy("A training run is under way, with mail in its hands.", hint=hint) from error
        yield folders


def _made_from_mail(run: Path) -> list[Path]:
    """Return what in a run's folder was made from mail: all but its order, its lock, and a result of numbers."""
    made = [path for path in run.iterdir() if path.name not in {FILE, RESULT, _LOCK}]
    result = run / RESULT
    return [*made, result] if result.exists() and _shows_mail(run) else made


def _shows_mail(run: Path) -> bool:
    """Tell whether a run's result shows an example, as that of a run that stopped before training does."""
    try:
        job = read_job(run)
    except CyranoError:
        return True
    return not isinstance(job, TrainJob) or job.stop_after is not None


def _delete(path: Path) -> None:
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError as error:
        hint = "Delete it yourself, then run the command again."
        raise StoreError(f"{path} could not be deleted: {error.strerror}.", hint=hint) from error
