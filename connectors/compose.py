"""Building a draft that answers a mail: bytes for the Drafts folder. Pure; nothing here can send.

Rules:
1. The draft stands in its thread: In-Reply-To, References and Subject say so.
2. It goes to whom the answered mail asks answers to (RFC 5322, 3.6.2), from the address it was written to, and to
   nobody else.
3. No text of any mail can make a header: control characters become blanks, ids with blanks are left out.
4. The same answer to the same mail has the same Message-ID, so that it is found again.
"""

import binascii
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from connectors.account import AccountRecord
from connectors.message import Address, Email

MAX_REFERENCES = 40
"""Of a longer thread the first message and the last ones are named."""

ATTRIBUTIONS = {
    "de": ("Am {when} schrieb {who}:", "%d.%m.%Y um %H:%M", "{who} schrieb:"),
    "es": ("El {when}, {who} escribió:", "%d/%m/%Y a las %H:%M", "{who} escribió:"),
    "fr": ("Le {when}, {who} a écrit :", "%d/%m/%Y à %H:%M", "{who} a écrit :"),
    "it": ("Il {when}, {who} ha scritto:", "%d/%m/%Y alle %H:%M", "{who} ha scritto:"),
    "nl": ("Op {when} schreef {who}:", "%d-%m-%Y om %H:%M", "{who} schreef:"),
    "pt": ("Em {when}, {who} escreveu:", "%d/%m/%Y às %H:%M", "{who} escreveu:"),
    "en": ("On {when}, {who} wrote:", "%Y-%m-%d at %H:%M", "{who} wrote:"),
}
"""Language to the line above quoted words, how it tells the time, and the line without one."""

_REPLY_PREFIX = re.compile(
    r"(?:\s*(?:re|aw|antw|antwort|ré|rép|resp?|rif|r|sv|vs)(?:\s*\[\d+\])?\s?:)+\s*", re.IGNORECASE
)
_ID = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
_LINE_BYTES = 76


def reply_subject(subject: str) -> str:
    """Return the subject of an answer: one "Re: ", however many there were, in whatever language."""
    bare = _one_line(subject)
    prefix = _REPLY_PREFIX.match(bare)
    return f"Re: {bare[prefix.end() :] if prefix else bare}".strip()


def reply_recipients(answered: Email) -> tuple[Address, ...]:
    """Return whom an answer goes to."""
    return answered.reply_to or (answered.sender,)


def reply_sender(answered: Email, record: AccountRecord) -> Address:
    """Return the owner's address that a mail was written to, or the main one."""
    for address in (*answered.to, *answered.cc):
        if address.addr in record.addresses:
            return Address(addr=address.addr, name=record.owner.name)
    return record.owner


def draft_message_id(account: str, answered_id: str, owner: Address) -> str:
    """Return the id of the draft that answers a mail, without angle brackets; always the same."""
    digest = hashlib.sha256(f"{account}\0{answered_id}".encode()).hexdigest()[:32]
    domain = owner.addr.rpartition("@")[2]
    return f"cyrano.{digest}@{domain if _ID.fullmatch(f'x@{domain}') else 'localhost'}"


def compose_reply(
    answered: Email, text: str, *, record: AccountRecord, message_id: str, draft_id: str, date: datetime, language: str
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
    """
    headers = [
        ("From", _addresses([reply_sender(answered, record)], "From")),
        ("To", _addresses(reply_recipients(answered), "To")),
        ("Subject", _words(reply_subject(answered.subject), "Subject")),
        ("Date", format_datetime(date)),
        ("Message-ID", f"<{message_id}>"),
        ("In-Reply-To", _ids([answered.message_id])),
        ("References", _ids(_references(answered))),
        ("X-Cyrano-Draft", _one_line(draft_id)),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "quoted-printable"),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers if value)
    body = f"{_clean(text)}\n\n{_quote(answered, date, language)}"
    return head.encode() + b"\r\n" + _quoted_printable(body)


def _references(answered: Email) -> list[str]:
    """Return the ids of the thread, the answered mail's last."""
    known = answered.references or ((answered.in_reply_to,) if answered.in_reply_to else ())
    ids = list(dict.fromkeys([*known, answered.message_id]))
    return [*ids[:1], *ids[1:][-MAX_REFERENCES + 1 :]]


def _ids(ids: Sequence[str]) -> str:
    """Each on a line of its own: standard folding would encode long ones, and break the thread."""
    return "\r\n ".join(f"<{each}>" for each in ids if _ID.fullmatch(each))


def _addresses(addresses: Sequence[Address], field: str) -> str:
    return ",\r\n ".join(_address(address, field) for address in addresses if _is_address(address.addr))


def _is_address(addr: str) -> bool:
    return "@" in addr and not re.search(r"[\s<>,;:\"()\x00-\x1f\x7f]", addr)


def _address(address: Address, field: str) -> str:
    name = _one_line(address.name)
    if not name:
        return address.addr
    if re.fullmatch(r"[\w !#$%&'*+/=?^`{|}~-]{1,60}", name, re.ASCII) and "=?" not in name:
        return f"{name} <{address.addr}>"
    return f"{_encoded(name, field)}\r\n <{address.addr}>"


def _words(text: str, field: str) -> str:
    is_plain = text.isascii() and "=?" not in text and len(text) + len(field) + 2 <= _LINE_BYTES
    return text if is_plain else _encoded(text, field)


def _encoded(text: str, field: str) -> str:
    return Header(text, "utf-8", maxlinelen=_LINE_BYTES, header_name=field).encode(linesep="\r\n")


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in _clean(text)).split())


def _clean(text: str) -> str:
    """Leave single line feeds only, and what can be written as UTF-8."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return text.encode("utf-8", "replace").decode("utf-8")


def _quote(answered: Email, date: datetime, language: str) -> str:
    lines = [f"> {line}".rstrip() for line in _clean(answered.text).split("\n")]
    if answered.quoted:
        lines += [">", *(f">> {line}".rstrip() for line in _clean(answered.quoted).split("\n"))]
    return "\n".join([_attribution(answered, date, language), *lines]) + "\n"


def _attribution(answered: Email, date: datetime, language: str) -> str:
    dated, time_format, undated = ATTRIBUTIONS.get(language, ATTRIBUTIONS["en"])
    who = _one_line(str(answered.sender))
    if answered.sent_at is None:
        return undated.format(who=who)
    return dated.format(when=answered.sent_at.astimezone(date.tzinfo).strftime(time_format), who=who)


def _quoted_printable(text: str) -> bytes:
    return binascii.b2a_qp(text.encode(), quotetabs=False, istext=True).replace(b"\n", b"\r\n")
