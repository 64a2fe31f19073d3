"""Which mails belong together, and what of a thread the prompt of a reply may show. Pure.

The rules this module keeps:
1. A thread is shown as drafting shows it (`service.watching.answer`): the mail that is answered and those that led to
   it, as far as they are at hand one after the other. Where the answered one is not, the quote stands for it.
2. Nothing is shown that is not known to be older than the reply, and nothing that its owner took out.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from connectors.message import ArchivedEmail, Email, Kind, ThreadMessage
from connectors.rows import EXCLUDED

_LONG_AGO = datetime.min.replace(tzinfo=UTC)

Look = Callable[[str], ArchivedEmail | None]
"""Finds a message by its id, whoever wrote it."""


def by_age(email: Email) -> tuple[datetime, str]:
    """Sort mails oldest first, undated ones before all, and always the same way."""
    return email.sent_at or _LONG_AGO, email.message_id


def led_to(email: Email, look: Look) -> Iterator[ArchivedEmail]:
    """Yield the messages that led to a mail, the one it answers first, as far as they are found."""
    seen = {email.message_id}
    parent_id = _parent_id(email)
    while parent_id and parent_id not in seen and (parent := look(parent_id)):
        seen.add(parent_id)
        yield parent
        parent_id = _parent_id(parent.email)


def shown_thread(email: Email, look: Look, count: int) -> tuple[ThreadMessage, ...]:
    """Return the last `count` messages before a reply, oldest first; none for a mail that is no reply."""
    if email.kind is not Kind.REPLY:
        return ()
    shown: list[ThreadMessage] = []
    for parent in led_to(email, look):
        if parent.reason == EXCLUDED and not shown:
            return ()  # the quote would say again what was taken out
        if len(shown) == count or not _may_show(parent, email):
            break
        shown.insert(0, _message(parent.email))
    return tuple(shown) or _quote(email)


def conversations(emails: Iterable[Email]) -> dict[str, str]:
    """Return for each mail the name of its thread: the id of the oldest mail in it.

    Mails belong together when any id that they name connects them, since programs cut `References` at either end.
    """
    root: dict[str, str] = {}

    def find(message_id: str) -> str:
        while (parent := root.setdefault(message_id, message_id)) != message_id:
            root[message_id] = root[parent]
            message_id = parent
        return message_id

    ordered = sorted(emails, key=by_age)
    for email in ordered:
        for other in (*email.references, email.in_reply_to):
            if other:
                root[find(other)] = find(email.message_id)
    names: dict[str, str] = {}
    return {email.message_id: names.setdefault(find(email.message_id), email.message_id) for email in ordered}


def _parent_id(email: Email) -> str:
    return email.in_reply_to or next(iter(email.references[-1:]), "")


def _may_show(parent: ArchivedEmail, reply: Email) -> bool:
    sent_at = parent.email.sent_at
    is_older = sent_at is not None and reply.sent_at is not None and sent_at < reply.sent_at
    return is_older and bool(parent.email.text) and parent.reason != EXCLUDED


def _message(email: Email) -> ThreadMessage:
    return ThreadMessage(sender=email.sender, text=email.text, sent_at=email.sent_at)


def _quote(email: Email) -> tuple[ThreadMessage, ...]:
    return (ThreadMessage(sender=email.to[0], text=email.quoted),) if email.quoted and email.to else ()
