"""A draft in which its owner left an instruction: "@cyrano decline, but kindly". Pure.

Only what was typed counts, and only at its very beginning: a quoted mail cannot ask for anything. Nor can one that has
the model begin its answer so.
"""

import hashlib
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

from connectors.cleaning import mime
from connectors.errors import UnreadableMessage
from connectors.message import Email

CALL = re.compile(r"\s*@cyrano(?![\w@-]|\.\w)[ \t]*[:,;.!]?\s*", re.IGNORECASE)
"""What an instruction begins with."""

_LINE_CALLS = re.compile(r"^[^\w\n]*@(?=cyrano(?![\w@-]|\.\w))", re.IGNORECASE | re.MULTILINE)
"""Behind anything that is no word: whoever reads drafts takes quote marks and invisible letters away."""

_ASKED = ("from", "to", "cc", "bcc", "reply-to", "subject", "in-reply-to", "references")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """What the owner asks for, and the draft they ask it in."""

    words: str
    """May be empty: a reply alone asks for an answer."""
    email: Email


def read_instruction(raw: bytes) -> Instruction | None:
    """Return the instruction of a draft, or None where it has none."""
    if b"cyrano" not in raw.lower() and b"base64" not in raw.lower():
        return None
    try:
        email = mime.parse(raw)
    except UnreadableMessage:
        return None
    call = CALL.match(email.text)
    return Instruction(words=email.text[call.end() :].strip(), email=email) if call else None


def disarm(text: str) -> str:
    """Return what the model wrote without the sign by which it would be read as its owner's instruction."""
    return _LINE_CALLS.sub(lambda call: call[0].replace("@", ""), text)


def digest(raw: bytes) -> str:
    """Return 32 hexadecimal digits of all a person can see and change in a draft.

    Saved again unchanged, a draft has another date and other boundaries, but the same digest.
    """
    message = message_from_bytes(raw, policy=compat32)
    found = hashlib.sha256()
    for name in _ASKED:
        for value in message.get_all(name, []):
            found.update(f"{name}:{' '.join(str(value).split())}\n".encode("utf-8", "replace"))
    for part in message.walk():
        if not part.is_multipart():
            found.update(f"{part.get_content_type()};{_file_name(part)}\n".encode("utf-8", "replace"))
            payload = part.get_payload(decode=True)
            found.update(payload if isinstance(payload, bytes) else b"")
    return found.hexdigest()[:32]


def _file_name(part: Message) -> str:
    try:
        return part.get_filename("")
    except (LookupError, ValueError):
        return ""
