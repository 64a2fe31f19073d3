"""A mail as whoever answers it needs it: parsed, and its body as it was written, to be quoted. Pure."""

from dataclasses import dataclass

from connectors.cleaning import mime
from connectors.cleaning.parts import Part
from connectors.message import Email

_BODIES = ("text/", "multipart/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A mail that is answered. Its words are data: nothing in it decides who gets the answer but its headers."""

    email: Email
    body: str = ""
    """The whole body as text, what it quotes included, after ">"; "" stands for what was typed."""
    html: str = ""
    """The HTML body as it came, not to be trusted; "" where the mail has none, or several."""
    delivered_to: tuple[str, ...] = ()
    """The addresses it was delivered to, lower case, by its envelope: they tell where a blind copy came to."""


def read_answered(raw: bytes) -> Answered:
    """Read a mail that is to be answered.

    Raises:
        UnreadableMessage: there is no message in these bytes, or it is nested beyond reason.
    """
    message = Part(raw)
    headers = message.headers
    fields = ("delivered-to", "x-original-to", "envelope-to")
    return Answered(
        email=mime.parse(raw),
        body=mime.read_body(raw).text,
        html=_html(message),
        delivered_to=tuple(dict.fromkeys(each.addr for name in fields for each in headers.addresses(name))),
    )


def _html(part: Part) -> str:
    """Return the HTML that is the whole body; a footer beside a plain text is not."""
    if part.is_attached:
        return ""
    if part.content_type == "text/html":
        return part.text
    if part.content_type == "multipart/alternative":
        return next(filter(None, map(_html, reversed(part.parts))), "")
    bodies = [each for each in part.parts if each.content_type.startswith(_BODIES) and not each.is_attached]
    return _html(bodies[0]) if len(bodies) == 1 else ""
