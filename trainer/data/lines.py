"""A mail as a line of JSON that a person can read and change, and back.

It holds all that an example is made of: the same line gives the same example on any machine.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

from connectors.errors import UsageError
from connectors.instruction import GIVEN, Instruction
from connectors.message import Address, Email, Kind, ThreadMessage
from trainer.data.source import Draft, SentMail

_Filled = Annotated[str, StringConstraints(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Person(_Part):
    addr: str
    name: str = ""


class _Message(_Part):
    sender: _Person
    sent_at: AwareDatetime | None = None
    text: str


class _Instruction(_Part):
    text: str
    source: _Filled = GIVEN


class _Draft(_Part):
    text: _Filled
    instruction: str = ""


class Line(_Part):
    """One mail. `thread` is oldest first; `draft` is what Cyrano had drafted where this was sent."""

    message_id: _Filled
    conversation: str = ""
    """Equal for mails of one thread, which are learned from or held out together; empty where it is a thread alone."""
    sent_at: AwareDatetime | None = None
    sender: _Person
    to: tuple[_Person, ...] = ()
    subject: str = ""
    language: str = "und"
    kind: Kind = Kind.NEW
    text: str
    thread: tuple[_Message, ...] = ()
    instruction: _Instruction | None = None
    draft: _Draft | None = None

    def mail(self) -> SentMail:
        """Return the mail."""
        email = Email(
            message_id=self.message_id,
            sender=_address(self.sender),
            to=tuple(map(_address, self.to)),
            sent_at=_utc(self.sent_at),
            subject=self.subject,
            text=self.text,
            language=self.language,
            kind=self.kind,
        )
        return SentMail(
            email=email,
            conversation=self.conversation or self.message_id,
            thread=tuple(
                ThreadMessage(sender=_address(each.sender), sent_at=_utc(each.sent_at), text=each.text)
                for each in self.thread
            ),
            draft=Draft(text=self.draft.text, instruction=self.draft.instruction) if self.draft else None,
        )

    def known(self) -> Instruction | None:
        """Return its instruction, if it has one."""
        if self.instruction is None:
            return None
        return Instruction(message_id=self.message_id, text=self.instruction.text, source=self.instruction.source)


def line_of(mail: SentMail, instruction: Instruction | None) -> dict[str, Any]:
    """Return the fields of a mail's line."""
    email = mail.email
    return {
        "message_id": email.message_id,
        "conversation": mail.conversation,
        "sent_at": _time(email.sent_at),
        "sender": _person(email.sender),
        "to": [_person(each) for each in email.to],
        "subject": email.subject,
        "language": email.language,
        "kind": email.kind.value,
        "text": email.text,
        "thread": [
            {"sender": _person(each.sender), "sent_at": _time(each.sent_at), "text": each.text}
            for each in mail.thread
        ],
        "instruction": {"text": instruction.text, "source": instruction.source} if instruction else None,
        "draft": {"text": mail.draft.text, "instruction": mail.draft.instruction} if mail.draft else None,
    }  # fmt: skip


def read_line(line: bytes, where: str) -> Line:
    """Read a line.

    Args:
        line: The line.
        where: Its file and number, for the error.

    Raises:
        UsageError: it is no such line; what stands in it is not said.
    """
    try:
        return Line.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        what = f"{field}: {first['msg']}" if field else first["msg"]
        hint = "Mend or delete the line; every other line shows how one looks."
        raise UsageError(f"{where} cannot be read: {what}.", hint=hint) from error


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _person(address: Address) -> dict[str, str]:
    return {"addr": address.addr, "name": address.name}


def _address(person: _Person) -> Address:
    return Address(addr=person.addr.lower(), name=person.name)
