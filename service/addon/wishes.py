"""What somebody wants written: a card's boxes, and the mail it is about, become a draft's request."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from connectors.account import AccountRecord
from connectors.composing.reply import reply_recipients
from connectors.message import Address, Email, ThreadMessage
from retrieval.prompt import LANGUAGE_NAMES, LENGTH_NAMES, TONE_NAMES, Request
from service.drafting.draft import Done

MOST_CARRIED = 1000
"""Letters of an instruction that each button of a card carries; a card may not be large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What stands in a card's boxes. A choice that is not known counts as none."""

    instruction: str = ""
    tone: str = ""
    language: str = ""
    length: str = ""

    def parameters(self) -> dict[str, str]:
        """Return what buttons carry, to be read by `read_wish`; empty values are left out."""
        given = {"tone": self.tone, "language": self.language, "length": self.length}
        return {key: value for key, value in {"instruction": _short(self.instruction), **given}.items() if value}


def read_wish(inputs: Mapping[str, str]) -> Wish:
    """Read a card's boxes, or what a button carries of them."""
    return Wish(
        instruction=_text(inputs.get("instruction", "")),
        tone=_known(inputs.get("tone", ""), TONE_NAMES),
        language=_known(inputs.get("language", ""), LANGUAGE_NAMES),
        length=_known(inputs.get("length", ""), LENGTH_NAMES),
    )


def read_change(inputs: Mapping[str, str]) -> str:
    """Read how a draft is to be changed."""
    return _text(inputs.get("change", ""))


def wished(wish: Wish, record: AccountRecord, *, mail: Email | None = None, to: tuple[str, ...] = ()) -> Request:
    """Return the request for a draft: an answer to a mail, or a new one.

    Args:
        wish: What is wanted.
        record: Whose draft it is.
        mail: The mail it answers; its words are data.
        to: The recipients that stand in the compose window; of an answer, those who would get it.
    """
    people = tuple(Address(addr=each) for each in to)
    if mail is None:
        return replace(_bare(wish, record), recipients=people)
    message = ThreadMessage(sender=mail.sender, text=mail.text, sent_at=mail.sent_at)
    return replace(
        _bare(wish, record),
        subject=mail.subject,
        recipients=people or _answered(mail, record),
        thread=(message,) if message.text.strip() else (),
    )


def changed(request: Request, done: Done, change: str) -> Request:
    """Return the request that has a draft changed."""
    asked = (*request.earlier, request.instruction)
    return replace(request, instruction=change, revised=done.text, earlier=asked, language=done.language)


def _bare(wish: Wish, record: AccountRecord) -> Request:
    return Request(
        account=record.name,
        owner=record.owner,
        instruction=wish.instruction,
        language=wish.language or "und",
        tone=wish.tone,
        length=wish.length,
    )


def _answered(mail: Email, record: AccountRecord) -> tuple[Address, ...]:
    """Return who gets the answer; to one's own mail, those it went to."""
    if mail.sender.addr in {record.owner.addr, *record.addresses}:
        return mail.to
    return reply_recipients(mail)


def wish_of(request: Request) -> Wish:
    """Return the wish that would lead to a draft that was changed: all that was asked for, line by line."""
    asked = (*request.earlier, request.instruction)
    return Wish(
        instruction="\n".join(each for each in asked if each),
        tone=_known(request.tone, TONE_NAMES),
        language=_known(request.language, LANGUAGE_NAMES),
        length=_known(request.length, LENGTH_NAMES),
    )


def _short(text: str) -> str:
    return text if len(text) <= MOST_CARRIED else f"{text[: MOST_CARRIED - 2].rstrip()} …"


def _text(value: str) -> str:
    return value.replace("\0", "").replace("\r\n", "\n").strip()


def _known(value: str, names: Mapping[str, str]) -> str:
    return value if value in names else ""
