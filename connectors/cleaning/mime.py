"""Bytes of one message to an `Email`. Pure: no clock, no file, no network; whatever the bytes, it returns or raises.

`UnreadableMessage` is the only error that leaves it.
"""

import hashlib
import re
from collections.abc import Sequence

from connectors.cleaning import html, kinds, language, quotes, signature
from connectors.cleaning.flowed import unflow
from connectors.cleaning.headers import Headers
from connectors.cleaning.html import Body
from connectors.cleaning.invisible import drop_invisible
from connectors.cleaning.parts import Part
from connectors.cleaning.pgp import strip_armour
from connectors.cleaning.wrapped import unwrap
from connectors.errors import UnreadableMessage
from connectors.message import Address, Email

_HINT = "It was put aside; the other messages are not touched. Look at it in your mail program."

_CALENDAR_ANSWER = re.compile(r"^METHOD:\s*(?:REPLY|COUNTER)\b", re.IGNORECASE | re.MULTILINE)
_STUB = re.compile(r"\bHTML\b|\bbrowser\b|\bnavigat(?:eu|o)r\b|\bview (?:this|it)\b", re.IGNORECASE)
_MAX_STUB_CHARACTERS = 400
_REPORTS = frozenset({"message/delivery-status", "message/disposition-notification", "message/feedback-report"})


def parse(raw: bytes) -> Email:
    """Parse and clean one message.

    Raises:
        UnreadableMessage: there is no message in these bytes, or it is nested beyond reason.
    """
    if not raw.strip():
        raise UnreadableMessage("The message is empty.", hint=_HINT)
    message = Part(raw)
    headers = message.headers
    body = _body(message)
    senders = headers.addresses("from") or headers.addresses("sender")
    if not senders and not body.text.strip():
        raise UnreadableMessage("The message has neither a sender nor a text.", hint=_HINT)
    parts = quotes.split(strip_armour(drop_invisible(body.text)))
    text, typed_signature = signature.split(parts.text)
    text = unwrap(text) if body.is_wrapped else text
    subject = drop_invisible(headers.text("subject"))
    leaves = tuple(message.leaves())
    references, answered = headers.ids("references"), headers.ids("in-reply-to")
    return Email(
        message_id=_message_id(headers, body.text),
        in_reply_to=(answered[:1] or references[-1:] or ("",))[0],
        references=references,
        sender=senders[0] if senders else Address(addr=""),
        to=headers.addresses("to"),
        cc=headers.addresses("cc"),
        bcc=headers.addresses("bcc"),
        reply_to=headers.addresses("reply-to"),
        sent_at=headers.time("date"),
        subject=subject,
        text=text,
        quoted=parts.quoted,
        signature=quotes.tidy(f"{typed_signature}\n{drop_invisible(body.signature)}"),
        language=language.detect(text),
        attachments=tuple(name for leaf in leaves if (name := _attached_name(leaf))),
        kind=kinds.classify(
            headers, subject, is_report=any(map(_is_report, leaves)), quotes_as_forward=parts.is_forward
        ),
    )


def read_body(raw: bytes) -> Body:
    """Return the whole body of a message as text, what it quotes and its signature included.

    Raises:
        UnreadableMessage: it is nested beyond reason.
    """
    return _body(Part(raw))


def _message_id(headers: Headers, text: str) -> str:
    """Return the message's id, or one made from what is the same in every copy of it."""
    given = headers.ids("message-id")[:1] or (headers.raw("message-id").strip("<> "),)
    if given[0]:
        return given[0]
    content = "\n".join([*map(headers.raw, ("from", "to", "date", "subject")), text])
    return f"{hashlib.sha256(content.encode()).hexdigest()[:32]}@no-id.invalid"


def _body(part: Part) -> Body:
    """Return what is to be read in a part and those inside it."""
    if part.parts:
        return _best(part.parts) if part.content_type == "multipart/alternative" else _all(part.parts)
    if part.content_type == "text/html":
        return html.read(part.text)
    if part.content_type == "text/plain" or part.content_type.startswith("multipart/"):  # one without its boundary
        if part.is_flowed:
            return Body(text=unflow(part.text, is_delsp=part.is_delsp))
        return Body(text=part.text, is_wrapped=True)
    return Body(text="")


def _all(parts: Sequence[Part]) -> Body:
    """Join the texts of parts that stand one below the other."""
    bodies = [_body(part) for part in parts if not part.is_attached]
    return Body(
        text="\n".join(body.text for body in bodies if body.text),
        signature="\n".join(body.signature for body in bodies if body.signature),
        is_wrapped=any(body.is_wrapped for body in bodies),
    )


def _best(parts: Sequence[Part]) -> Body:
    """Choose among alternatives: the plain text, unless it is empty or only says that there is another."""
    plain = Body(text="")
    for part in parts:
        if part.content_type == "text/plain":
            plain = _body(part)
            if not _is_stub(plain.text):
                return plain
    others = (_body(part) for part in reversed(parts) if part.content_type != "text/plain")
    return next((body for body in others if body.text.strip()), plain)


def _is_stub(text: str) -> bool:
    text = text.strip()
    return not text or (len(text) < _MAX_STUB_CHARACTERS and _STUB.search(text) is not None)


def _attached_name(leaf: Part) -> str:
    return leaf.file_name or ("message.eml" if leaf.content_type == "message/rfc822" else "")


def _is_report(leaf: Part) -> bool:
    """Whether a part is one that only programs send."""
    if leaf.content_type == "text/calendar":
        return _CALENDAR_ANSWER.search(leaf.text) is not None
    return leaf.content_type in _REPORTS
