"""A request as its owner sees it: what mail shows nobody reaches neither the prompt nor the evidence for facts."""

from collections.abc import Sequence
from dataclasses import replace

from connectors.cleaning.invisible import drop_invisible
from connectors.message import Address, ThreadMessage
from retrieval.prompt import Request, Source


def visible_request(request: Request) -> Request:
    """Return a request without characters that nobody sees."""
    return replace(
        request,
        instruction=drop_invisible(request.instruction),
        earlier=tuple(map(drop_invisible, request.earlier)),
        revised=drop_invisible(request.revised),
        subject=drop_invisible(request.subject),
        recipients=tuple(map(_person, request.recipients)),
        thread=tuple(map(_message, request.thread)),
    )


def visible_sources(sources: Sequence[Source]) -> tuple[Source, ...]:
    """Return mails of the owner's likewise: what they once pasted was not seen either."""
    return tuple(
        replace(source, subject=drop_invisible(source.subject), text=drop_invisible(source.text)) for source in sources
    )


def _person(address: Address) -> Address:
    return replace(address, name=drop_invisible(address.name))


def _message(message: ThreadMessage) -> ThreadMessage:
    return replace(message, sender=_person(message.sender), text=drop_invisible(message.text))
