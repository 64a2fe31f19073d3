"""What the watcher does in a Gmail mailbox: find mail to answer, read it, put a draft into Drafts, take one out.

A draft's ref is "<draft>:<message>": Gmail keeps the first for as long as the draft lives, and changes the second with
every edit. Any other ref is Gmail's id of a message.

Rules:
1. A draft is changed or deleted only while it is still the message that the ref names.
2. What a draft answers is told by its headers and by Gmail's thread: both are set.
3. Messages never change, so what was read of one is not asked for again; threads are, once the history names them.
"""

import logging
import re
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from threading import Event
from types import TracebackType
from typing import Self

from connectors.account import AccountRecord
from connectors.errors import AuthError, FolderError
from connectors.gmail.account import open_api
from connectors.gmail.api import (
    DRAFT,
    INBOX,
    MARK,
    SENT,
    SPAM,
    STARRED,
    TRASH,
    Draft,
    GmailApi,
    GmailSettings,
    Head,
    own_ids,
)
from connectors.gmail.batch import MAX_CALLS
from connectors.gmail.quota import Quota, QuotaSettings
from connectors.gmail.wire import GmailWire, NotThere
from connectors.mailbox import Arrivals, DraftEntry, MailboxEntry, Place, Trigger
from connectors.oauth.tokens import TokenSource
from connectors.settings import read_settings

logger = logging.getLogger(__name__)

_CURSOR = re.compile(r"history:(\d+):(\d+)")
_DAY_S = 86_400
_MOST_HEADS = 20_000
_MOST_LATELY = 500


class GmailMailbox:
    """A mailbox over one connection, for one thread."""

    def __init__(self, api: GmailApi, *, folder: str = "", poll_s: float = 20.0) -> None:
        """Look where the mailbox stands.

        Args:
            api: The calls.
            folder: The label that marks mail to answer, where the trigger is one.
            poll_s: How often to ask for changes while waiting for one.
        """
        self._api = api
        self._folder = folder
        self._poll_s = poll_s
        self._label = ""
        self._heads: dict[str, Head] = {}
        self._threads: dict[str, list[Head]] = {}
        self._thread_of: dict[str, str] = {}
        self._ours: dict[str, str] = {}
        """Drafts by Gmail's lasting id, with the Message-ID they were given."""
        self._came: deque[str] = deque(maxlen=_MOST_LATELY)
        """Mail that was sent or came since this was opened, and some that was sent before."""
        self._is_sent_known = False
        self._is_changed = False
        self._point = api.history_id()

    @classmethod
    def open(
        cls,
        record: AccountRecord,
        tokens: TokenSource,
        *,
        folder: str = "",
        quota: Quota | None = None,
        wire: GmailWire | None = None,
    ) -> Self:
        """Connect, and see that the consent is good.

        Raises:
            AuthError: it is gone, or does not cover drafts.
            Unreachable: Google cannot be reached.
        """
        if not read_settings(GmailSettings, record).writes_drafts:
            hint = f"Sign in once more, for drafts too: cyrano account login {record.name} --drafts"
            raise AuthError("The consent given to Cyrano is for reading only, not for drafts.", hint=hint)
        quota = quota or Quota(QuotaSettings())
        api = open_api(record, tokens, quota=quota, wire=wire)
        try:
            return cls(api, folder=folder, poll_s=quota.settings.poll_s)
        except BaseException:
            api.close()
            raise

    def close(self) -> None:
        """Hang up."""
        self._api.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def arrivals(self, trigger: Trigger, cursor: str | None) -> Arrivals:
        """Return the mail a trigger selects: stars in the inbox, a label, or what came into the inbox since `cursor`.

        Raises:
            FolderError: there is no such label.
        """
        match trigger:
            case "flagged":
                return Arrivals(entries=self._entries(self._api.ids(INBOX, STARRED)))
            case "folder":
                return Arrivals(entries=self._entries(self._api.ids(self._folder_label())))
            case "all":
                return self._came_in(cursor)
            case "off":
                return Arrivals(entries=(), cursor=cursor or "")

    def find(self, place: Place, message_id: str) -> list[MailboxEntry]:
        """Return the messages of a place with this id, oldest first.

        A draft is found by the id it was given even where Gmail has given it another.
        """
        if place is Place.DRAFTS:
            return [
                MailboxEntry(ref=entry.ref, message_id=entry.message_id)
                for entry in self.drafts()
                if message_id and message_id in {entry.message_id, self._ours.get(_draft_of(entry.ref), "")}
            ]
        found = self._api.heads(self._api.find(message_id, *([SENT] if place is Place.SENT else [])))
        self._remember(found.values())
        return _listed(head for head in found.values() if head.message_id == message_id and _lies_in(place, head))

    def find_answers(self, place: Place, message_id: str) -> list[MailboxEntry]:
        """Return the messages of a place that name this id in In-Reply-To or References, oldest first.

        They are looked for in the thread, and among what was sent or came of late: Gmail begins another thread where
        the subject changes, and has none of a message that is gone.
        """
        if place is Place.DRAFTS:
            return [
                MailboxEntry(ref=entry.ref, message_id=entry.message_id)
                for entry in self.drafts()
                if message_id == entry.in_reply_to or message_id in entry.references
            ]
        self._look()
        if not self._is_sent_known:
            self._came.extend(self._api.newest(SENT, MAX_CALLS))
            self._is_sent_known = True
        found = {head.id: head for head in self._heads_of(self._came)}
        found.update((head.id, head) for head in self._thread(self._find_thread(message_id)))
        return _listed(head for head in found.values() if head.answers(message_id) and _lies_in(place, head))

    def drafts(self) -> list[DraftEntry]:
        """Return all drafts, oldest first."""
        drafts = self._api.drafts()[::-1]
        heads = {head.id: head for head in self._heads_of(draft.message_id for draft in drafts)}
        return [_entry(draft, heads[draft.message_id]) for draft in drafts if draft.message_id in heads]

    def fetch(self, ref: str) -> bytes | None:
        """Return a message without marking it read, or None if it is not there any more."""
        draft, message = _draft_of(ref), ref.rpartition(":")[2]
        whole = self._api.whole(message)
        if whole is None or whole.labels & {SPAM, TRASH} or (draft and DRAFT not in whole.labels):
            return None
        return whole.raw

    def append_draft(self, raw: bytes, *, answers: str = "", replaces: str = "") -> None:
        """Put a message into Drafts; in the place of another one, if that is still what `replaces` names."""
        message_id = next(iter(own_ids(raw)), "")
        raw = f"{MARK}: <{message_id}>\r\n".encode() + raw if message_id else raw
        thread = self._find_thread(answers) if answers else ""
        draft = self._update(replaces, raw, thread) or self._create(raw, thread)
        self._ours[draft.id] = message_id

    def remove_draft(self, ref: str) -> None:
        """Delete a draft, if it is still what its ref names."""
        if self._is_current(ref):
            self._api.delete_draft(_draft_of(ref))
        else:
            logger.info("A draft was not there any more as it was: nothing was removed.")

    def wait_for_change(self, timeout_s: float, *, stop: Event | None = None) -> bool:
        """Wait until anything in the mailbox changed; return False when the time is up. `stop` ends the wait."""
        stop = stop or Event()
        while True:
            self._look()
            if self._is_changed:
                self._is_changed = False
                return True
            if timeout_s <= 0 or stop.wait(min(timeout_s, self._poll_s)):
                return False
            timeout_s -= self._poll_s

    def _came_in(self, cursor: str | None) -> Arrivals:
        known = _CURSOR.fullmatch(cursor or "")
        if known is None:
            return Arrivals(entries=(), cursor=self._cursor(self._api.history_id()))
        point, seen_at = known.groups()
        try:
            history = self._api.history(point, INBOX)
        except NotThere:
            logger.warning("Google has forgotten what came since the last look: listing the inbox.")
            now = self._cursor(self._api.history_id())
            # By Google's own clock on both sides; a day more, because "after" was never promised to be exact.
            since = int(seen_at) - _DAY_S
            late = self._api.ids(INBOX, query=f"after:{since}" if since > 0 else "")
            return Arrivals(entries=self._entries(late), cursor=now)
        now = cursor if history.id == point and cursor else self._cursor(history.id)
        came = dict.fromkeys(message for change in history.changes for message in change.added)
        return Arrivals(entries=self._entries([*came][::-1]), cursor=now)

    def _cursor(self, point: str) -> str:
        return f"history:{point}:{self._api.served_at}"

    def _folder_label(self) -> str:
        self._label = self._label or self._api.label_id(self._folder)
        if not self._label:
            hint = "Make it in Gmail, or name another: folder in the section [watch]."
            raise FolderError(f'There is no label "{self._folder}".', hint=hint)
        return self._label

    def _entries(self, messages: list[str]) -> tuple[MailboxEntry, ...]:
        """Return messages, newest first, as entries, oldest first."""
        return tuple(
            MailboxEntry(ref=head.id, message_id=head.message_id)
            for head in self._heads_of(messages[::-1])
            if DRAFT not in head.labels
        )

    def _look(self) -> None:
        """See what changed in the mailbox since the last look."""
        try:
            history = self._api.history(self._point)
        except NotThere:
            self._threads.clear()
            self._point, self._is_changed = self._api.history_id(), True
            return
        self._point = history.id
        for change in history.changes:
            self._is_changed = True
            self._came.extend(change.came)
            for thread in change.threads:
                self._threads.pop(thread, None)

    def _heads_of(self, messages: Iterable[str]) -> list[Head]:
        """Return the heads of messages in the order given, those that are gone left out; labels may be old."""
        wanted = list(messages)
        missing = [message for message in dict.fromkeys(wanted) if message not in self._heads]
        if len(self._heads) + len(missing) > _MOST_HEADS:
            self._heads.clear()
            missing = list(dict.fromkeys(wanted))
        self._heads.update(self._api.heads(missing))
        return [self._heads[message] for message in wanted if message in self._heads]

    def _thread(self, thread: str) -> list[Head]:
        if thread and thread not in self._threads:
            self._threads[thread] = self._api.thread(thread)
        return self._threads.get(thread, [])

    def _find_thread(self, message_id: str) -> str:
        """Return Gmail's thread of a message, "" where the message is not there."""
        if message_id not in self._thread_of:
            self._remember(self._heads_of(self._api.find(message_id)))
        return self._thread_of.get(message_id, "")

    def _remember(self, heads: Iterable[Head]) -> None:
        self._thread_of.update((head.message_id, head.thread_id) for head in heads if DRAFT not in head.labels)

    def _is_current(self, ref: str) -> bool:
        draft = self._api.draft(_draft_of(ref)) if _draft_of(ref) else None
        return draft is not None and f"{draft.id}:{draft.message_id}" == ref

    def _update(self, ref: str, raw: bytes, thread: str) -> Draft | None:
        if not ref or not self._is_current(ref):
            return None
        with suppress(NotThere):
            return self._api.update_draft(_draft_of(ref), raw, thread)
        return None

    def _create(self, raw: bytes, thread: str) -> Draft:
        try:
            return self._api.create_draft(raw, thread)
        except NotThere:
            if not thread:
                raise
            self._thread_of.clear()
            return self._api.create_draft(raw)


def _draft_of(ref: str) -> str:
    return ref.partition(":")[0] if ":" in ref else ""


def _entry(draft: Draft, head: Head) -> DraftEntry:
    return DraftEntry(
        ref=f"{draft.id}:{draft.message_id}",
        message_id=head.marked_id or head.message_id,
        in_reply_to=head.in_reply_to,
        references=head.references,
        cyrano_id=head.cyrano_id,
    )


def _lies_in(place: Place, head: Head) -> bool:
    if place is Place.SENT:
        return SENT in head.labels and DRAFT not in head.labels
    return not head.labels & {DRAFT, SPAM, TRASH} and (SENT not in head.labels or INBOX in head.labels)


def _listed(heads: Iterable[Head]) -> list[MailboxEntry]:
    ordered = sorted(heads, key=lambda head: head.time_ms)
    return [MailboxEntry(ref=head.id, message_id=head.message_id) for head in ordered]
