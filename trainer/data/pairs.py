"""Pairs: what was drafted and what its owner sent in its place, from one prompt. Preferences are learned from them.

The rules this module keeps:
1. Both replies stand behind the same tokens, made from the request the draft had: its instruction, else the thread.
2. A mail that is held out gives no pair to learn from.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from trainer.data.examples import Author, Writing, fit, request_for
from trainer.data.packing import Example
from trainer.data.source import SentMail

TOO_LONG, THE_SAME = "pair too long", "pair the same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two replies to one prompt: `chosen` is what was sent, `rejected` what was drafted."""

    message_id: str
    chosen: Example
    rejected: Example


@dataclass(slots=True, kw_only=True)
class Pairs:
    """The pairs, and why some drafts gave none."""

    pairs: list[Pair] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


def make_pairs(mails: Sequence[SentMail], author: Author, writing: Writing, *, thread_messages: int) -> Pairs:
    """Make a pair of each mail that was sent in place of a draft."""
    made = Pairs()
    for mail in mails:
        if mail.draft is None or not mail.email.text:
            continue
        if mail.draft.text == mail.email.text:
            made.dropped[THE_SAME] += 1
            continue
        pair = _make(mail, author, writing, thread_messages)
        if pair is None:
            made.dropped[TOO_LONG] += 1
        else:
            made.pairs.append(pair)
    return made


def _make(mail: SentMail, author: Author, writing: Writing, thread_messages: int) -> Pair | None:
    assert mail.draft is not None
    request = request_for(mail, author, thread_messages=thread_messages)
    if mail.draft.instruction or request.thread:
        request = replace(request, instruction=mail.draft.instruction)
    chosen = fit(mail.email, request, (), writing)
    rejected = fit(replace(mail.email, text=mail.draft.text), request, (), writing)
    if chosen is None or rejected is None:
        return None
    return Pair(message_id=mail.email.message_id, chosen=chosen.example, rejected=rejected.example)
