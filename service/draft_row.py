"""A draft as the ledger knows it: what it was made for, where it stands, and what is kept of it.

How it gets from one state to another, `ledger.py` tells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DraftKind(StrEnum):
    """What a draft was made for."""

    REQUEST = "request"
    """Somebody asked for it over HTTP; it never lies in Drafts."""
    ANSWER = "answer"
    """A mail came in that deserves an answer."""
    INSTRUCTED = "instructed"
    """Its owner saved a draft with an instruction."""


class State(StrEnum):
    """Where a draft stands."""

    WANTED = "wanted"
    GENERATING = "generating"
    WRITTEN = "written"
    APPENDED = "appended"
    EDITED = "edited"
    SENT = "sent"
    DELETED = "deleted"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"


OPEN = (State.WANTED, State.GENERATING, State.WRITTEN, State.FAILED)
"""States of a draft for the mailbox that is still to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    """A draft as the ledger knows it. Ids of messages are without angle brackets."""

    draft_id: str
    account: str
    kind: DraftKind
    answers: str | None
    """The Message-ID it answers, or of the draft that held the instruction; None for a draft on request."""
    thread_id: str
    """Of the mail it answers: the id of the thread's first message."""
    replaces: str
    """The `draft_id` of the draft whose place it takes; "" mostly."""
    state: State
    reason: str
    message_id: str
    """Of the draft in Drafts."""
    ref: str
    """Where it was last seen there; "" before that, and once it was taken out."""
    seal: str
    """Of its bytes as the mailbox gave them back; see `connectors.mailbox.seal`."""
    missed_at: datetime | None
    """When it was first not found there."""
    original: bytes | None
    """The owner's own draft that held the instruction, until it is replaced."""
    recipients: tuple[str, ...]
    """The addresses it is written to, where they are known."""
    instruction: str
    subject: str
    text: str
    language: str
    adapter: str
    prompt_version: str
    source_ids: tuple[str, ...]
    created_at: datetime
    changed_at: datetime
    begun_at: datetime | None
    """When it was first given to the model."""
    first_token_s: float | None
    tokens: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What is kept of a text the model wrote. `tokens` counts pieces streamed."""

    text: str
    subject: str = ""
    language: str = ""
    adapter: str = ""
    prompt_version: str = ""
    source_ids: Sequence[str] = ()
    first_token_s: float | None = None
    tokens: int | None = None
