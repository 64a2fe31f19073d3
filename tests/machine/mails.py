"""What people and programs write in the machine: mail that comes in, answers, edits of a draft, instructions.

All a person types holds a mark, such as "typed-17", by which it is found again wherever it went.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message
from enum import StrEnum

OWNER = "ana@example.org"
MARK = re.compile(rb"typed-\d+x")
_CARRIED = ("From", "To", "Cc", "Subject", "In-Reply-To", "References")


class Kind(StrEnum):
    """What comes in."""

    LETTER = "letter"
    COPY = "copy"
    """For the owner only in Cc."""
    LIST = "list"
    ROBOT = "robot"
    NO_REPLY = "no-reply"
    OWN = "own"


@dataclass(kw_only=True)
class Incoming:
    """A mail that came in."""

    message_id: str
    kind: Kind
    references: tuple[str, ...] = ()
    """The mails of its thread before it."""
    is_chosen: bool = False
    """Whether the owner flagged it, or moved it to the folder."""
    is_filed: bool = False
    """Whether the owner moved it out of the inbox."""

    def deserves(self, *, is_chosen: bool) -> bool:
        """Tell whether it is to be answered."""
        return self.kind is Kind.LETTER or (self.kind is Kind.COPY and is_chosen)


class Saves(StrEnum):
    """How a mail program saves a draft that was edited. All of them put it under a new UID."""

    SAME = "same"
    """With all headers as they were."""
    STRIPPED = "stripped"
    """Without headers it does not know."""
    RENAMED = "renamed"
    """As Thunderbird does: with another Message-ID, and without headers it does not know."""


def write_incoming(mail: Incoming, at: datetime) -> bytes:
    """Write a mail that comes in."""
    sender = {Kind.NO_REPLY: "no-reply@shop.example", Kind.OWN: OWNER}.get(mail.kind, "ben@example.net")
    to = "cay@example.com" if mail.kind is Kind.COPY else OWNER
    extra = {
        Kind.COPY: f"Cc: {OWNER}\n",
        Kind.LIST: "List-Id: <all.example.net>\nPrecedence: list\n",
        Kind.ROBOT: "Auto-Submitted: auto-generated\n",
    }.get(mail.kind, "")
    if mail.references:
        extra += f"In-Reply-To: <{mail.references[-1]}>\nReferences: {_ids(mail.references)}\n"
    root = (*mail.references, mail.message_id)[0]
    return _raw(
        f"From: Ben <{sender}>\nTo: {to}\n{extra}Subject: Question of {root}\nMessage-ID: <{mail.message_id}>\n",
        at,
        "Can you come on Monday, and bring the papers?\n",
    )


def write_answer(mail: Incoming, mark: str, message_id: str, at: datetime) -> bytes:
    """Write what the owner answers without help, and what a draft of theirs looks like."""
    references = (*mail.references, mail.message_id)
    return _raw(
        f"From: Ana <{OWNER}>\nTo: Ben <ben@example.net>\nSubject: Re: Question of {references[0]}\n"
        f"Message-ID: <{message_id}>\nIn-Reply-To: <{mail.message_id}>\nReferences: {_ids(references)}\n",
        at,
        f"No, I will not come on Monday, {mark} and that is all I say.\n",
    )


def write_instruction(mark: str, message_id: str, at: datetime) -> bytes:
    """Write a draft in which the owner leaves an instruction; its subject is theirs for good."""
    return _raw(
        f"From: Ana <{OWNER}>\nTo: Dora <dora@example.com>\nCc: cay@example.com\nSubject: {mark}\n"
        f"Message-ID: <{message_id}>\n",
        at,
        f"@cyrano ask her whether she comes along to the place of {message_id}\n",
    )


def edit(raw: bytes, mark: str, saves: Saves, message_id: str, at: datetime) -> bytes:
    """Write what a draft is after its owner typed a line and their mail program saved it."""
    return _saved(raw, f"{mark} was typed here\n", saves, message_id, at)


def send(raw: bytes, message_id: str, at: datetime) -> bytes:
    """Write what a mail program sends of a draft: it keeps what it knows."""
    return _saved(raw, "", Saves.RENAMED, message_id, at)


def marks_in(raw: bytes) -> set[str]:
    """Return the marks of what was typed."""
    return {mark.decode() for mark in MARK.findall(raw)}


def id_of(raw: bytes) -> str:
    """Return a Message-ID without angle brackets."""
    return str(message_from_bytes(raw).get("Message-ID", "")).strip().strip("<>")


def answered_by(raw: bytes) -> str:
    """Return the id that a mail answers."""
    return str(message_from_bytes(raw).get("In-Reply-To", "")).strip().strip("<>")


def named_by(raw: bytes) -> set[str]:
    """Return all ids that a mail answers or refers to."""
    headers = message_from_bytes(raw)
    return set(re.findall(r"<([^<>]+)>", f"{headers.get('In-Reply-To', '')} {headers.get('References', '')}"))


def cyrano_id(raw: bytes) -> str:
    """Return the mark that Cyrano's drafts carry."""
    return str(message_from_bytes(raw).get("X-Cyrano-Draft", "")).strip()


def text_in(raw: bytes) -> str:
    """Return the text of a mail of one part."""
    payload = message_from_bytes(raw).get_payload(decode=True)
    return payload.decode() if isinstance(payload, bytes) else ""


def _saved(raw: bytes, typed: str, saves: Saves, message_id: str, at: datetime) -> bytes:
    before = message_from_bytes(raw)
    kept = [name for name in before.keys() if saves is Saves.SAME or name in _CARRIED]  # noqa: SIM118  not a dict
    if saves is Saves.STRIPPED:
        kept.append("Message-ID")
    dropped = {"date", "mime-version", "content-type", "content-transfer-encoding"}
    headers = "".join(
        f"{name}: {_folded(before, name)}\n" for name in dict.fromkeys(kept) if name.lower() not in dropped
    )
    if saves is Saves.RENAMED:
        headers += f"Message-ID: <{message_id}>\n"
    return _raw(headers, at, typed + text_in(raw).replace("\r\n", "\n"))


def _folded(message: Message, name: str) -> str:
    return str(message[name]).replace("\r\n", "\n")


def _ids(ids: tuple[str, ...]) -> str:
    return " ".join(f"<{each}>" for each in ids)


def _raw(headers: str, at: datetime, body: str) -> bytes:
    date = f"Date: {at:%a, %d %b %Y %H:%M:%S} +0000\n"
    kind = "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"
    return f"{headers}{date}{kind}\n{body}".replace("\n", "\r\n").encode()


def soon(at: datetime, seconds: int) -> datetime:
    """Return a time a little later."""
    return at + timedelta(seconds=seconds)
