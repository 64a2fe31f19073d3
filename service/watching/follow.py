"""What becomes of a draft once it lies in the Drafts folder.

appended ─> edited ─> sent | deleted        appended ─> sent | deleted | withdrawn       (the states of the ledger)

Rules:
1. A draft its owner touched is theirs for ever. It is only followed: by place, Message-ID and X-Cyrano-Draft, and where
   a mail program changed all three, by the mail it answers.
2. A draft that is gone was sent, if Sent shows an answer. Else it counts as deleted only when a second look, a minute
   later, does not find it either: mail programs save by taking out and putting in.
3. What was deleted is never made again.
4. If its owner answered without it, an untouched draft is taken out.
5. If a newer mail that deserves an answer came into the thread while a draft lay there untouched, another is wanted
   in its place. Only mail sent after the draft was begun is newer; an hour's difference of clocks is allowed for.
6. Of two copies of an untouched draft the earlier one is taken out: a server finished an append late. Beside a draft
   that its owner touched nothing is taken out.
7. The longer a draft lies there, the more rarely its thread is searched, and no pass searches more than a few: the
   watch must not stand still over thousands of drafts. Where each lies is looked at in every pass.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from connectors.account import AccountRecord
from connectors.errors import UnreadableMessage
from connectors.mailbox import DraftEntry, Mailbox, Place
from connectors.message import Email
from service.draft_row import DraftKind, DraftRow, State
from service.ledger import Ledger
from service.watching.answer import Answerer
from service.watching.deserves import Rules, read_incoming, why_no_draft
from service.watching.own_drafts import (
    ANSWERED,
    SUPERSEDED,
    DraftIndex,
    OwnDrafts,
    find_answering,
    find_sent,
    find_theirs,
    sort_copies,
)

logger = logging.getLogger(__name__)

GONE_FOR = timedelta(seconds=60)
"""How long a draft must be missing before it counts as deleted."""
CLOCKS_DIFFER = timedelta(hours=1)
_MAY_COME_TO_NOTHING = {State.WANTED, State.GENERATING, State.FAILED, State.WITHDRAWN}
"""States of a draft that has not taken the place of another yet, and may never."""
SEARCH_SHARE = 20
"""A thread is searched again after this share of the draft's age."""
SEARCH_AT_LEAST_EVERY = timedelta(hours=1)
SEARCHES_A_PASS = 50
"""Threads searched in one pass, at most: those first that were searched the longest ago."""
_NEVER = datetime.min.replace(tzinfo=UTC)


class Follower:
    """Follows the drafts of one account."""

    def __init__(
        self,
        record: AccountRecord,
        ledger: Ledger,
        answerer: Answerer,
        rules: Rules,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        """Join the parts.

        Args:
            record: Whose drafts.
            ledger: Remembers what became of them.
            answerer: Enters newer mail.
            rules: Which mail deserves an answer.
            clock: Now, aware.
        """
        self._record = record
        self._ledger = ledger
        self._answerer = answerer
        self._rules = rules
        self._clock = clock
        self._own = OwnDrafts(ledger)
        self._searched: dict[str, datetime] = {}
        self._due: set[str] = set()
        self._judged: set[tuple[str, str]] = set()

    def follow(self, mailbox: Mailbox) -> None:
        """Look what became of all drafts that are not at their end.

        Raises:
            AccountError: the mailbox failed; what was noted before stays good.
            StoreError: the ledger failed, likewise.
        """
        rows = self._ledger.followed(self._record.name)
        self._forget_others(rows)
        if not rows:
            return
        drafts = mailbox.drafts()
        index, replaced = DraftIndex(drafts), self._ledger.replaced(self._record.name)
        self._due = self._choose_due(rows)
        for row in rows:
            if row.draft_id not in replaced and self._is_at_rest(row, index.find_own(row)):
                continue
            now = self._ledger.get(row.draft_id)  # what was done for one may have moved another
            if now is None or now.state is not row.state:
                continue
            own = index.find_own(now)
            if now.state is State.WITHDRAWN:
                self._own.remove_rest(mailbox, now)
            elif not self._is_retired(mailbox, now):
                self._look_at(mailbox, now, own, drafts)

    def _is_at_rest(self, row: DraftRow, own: Sequence[DraftEntry]) -> bool:
        """Tell whether a draft, once, lies where it lay, and its thread is not to be searched now."""
        is_there = row.state in {State.APPENDED, State.EDITED} and [entry.ref for entry in own] == [row.ref]
        is_followed_only = row.state is State.EDITED or row.kind is not DraftKind.ANSWER
        return is_there and row.missed_at is None and (is_followed_only or row.draft_id not in self._due)

    def _is_retired(self, mailbox: Mailbox, row: DraftRow) -> bool:
        """Tell whether another draft takes this one's place by now, and have it taken out."""
        heirs = [heir for heir in self._heirs(row) if heir.reason != SUPERSEDED] if row.state is State.APPENDED else []
        if not heirs or heirs[0].state in _MAY_COME_TO_NOTHING:
            return False
        if heirs[0].state is not State.WRITTEN:  # one that is written may lie there already: who finds it goes on
            self._answerer.retire(mailbox, heirs[0])
        return True

    def _heirs(self, row: DraftRow) -> list[DraftRow]:
        """Return the drafts that take a draft's place, the one after it first."""
        heirs: list[DraftRow] = []
        while (row_after := self._ledger.replacing(heirs[-1] if heirs else row)) is not None:
            heirs.append(row_after)
        return heirs

    def _look_at(self, mailbox: Mailbox, row: DraftRow, own: list[DraftEntry], drafts: Sequence[DraftEntry]) -> None:
        if not own:
            self._gone(mailbox, row, drafts)
        elif row.state is State.APPENDED:
            self._untouched(mailbox, row, own)
        elif row.state is State.DELETED or row.missed_at or all(entry.ref != row.ref for entry in own):
            self._ledger.set_edited(row.draft_id, ref=own[-1].ref)

    def _untouched(self, mailbox: Mailbox, row: DraftRow, own: Sequence[DraftEntry]) -> None:
        copies = sort_copies(mailbox, row, own, trusts_ref=True)
        if copies.touched:
            self._ledger.set_edited(row.draft_id, ref=copies.touched[-1].ref)
            logger.info("draft %s: its owner's now", row.draft_id)
            return
        if len(copies.untouched) > 1:
            self._own.remove_doubles(mailbox, row)
        elif copies.untouched and (row.missed_at or copies.untouched[-1].ref != row.ref):
            self._ledger.set_ref(row.draft_id, copies.untouched[-1].ref)
        if row.kind is DraftKind.ANSWER and row.draft_id in self._due:
            self._searched[row.draft_id] = self._clock()
            self._search(mailbox, row)

    def _search(self, mailbox: Mailbox, row: DraftRow) -> None:
        """Look whether the thread went on without the draft."""
        sent = find_sent(mailbox, row.answers or "")
        if sent is not None:
            if self._own.take_out(mailbox, row, ANSWERED) and sent.message_id == row.message_id:
                self._ledger.set_sent(row.draft_id)
        elif newer := self._find_newer(mailbox, row):
            last = (row, *self._heirs(row))[-1]
            self._answerer.want(newer, replaces=last.draft_id)
            logger.info("draft %s: a newer mail came", row.draft_id)

    def _gone(self, mailbox: Mailbox, row: DraftRow, drafts: Sequence[DraftEntry]) -> None:
        theirs = self._find_theirs(row, drafts)
        if theirs:
            self._ledger.set_edited(row.draft_id, ref=theirs[-1].ref)
        elif row.state is State.DELETED and row.draft_id not in self._due:
            return
        elif self._is_sent(mailbox, row):
            self._ledger.set_sent(row.draft_id)
            logger.info("draft %s: sent", row.draft_id)
        elif row.state is not State.DELETED:
            self._miss(row)

    def _miss(self, row: DraftRow) -> None:
        now = self._clock()
        if row.missed_at is None or row.missed_at > now:  # later than now: the clock was put back
            self._ledger.miss(row.draft_id)
        elif now - row.missed_at >= GONE_FOR:
            self._ledger.set_deleted(row.draft_id)
            logger.info("draft %s: deleted by its owner", row.draft_id)

    def _find_theirs(self, row: DraftRow, drafts: Sequence[DraftEntry]) -> list[DraftEntry]:
        """Return what may be the draft, saved by a mail program that keeps none of its marks."""
        if row.kind is not DraftKind.ANSWER or not find_answering(row.answers or "", drafts):
            return []
        others = [each for each in self._ledger.followed(self._record.name) if each.draft_id != row.draft_id]
        return find_theirs(row.answers or "", drafts, others)

    def _is_sent(self, mailbox: Mailbox, row: DraftRow) -> bool:
        self._searched[row.draft_id] = self._clock()
        if mailbox.find(Place.SENT, row.message_id):
            return True
        return row.kind is DraftKind.ANSWER and find_sent(mailbox, row.answers or "") is not None

    def _find_newer(self, mailbox: Mailbox, row: DraftRow) -> Email | None:
        """Return the newest mail that answers what the draft answers, deserves a draft and has none."""
        for entry in reversed(mailbox.find_answers(Place.RECEIVED, row.answers or "")):
            if self._ledger.answering(self._record.name, entry.message_id) is not None:
                return None  # what came before it is not newer than what is drafted already
            if (row.draft_id, entry.message_id) in self._judged or not entry.message_id:
                continue
            self._judged.add((row.draft_id, entry.message_id))
            raw = mailbox.fetch(entry.ref)
            newer = self._newer(raw, row) if raw is not None else None
            if newer is not None and newer.message_id == entry.message_id:
                return newer
        return None

    def _newer(self, raw: bytes, row: DraftRow) -> Email | None:
        try:
            mail = read_incoming(raw)
        except UnreadableMessage:
            return None
        email = mail.email
        if email.sent_at is not None and email.sent_at < row.created_at - CLOCKS_DIFFER:
            return None
        if why_no_draft(mail, self._record, self._rules, now=self._clock(), is_chosen=False):
            return None
        return email

    def _choose_due(self, rows: Sequence[DraftRow]) -> set[str]:
        """Return the drafts whose threads are to be searched in this pass."""
        now = self._clock()
        due = [row.draft_id for row in reversed(rows) if self._is_searched_for(row) and self._is_due(row, now)]
        return set(sorted(due, key=lambda draft_id: self._searched.get(draft_id, _NEVER))[:SEARCHES_A_PASS])

    @staticmethod
    def _is_searched_for(row: DraftRow) -> bool:
        is_answer = row.state is State.APPENDED and row.kind is DraftKind.ANSWER
        return is_answer or row.state is State.DELETED

    def _is_due(self, row: DraftRow, now: datetime) -> bool:
        last = self._searched.get(row.draft_id)
        pause = min((now - row.created_at) / SEARCH_SHARE, SEARCH_AT_LEAST_EVERY)
        return last is None or not timedelta() <= now - last < pause

    def _forget_others(self, rows: Sequence[DraftRow]) -> None:
        ids = {row.draft_id for row in rows}
        self._searched = {draft_id: at for draft_id, at in self._searched.items() if draft_id in ids}
        self._judged = {(draft_id, message_id) for draft_id, message_id in self._judged if draft_id in ids}
