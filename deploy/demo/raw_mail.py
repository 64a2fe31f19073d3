"""Mail as bytes, and bytes as mbox files."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from email.charset import BASE64, QP, Charset
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.utils import format_datetime, formataddr
from html import escape

from connectors.message import Address


def text_part(text: str, *, subtype: str = "plain", charset: str = "utf-8", encoding: int | None = QP) -> Message:
    """Make a text part; `encoding` None leaves it in 8 bits."""
    part = Message()
    part["MIME-Version"] = "1.0"
    part.add_header("Content-Type", f"text/{subtype}", charset=charset)
    if encoding is None:
        part["Content-Transfer-Encoding"] = "8bit"
        part.set_payload(text.encode(charset).decode("ascii", "surrogateescape"))
        return part
    how = Charset(charset)
    how.body_encoding = encoding
    part["Content-Transfer-Encoding"] = "base64" if encoding == BASE64 else "quoted-printable"
    part.set_payload(how.body_encode(text.encode(charset)))
    return part


def alternatives(text: str, boundary: str) -> Message:
    """Make the same text twice, plain and as HTML."""
    whole = MIMEMultipart("alternative", boundary=f"=_{boundary}")
    whole.attach(text_part(text))
    whole.attach(text_part(as_html(text), subtype="html"))
    return whole


def as_html(text: str) -> str:
    """Put a text in the HTML that a mail program would make of it."""
    lines = "".join(f"<div>{escape(line) or '<br>'}</div>\n" for line in text.splitlines())
    return f'<html><body><div dir="ltr">{lines}</div></body></html>\n'


def with_attachment(body: Message, name: str, content: str, boundary: str) -> Message:
    """Put a small file beside a body."""
    whole = MIMEMultipart("mixed", boundary=f"=_{boundary}")
    whole.attach(body)
    part = MIMEBase("application", "octet-stream")
    part.set_payload(content)
    part.add_header("Content-Disposition", "attachment", filename=name)
    whole.attach(part)
    return whole


def address_field(address: Address) -> str:
    """Write an address as a header field holds it."""
    return formataddr((address.name, address.addr))


def encoded(text: str) -> str:
    """Write a header field in ASCII, whatever stands in it."""
    return text if text.isascii() else Header(text, "utf-8").encode()


def head(
    body: Message,
    *,
    sender: Address,
    to: Sequence[Address],
    subject: str,
    message_id: str,
    sent_at: datetime,
    references: Sequence[str] = (),
) -> Message:
    """Put the usual header fields on a body."""
    body["From"] = address_field(sender)
    body["To"] = ", ".join(address_field(address) for address in to)
    body["Subject"] = encoded(subject)
    body["Date"] = format_datetime(sent_at)
    body["Message-ID"] = f"<{message_id}>"
    if references:
        body["In-Reply-To"] = f"<{references[-1]}>"
        body["References"] = "\n ".join(f"<{reference}>" for reference in references)
    return body


def to_bytes(message: Message) -> bytes:
    """Give a message with single line feeds, as mbox files hold it."""
    return message.as_bytes().replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n"


def to_mbox(mails: Iterable[tuple[str, bytes]]) -> bytes:
    """Join messages, each with the text after "From " that comes before it."""
    parts = []
    for line, raw in mails:
        quoted = b"\n".join(b">" + row if row.lstrip(b">").startswith(b"From ") else row for row in raw.split(b"\n"))
        parts.append(b"From " + line.encode() + b"\n" + quoted + b"\n")
    return b"".join(parts)
