"""Building a draft that answers a mail: bytes for the Drafts folder. Pure; nothing here can send.

Rules:
1. The draft stands in its thread: In-Reply-To, References and Subject say so.
2. It goes to whom the answered mail asks answers to (RFC 5322, 3.6.2), from the address it was written to, and to
   nobody else.
3. No text of any mail can make a header: control characters become blanks, ids with blanks are left out.
4. The same answer to the same mail has the same Message-ID, so that it is found again, and the same bytes.
5. What the model wrote is no instruction to Cyrano, whatever a mail made it write.
6. It is plain text or HTML like the mail it answers. What it quotes of that can neither act nor load anything.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import format_datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from connectors.account import AccountRecord
from connectors.composing import headers
from connectors.composing import html as compose_html
from connectors.composing.answered import Answered
from connectors.composing.body import Content, alternative, plain, tidy
from connectors.composing.flowed import SIGNATURE_DELIMITER, Line
from connectors.composing.headers import is_id, one_line
from connectors.composing.instruction import disarm
from connectors.composing.quote import attribution, quoted_lines
from connectors.message import Address, Email

MAX_REFERENCES = 40
"""Of a longer thread the first message and the last ones are named."""

DRAFT_INFO = "internal/draft; vcard=0; receipt=0; DSN=0; uuencode=0; attachmentreminder=0; deliveryformat=0"
"""Thunderbird's header for its drafts."""

_REPLY_PREFIX = re.compile(
    r"(?:\s*(?:re|aw|antw|antwort|ré|rép|resp?|rif|r|sv|vs)(?:\s*\[\d+\])?\s?:)+\s*", re.IGNORECASE
)


class ComposeSettings(BaseModel):
    """What drafts look like. The section `[compose]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["auto", "plain"] = "auto"
    """"auto" writes HTML where the mail answered is HTML, else plain text; "plain" always plain text."""
    flowed: bool = True
    """Whether long lines of plain text are broken softly (format=flowed)."""
    quote: bool = True
    """Whether the mail answered stands below the answer."""
    signature: str = "learned"
    """"learned" from your sent mail, "off", or the signature itself."""
    thunderbird: bool = False
    """Whether drafts carry Thunderbird's own header, by which it opens them with its settings for drafts."""


def reply_subject(subject: str) -> str:
    """Return the subject of an answer: one "Re: ", however many there were, in whatever language."""
    bare = one_line(subject)
    prefix = _REPLY_PREFIX.match(bare)
    return f"Re: {bare[prefix.end() :] if prefix else bare}".strip()


def reply_recipients(answered: Email) -> tuple[Address, ...]:
    """Return whom an answer goes to."""
    return answered.reply_to or (answered.sender,)


def reply_sender(answered: Answered, record: AccountRecord) -> Address:
    """Return the owner's address that a mail was written to, else that it was delivered to, else the main one."""
    email = answered.email
    written_to = (*(each.addr for each in (*email.to, *email.cc, *email.bcc)), *answered.delivered_to)
    for addr in written_to:
        if addr in record.addresses:
            return Address(addr=addr, name=record.owner.name)
    return record.owner


def draft_message_id(account: str, answered_id: str, owner: Address) -> str:
    """Return the id of the draft that answers a mail, without angle brackets; always the same."""
    digest = hashlib.sha256(f"{account}\0{answered_id}".encode()).hexdigest()[:32]
    domain = owner.addr.rpartition("@")[2]
    return f"cyrano.{digest}@{domain if is_id(f'x@{domain}') else 'localhost'}"


def compose_reply(
    answered: Answered,
    text: str,
    *,
    record: AccountRecord,
    message_id: str,
    draft_id: str,
    date: datetime,
    language: str,
    settings: ComposeSettings,
    signature: str,
) -> bytes:
    """Return a draft that answers a mail, the mail quoted below.

    Args:
        answered: The mail that is answered.
        text: What the draft says.
        record: Whose draft it is.
        message_id: Its id, without angle brackets; see `draft_message_id`.
        draft_id: The ledger's name for it; stands in X-Cyrano-Draft.
        date: Now, aware; times are told in its zone.
        language: ISO 639-1 code, for the line above the quote.
        settings: What drafts look like.
        signature: What stands below "-- "; "" for none.
    """
    email = answered.email
    fields = [
        ("From", headers.addresses([reply_sender(answered, record)], "From")),
        ("To", headers.addresses(reply_recipients(email), "To")),
        ("Subject", headers.words(reply_subject(email.subject), "Subject")),
        ("Date", format_datetime(date)),
        ("Message-ID", f"<{message_id}>"),
        ("In-Reply-To", headers.ids([email.message_id])),
        ("References", headers.ids(_references(email))),
        ("X-Cyrano-Draft", one_line(draft_id)),
        ("X-Mozilla-Draft-Info", DRAFT_INFO if settings.thunderbird else ""),
        ("MIME-Version", "1.0"),
    ]
    content = _content(answered, tidy(disarm(text)), tidy(signature), date=date, language=language, settings=settings)
    return headers.head([*fields, *content.fields]) + content.body


def _content(
    answered: Answered, text: str, signature: str, *, date: datetime, language: str, settings: ComposeSettings
) -> Content:
    above = attribution(answered, date, language)
    written = plain(_lines(answered, text, signature, above if settings.quote else ""), is_flowed=settings.flowed)
    quoted = compose_html.sanitise(answered.html) if settings.format == "auto" else ""
    if not quoted:
        return written
    body = compose_html.paragraphs(text) + (compose_html.signature(signature) if signature else "")
    if settings.quote:
        cited = answered.email.message_id
        body += compose_html.quote(quoted, above, cited if is_id(cited) else "")
    return alternative(written, compose_html.page(body))


def _lines(answered: Answered, text: str, signature: str, above: str) -> Iterator[Line]:
    """Yield the answer, its signature, and the mail quoted below the line that announces it, if any."""
    yield from (Line(0, line) for line in text.split("\n"))
    if signature:
        yield from (Line(0, line) for line in ("", SIGNATURE_DELIMITER, *signature.split("\n")))
    if above:
        yield Line(0, "")
        yield Line(0, above)
        yield from quoted_lines(answered)


def _references(answered: Email) -> list[str]:
    """Return the ids of the thread, the answered mail's last."""
    known = answered.references or ((answered.in_reply_to,) if answered.in_reply_to else ())
    ids = list(dict.fromkeys([*known, answered.message_id]))
    return [*ids[:1], *ids[1:][-MAX_REFERENCES + 1 :]]
