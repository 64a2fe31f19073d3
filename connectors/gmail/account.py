"""Sent mail from Gmail. Nothing is changed there, no message becomes read.

A cursor is "full:<point>:<message>" while the first reading goes on, and "history:<point>" after it. A point is one
in the mailbox's history, taken before the reading began.

Rules:
1. What came, or came to be sent mail, while all was read is in the history since the point: nothing falls between.
2. Google forgets old history. Then all is listed again, and what is not archived is fetched: the point is never moved
   to "now" without having looked.
3. A message found by listing that the archive holds is not fetched again.
"""

import logging
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from connectors.account import AccountRecord, RawMessage
from connectors.gmail.api import DRAFT, SENT, SPAM, TRASH, GmailApi, GmailSettings, Whole, own_ids
from connectors.gmail.batch import MAX_CALLS
from connectors.gmail.quota import Quota, QuotaSettings
from connectors.gmail.wire import GmailWire, NotThere
from connectors.oauth.tokens import TokenSource
from connectors.settings import read_settings

logger = logging.getLogger(__name__)

IsKnown = Callable[[Collection[str]], set[str]]
"""Which of these messages the archive holds, by Gmail's ids."""

_FULL = re.compile(r"full:(\d+):(\S+)")
_HISTORY = re.compile(r"history:(\d+)")
_LARGE_BYTES = 1 << 20
"""Larger messages are fetched one by one, so that a batch does not fill the memory."""
_ASKED_AT_ONCE = 500
_NOT_SENT = {DRAFT, SPAM, TRASH}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is to be fetched, oldest first, with the cursor after each."""

    cursor: str | None
    """What it goes on from."""
    steps: tuple[tuple[str, str], ...] = ()
    large: frozenset[str] = field(default_factory=frozenset)
    too_large: frozenset[str] = field(default_factory=frozenset)


class GmailAccount:
    """An account whose sent mail Gmail labels as such."""

    def __init__(
        self,
        record: AccountRecord,
        tokens: TokenSource,
        *,
        is_known: IsKnown | None = None,
        max_message_bytes: int = 25 << 20,
        quota: Quota | None = None,
        wire: GmailWire | None = None,
    ) -> None:
        """Join the parts; nothing is asked yet.

        Args:
            record: Whose mail it is.
            tokens: Where access tokens come from.
            is_known: Tells what need not be fetched again.
            max_message_bytes: Larger messages are left out.
            quota: What all connections of the account draw on.
            wire: Another connection than the one the settings describe.
        """
        self.record = record
        self._api = open_api(record, tokens, quota=quota, wire=wire)
        self._is_known = is_known
        self._max_message_bytes = max_message_bytes
        self._plan: _Plan | None = None

    def count_since(self, cursor: str | None) -> int | None:
        """Return how many messages there are to fetch."""
        self._plan = self._make_plan(cursor)
        return len(self._plan.steps)

    def sent_since(self, cursor: str | None) -> Iterator[RawMessage]:
        """Yield sent messages after `cursor`, oldest first.

        Raises:
            AuthError: the consent is gone, or too narrow.
            Unreachable: Google cannot be reached, or refuses for a while.
        """
        plan, self._plan = self._plan, None
        if plan is None or plan.cursor != cursor:
            plan = self._make_plan(cursor)
        for steps in _groups(plan):
            found = self._fetch([message for message, _ in steps if message not in plan.too_large])
            for message, after in steps:
                sent = self._sent(message, found.get(message), after, is_too_large=message in plan.too_large)
                if sent is not None:
                    yield sent

    def received(self, message_ids: Collection[str]) -> Iterator[RawMessage]:
        """Yield those of these messages that Gmail holds, whatever their labels; in any order.

        Raises:
            AuthError, Unreachable: see `sent_since`.
        """
        wanted = list(dict.fromkeys(message_ids))
        for start in range(0, len(wanted), MAX_CALLS):
            for message_id, message in list(self._api.find_each(wanted[start : start + MAX_CALLS])):
                whole = self._api.whole(message, is_bulk=True)  # one by one: what others send can be large
                if whole is not None and _is(whole, message_id, self._max_message_bytes):
                    yield RawMessage(ref=message, raw=whole.raw, cursor="", server_id=message)

    def close(self) -> None:
        """Hang up."""
        self._plan = None
        self._api.close()

    def _make_plan(self, cursor: str | None) -> _Plan:
        if cursor and (point := _HISTORY.fullmatch(cursor)):
            try:
                return self._plan_changes(cursor, point[1])
            except NotThere:
                logger.warning("Google has forgotten what happened since the last sync: listing everything.")
        marker = _FULL.fullmatch(cursor or "")
        return self._plan_all(cursor, *marker.groups()) if marker else self._plan_all(cursor, self._api.history_id())

    def _plan_changes(self, cursor: str, point: str) -> _Plan:
        """Plan to fetch what became sent mail since a point.

        Raises:
            NotThere: Google has forgotten it.
        """
        history = self._api.history(point, SENT)
        steps: list[tuple[str, str]] = []
        seen: set[str] = set()
        for before, change in pairwise((None, *history.changes)):
            assert change is not None
            fresh = [message for message in change.added if message not in seen]
            seen.update(fresh)
            steps += [(message, f"history:{before.id if before else point}") for message in fresh[:-1]]
            steps += [(message, f"history:{change.id}") for message in fresh[-1:]]
        if steps:
            steps[-1] = (steps[-1][0], f"history:{history.id}")
        return self._with_sizes(cursor, steps)

    def _plan_all(self, cursor: str | None, point: str, done: str = "") -> _Plan:
        """Plan to fetch all that is not archived; what was done before an interruption comes last, if at all."""
        messages = self._api.ids(SENT)[::-1]
        at = messages.index(done) + 1 if done in messages else 0
        before, after = messages[:at], messages[at:]
        todo = [*self._unknown(after), *(self._unknown(before) if self._is_known else ())]
        # One known message carries the cursor on where there is nothing else to do so.
        todo = todo or messages[-1:]
        steps = [(message, f"full:{point}:{message}") for message in todo]
        if steps:
            steps[-1] = (todo[-1], f"history:{point}")
        return self._with_sizes(cursor, steps)

    def _unknown(self, messages: list[str]) -> list[str]:
        if self._is_known is None:
            return messages
        known: set[str] = set()
        for start in range(0, len(messages), _ASKED_AT_ONCE):
            known |= self._is_known(messages[start : start + _ASKED_AT_ONCE])
        return [message for message in messages if message not in known]

    def _with_sizes(self, cursor: str | None, steps: list[tuple[str, str]]) -> _Plan:
        """Find out which messages are large; of a few, only the fetching tells."""
        if len(steps) <= MAX_CALLS:
            return _Plan(cursor=cursor, steps=tuple(steps), large=frozenset(message for message, _ in steps))
        large = frozenset(self._api.ids(SENT, query=f"larger:{_LARGE_BYTES}"))
        too_large = frozenset(self._api.ids(SENT, query=f"larger:{self._max_message_bytes}")) if large else large
        return _Plan(cursor=cursor, steps=tuple(steps), large=large, too_large=too_large)

    def _fetch(self, messages: list[str]) -> dict[str, Whole]:
        if len(messages) != 1:
            return self._api.wholes(messages)
        whole = self._api.whole(messages[0], is_bulk=True)
        return {whole.id: whole} if whole is not None else {}

    def _sent(self, message: str, whole: Whole | None, cursor: str, *, is_too_large: bool) -> RawMessage | None:
        """Return a message as the sync takes it, or None if it is no sent mail any more."""
        if whole is None and not is_too_large:
            return None
        raw = whole.raw if whole is not None else b""
        left_out = ""
        if is_too_large or len(raw) > self._max_message_bytes:
            left_out = f"larger than {self._max_message_bytes >> 20} MB"
        elif not raw:
            left_out = "Gmail does not hand it over"
        elif whole is None or whole.labels & _NOT_SENT or SENT not in whole.labels:
            return None
        return RawMessage(
            ref=message, raw=b"" if left_out else raw, cursor=cursor, server_id=message, left_out=left_out
        )


def open_api(
    record: AccountRecord, tokens: TokenSource, *, quota: Quota | None = None, wire: GmailWire | None = None
) -> GmailApi:
    """Return the calls for an account; nothing is asked yet.

    Raises:
        ConfigError: its settings are wrong.
    """
    settings = read_settings(GmailSettings, record)
    quota = quota or Quota(QuotaSettings())
    return GmailApi(wire or GmailWire(record.name, tokens, quota=quota, endpoint=settings.api_endpoint))


def _groups(plan: _Plan) -> Iterator[list[tuple[str, str]]]:
    """Group steps into batches, a large message alone."""
    batch: list[tuple[str, str]] = []
    for step in plan.steps:
        is_large = step[0] in plan.large
        if batch and (is_large or len(batch) == MAX_CALLS):
            yield batch
            batch = []
        batch.append(step)
        if is_large:
            yield batch
            batch = []
    if batch:
        yield batch


def _is(whole: Whole, message_id: str, max_bytes: int) -> bool:
    """Tell whether a message is the one that was looked for, and can be taken."""
    return message_id in own_ids(whole.raw) and DRAFT not in whole.labels and len(whole.raw) <= max_bytes
