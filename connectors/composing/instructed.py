"""The full mail in the place of an instruction, or the owner's words back with a line above them. Pure.

Rules:
1. Recipients, subject, thread, attachments and all else the owner gave the draft stay as they are, byte for byte.
2. Only the instruction is replaced, by what is none. What stands around it, the quoted mail and the signature, stays.
3. Where the HTML of a draft cannot be changed so with certainty, the mail becomes plain text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import format_datetime

from connectors.cleaning import html, quotes
from connectors.cleaning.flowed import unflow
from connectors.cleaning.parts import Part, cut_at_boundaries
from connectors.composing import body as bodies
from connectors.composing import headers
from connectors.composing.body import Content
from connectors.composing.flowed import read_lines
from connectors.composing.headers import one_line
from connectors.composing.instruction import CALL, disarm
from connectors.composing.instruction_html import change_html
from connectors.errors import UnreadableMessage

MAX_NOTE_CHARACTERS = 400

_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.MULTILINE)
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n|\A\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_NOT_KEPT = re.compile(
    r"content-.*|mime-version|message-id|date|x-cyrano-.*|received|return-path|delivered-to|dkim-.*|"
    r"x-mozilla-(?:status2?|keys)|x-uid",
    re.IGNORECASE,
)
_DELIMITER = re.compile(r"--[ \t]*")
_MAX_DEPTH = 10


def compose_instructed(
    original: bytes, text: str, *, message_id: str, draft_id: str, date: datetime, is_flowed: bool = True
) -> bytes:
    """Return a draft with the instruction replaced by a text.

    Args:
        original: The owner's draft, in which `read_instruction` finds an instruction.
        text: What the mail says.
        message_id: The new draft's id, without angle brackets.
        draft_id: The ledger's name for it; stands in X-Cyrano-Draft.
        date: Now, aware.
        is_flowed: Whether long lines of plain text are broken softly.

    Raises:
        UnreadableMessage: its instruction is not where it could be replaced.
    """
    change = _Change(lines=tuple(bodies.tidy(disarm(text)).split("\n")), is_flowed=is_flowed)
    fields = [("Message-ID", f"<{message_id}>"), ("X-Cyrano-Draft", one_line(draft_id))]
    return _compose(original, change, date, fields)


def compose_failure(
    original: bytes, why: str, *, message_id: str, draft_id: str, date: datetime, is_flowed: bool = True
) -> bytes:
    """Return a draft as its owner wrote it, with a line above the instruction that says why it was not carried out.

    It is no instruction any more, until that line is taken out. Other arguments as for `compose_instructed`.

    Raises:
        UnreadableMessage: its instruction is not where a line could be put above it.
    """
    note = f"[Cyrano could not write this. {one_line(why)[:MAX_NOTE_CHARACTERS]} Take this line out to try again.]"
    change = _Change(lines=(note, ""), keeps=True, is_flowed=is_flowed)
    fields = [("Message-ID", f"<{message_id}>"), ("X-Cyrano-Draft", one_line(draft_id))]
    return _compose(original, change, date, fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """What happens to an instruction: lines take its place, or, if it `keeps` it, stand above it."""

    lines: tuple[str, ...]
    keeps: bool = False
    is_flowed: bool
    as_text: bool = False
    """Whether HTML becomes plain text."""


def _compose(original: bytes, change: _Change, date: datetime, fields: Sequence[tuple[str, str]]) -> bytes:
    content = _changed(original, change, 0) or _changed(original, _as_text(change), 0)
    if content is None:
        raise UnreadableMessage("The instruction cannot be replaced.", hint="Write it into a new draft.")
    head, _ = _split(original)
    kept = (field for field in _FIELD.finditer(head) if not _NOT_KEPT.fullmatch(field[1].decode("ascii")))
    made = [("Date", format_datetime(date)), *fields, ("MIME-Version", "1.0"), *content.fields]
    return b"".join(_LINE_END.sub(b"\r\n", field[0]) + b"\r\n" for field in kept) + headers.head(made) + content.body


def _as_text(change: _Change) -> _Change:
    return _Change(lines=change.lines, keeps=change.keeps, is_flowed=change.is_flowed, as_text=True)


def _changed(raw: bytes, change: _Change, depth: int) -> Content | None:
    """Return a part with the instruction in it changed, or None where it has none."""
    part = Part(raw)
    if part.is_attached or depth > _MAX_DEPTH:
        return None
    if part.content_type == "text/plain":
        return _changed_text(unflow(part.text, is_delsp=part.is_delsp) if part.is_flowed else part.text, change)
    if part.content_type == "text/html":
        return _changed_html(part.text, change)
    children = _children(raw)
    if part.content_type == "multipart/alternative":
        return _changed_alternatives(children, change, depth)
    return _changed_parts(raw, children, change, depth)


def _changed_html(document: str, change: _Change) -> Content | None:
    if change.as_text:
        return _changed_text(html.read(document).text, change)
    changed = change_html(document, change.lines, keeps=change.keeps)
    return None if changed is None else bodies.html(changed)


def _changed_text(text: str, change: _Change) -> Content | None:
    lines = text.rstrip("\n").split("\n")
    span = _span(lines)
    if span is None:
        return None
    start, end = span
    above, below = lines[:start], lines[start if change.keeps else end :]
    gap = [""] if below and below[0].strip() and not change.keeps else []
    text = "\n".join([*above, *change.lines, *gap, *below])
    return bodies.plain(read_lines(text), is_flowed=change.is_flowed)


def _span(lines: Sequence[str]) -> tuple[int, int] | None:
    """Return where the instruction stands: from its first line to the quoted mail, the signature or the end."""
    start = next((at for at, line in enumerate(lines) if CALL.match(line)), None)
    if start is None:
        return None
    typed = [line for line in quotes.split("\n".join(lines[start:])).text.split("\n") if line.strip()]
    end = start
    for at in range(start, len(lines)):
        if not lines[at].strip():
            continue
        if not typed or lines[at].rstrip() != typed.pop(0) or _DELIMITER.fullmatch(lines[at]):
            break
        end = at + 1
    return (start, end) if end > start else None


def _changed_alternatives(children: Sequence[bytes], change: _Change, depth: int) -> Content | None:
    """Change each of the alternatives; one that cannot be changed would contradict the others, and goes."""
    contents = (_changed(child, change, depth + 1) for child in children)
    found = [content for content in contents if content is not None]
    if len(found) > 1 and not change.as_text:
        return bodies.multipart("multipart/alternative", [content.part for content in found])
    return found[0] if found else None


def _changed_parts(raw: bytes, children: Sequence[bytes], change: _Change, depth: int) -> Content | None:
    """Change the first part that holds the instruction; the others stay as they are."""
    for at, child in enumerate(children):
        content = _changed(child, change, depth + 1)
        if content is not None:
            return bodies.multipart(_multipart_type(raw), [*children[:at], content.part, *children[at + 1 :]])
    return None


def _children(raw: bytes) -> list[bytes]:
    head, body = _split(raw)
    boundary = _message(head).get_boundary()
    return cut_at_boundaries(body, boundary.encode()) if boundary else []


def _multipart_type(raw: bytes) -> str:
    """Return the type of a multipart; one of related parts says what its first is (RFC 2387)."""
    message = _message(_split(raw)[0])
    kind, first = message.get_content_type(), message.get_param("type")
    is_told = isinstance(first, str) and re.fullmatch(r"[\w/+.-]+", first)
    return f'{kind};\r\n type="{first}"' if is_told else kind


def _message(head: bytes) -> Message:
    return BytesParser(policy=compat32).parsebytes(head + b"\r\n\r\n", headersonly=True)


def _split(raw: bytes) -> tuple[bytes, bytes]:
    end = _END_OF_HEADERS.search(raw)
    return (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
