"""Learning from what was sent: which draft a mail was made from, what was changed, and what is not learned from.

Rules:
1. A mail and a draft belong together by the id they share, by the mail both answer, by their thread, or by the people
   they are written to. Where only thread or people tell, the texts must be alike.
2. A mail is made from one draft at most, and a draft becomes one mail at most; the most alike go together.
3. A mail that holds every word of a draft written before it, and no other, is Cyrano's and not its owner's: the archive
   keeps it, and nothing learns from it.
"""

import hashlib
import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from connectors.message import Email
from service.draft_row import DraftKind
from service.edits import UNLIKE_BELOW, Verdict, compare, cut, liken, words
from service.outcomes import Offer, Outcome, Outcomes

logger = logging.getLogger(__name__)

UNEDITED = "an unedited draft of Cyrano's"

_QUOTED_LINE = re.compile(r"^>.*\n?", re.MULTILINE)
"""What the cleaning of sent mail takes for somebody else's words, although the model wrote it."""
_CLOCKS_DIFFER = timedelta(minutes=10)
_CLOCK_WAS_SET = timedelta(days=1)
"""How far a clock may have been put back since a draft was written. Rather one mail too few is learned from."""
_ASKED_FOR = timedelta(days=2)
"""How long after it was asked for a draft from the browser may be sent."""
_INSTRUCTED = timedelta(days=14)
"""The same for one that lies in Drafts."""
_ALIKE = 0.35
"""Likeness from which two texts belong together although only thread or people say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A draft and the mail that was sent in its place."""

    offer: Offer
    sent: Email
    likeness: float
    is_sure: bool
    """Whether ids say that they belong together, and not the texts alone."""


class Learner:
    """Compares what was sent with what was drafted. Threads may share it."""

    def __init__(self, outcomes: Outcomes, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._outcomes = outcomes
        self._clock = clock

    def veto(self, account: str) -> Callable[[Email], str]:
        """Return what says why a mail that is being archived is not learned from, "" where it is."""
        return _Veto(lambda: self._outcomes.texts(account), self._clock)

    def learn(self, account: str) -> int:
        """Note what became of drafts, as far as the archive tells; return of how many."""
        offers = self._outcomes.open_offers(account)
        if not offers:
            return 0
        sent = self._outcomes.sent_since(account, offers[0].created_at - _CLOCKS_DIFFER)
        found = [_judge(each) for each in pair(offers, sent)]
        self._outcomes.record(account, found)
        logger.info("account %s: known now what became of %d of %d drafts", account, len(found), len(offers))
        return len(found)


class _Veto:
    """Knows the texts of drafts by digests. They are read when the first mail asks, and again for one sent since."""

    def __init__(self, read: Callable[[], Iterable[tuple[str, datetime]]], clock: Callable[[], datetime]) -> None:
        self._read = read
        self._clock = clock
        self._read_at: datetime | None = None
        self._known: dict[bytes, datetime] = {}
        """When each text was first written."""
        self._oldest: datetime | None = None

    def __call__(self, email: Email) -> str:
        self._refresh(email.sent_at)
        # Most mail of a first sync is older than all drafts.
        if self._oldest is None or not email.text or _is_before(email, self._oldest):
            return ""
        written_at = self._known.get(_digest(email.text))
        return UNEDITED if written_at and not _is_before(email, written_at) else ""

    def _refresh(self, sent_at: datetime | None) -> None:
        if self._read_at is not None and (sent_at is None or sent_at <= self._read_at):
            return
        self._read_at = self._clock()
        for text, written_at in self._read():
            for reading in {text, _QUOTED_LINE.sub("", text)}:
                digest = _digest(reading)
                self._known[digest] = min(written_at, self._known.get(digest, written_at))
        self._oldest = min(self._known.values(), default=None)


def _is_before(email: Email, written_at: datetime) -> bool:
    """Tell whether a mail is older than a draft, however the clocks went."""
    return email.sent_at is not None and email.sent_at < written_at - _CLOCK_WAS_SET


def pair(offers: Sequence[Offer], sent: Sequence[Email]) -> list[Pair]:
    """Return which drafts became which mails."""
    links = sorted(_links(offers, _Mails(sent)), key=lambda link: (not link.is_sure, -link.likeness))
    taken: set[str] = set()
    pairs = []
    for link in links:
        if taken.isdisjoint({f"draft {link.offer.draft_id}", f"mail {link.sent.message_id}"}):
            taken |= {f"draft {link.offer.draft_id}", f"mail {link.sent.message_id}"}
            pairs.append(link)
    return pairs


def _judge(found: Pair) -> Outcome:
    offer, sent = found.offer, found.sent
    difference = compare(offer.text, sent.text, draft_language=offer.language, sent_language=sent.language)
    is_touched = offer.is_touched or offer.message_id == sent.message_id
    is_other = difference.verdict is Verdict.REWRITTEN and found.likeness < UNLIKE_BELOW and not is_touched
    return Outcome(
        draft_id=offer.draft_id,
        sent_id=sent.message_id,
        sent_at=sent.sent_at,
        verdict=Verdict.IGNORED if is_other else difference.verdict,
        distance=difference.distance,
        edits=() if is_other else difference.edits,
        adapter=offer.adapter,
    )


class _Mails:
    """Sent mail by all that may tie it to a draft."""

    def __init__(self, sent: Sequence[Email]) -> None:
        self.sent = sent
        self._pieces: dict[str, frozenset[str]] = {}
        self.by_id = {email.message_id: email for email in sent}
        self.by_parent: defaultdict[str, list[Email]] = defaultdict(list)
        self.by_thread: defaultdict[str, list[Email]] = defaultdict(list)
        for email in sent:
            if email.in_reply_to:
                self.by_parent[email.in_reply_to].append(email)
            for message_id in {email.thread_id, *email.references}:
                self.by_thread[message_id].append(email)

    def pieces(self, email: Email) -> frozenset[str]:
        """Return the pieces of a mail's text, cut once."""
        if email.message_id not in self._pieces:
            self._pieces[email.message_id] = cut(email.text)
        return self._pieces[email.message_id]

    @cached_property
    def by_day(self) -> defaultdict[int, list[Email]]:
        """By the day it was sent."""
        found: defaultdict[int, list[Email]] = defaultdict(list)
        for email in self.sent:
            if email.sent_at:
                found[email.sent_at.toordinal()].append(email)
        return found


def _links(offers: Sequence[Offer], mails: _Mails) -> Iterator[Pair]:
    """Yield all mails that a draft may have become."""
    for offer in offers:
        pieces = cut(offer.text)
        seen: set[str] = set()
        for email, is_sure in _tied(offer, mails):
            if email.message_id in seen or not _is_in_time(offer, email):
                continue
            seen.add(email.message_id)
            likeness = liken(pieces, mails.pieces(email))
            if is_sure or likeness >= _ALIKE:
                yield Pair(offer=offer, sent=email, likeness=likeness, is_sure=is_sure)


def _tied(offer: Offer, mails: _Mails) -> Iterator[tuple[Email, bool]]:
    """Yield mails that something ties to a draft, and whether that is enough."""
    if offer.message_id in mails.by_id:
        yield mails.by_id[offer.message_id], True
    if offer.answers:
        yield from ((email, True) for email in mails.by_parent[offer.answers])
    if offer.thread_id:
        yield from ((email, False) for email in (*mails.by_thread[offer.thread_id], *mails.by_thread[offer.answers]))
    if offer.kind is not DraftKind.ANSWER:
        yield from ((email, False) for email in _to_same_people(offer, mails))


def _to_same_people(offer: Offer, mails: _Mails) -> Iterator[Email]:
    first = (offer.created_at - _CLOCKS_DIFFER).toordinal()
    last = (offer.created_at + _longest_wait(offer)).toordinal()
    for day in range(first, last + 1):
        for email in mails.by_day[day]:
            people = {person.addr for person in (*email.to, *email.cc, *email.bcc)}
            if not offer.recipients or offer.recipients & people:
                yield email


def _is_in_time(offer: Offer, email: Email) -> bool:
    if email.sent_at is None:
        return True
    waited = email.sent_at - offer.created_at
    return waited >= -_CLOCKS_DIFFER and (offer.kind is DraftKind.ANSWER or waited <= _longest_wait(offer))


def _longest_wait(offer: Offer) -> timedelta:
    return _ASKED_FOR if offer.kind is DraftKind.REQUEST else _INSTRUCTED


def _digest(text: str) -> bytes:
    return hashlib.sha256(" ".join(words(text)).encode("utf-8", "replace")).digest()[:16]
